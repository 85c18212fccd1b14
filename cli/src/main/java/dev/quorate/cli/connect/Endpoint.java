package dev.quorate.cli.connect;

import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.GlobalOptions;
import java.util.List;
import java.util.Optional;

/** An address as users write it: {@code host:port}, or a host alone for the clients' default port. */
public record Endpoint(String host, int port) {
    private static final int DEFAULT_CLIENT_PORT = 7400;
    private static final int LAST_PORT = 65_535;

    /** Brackets keep the colons of an IPv6 address apart from the port's: {@code [::1]:7400}. */
    public static Endpoint parse(String text) {
        String trimmed = text.strip();
        int colon = trimmed.lastIndexOf(':');
        boolean portGiven = colon >= 0 && trimmed.indexOf(']', colon) < 0;
        String host = portGiven ? trimmed.substring(0, colon) : trimmed;
        if (host.startsWith("[") && host.endsWith("]")) {
            host = host.substring(1, host.length() - 1);
        } else if (host.indexOf(':') >= 0) {
            throw invalid(text, "an IPv6 address needs brackets, for example [::1]:7400");
        }
        if (host.isEmpty() || host.indexOf('/') >= 0) {
            throw invalid(text, "write host:port, without a scheme");
        }
        return new Endpoint(host, portGiven ? port(text, trimmed.substring(colon + 1)) : DEFAULT_CLIENT_PORT);
    }

    /** The nodes a command asks, in order: as given, else those of the local cluster, else this machine's default. */
    public static List<Endpoint> of(GlobalOptions options) {
        List<String> given = options.endpoints();
        if (!given.isEmpty()) {
            return given.stream().map(Endpoint::parse).toList();
        }
        Optional<ClusterFile> local =
                ClusterFolder.chosen(null, options.terminal()).read();
        return local.map(cluster -> cluster.nodes().stream()
                        .map(node -> parse(node.clientAddress()))
                        .toList())
                .orElseGet(() -> List.of(new Endpoint("localhost", DEFAULT_CLIENT_PORT)));
    }

    private static int port(String text, String digits) {
        try {
            int port = Integer.parseInt(digits);
            if (port >= 1 && port <= LAST_PORT) {
                return port;
            }
        } catch (NumberFormatException e) {
            throw invalid(text, "'" + digits + "' is not a port number");
        }
        throw invalid(text, "ports go from 1 to " + LAST_PORT);
    }

    private static CommandFailure invalid(String text, String why) {
        return new CommandFailure(ExitCode.USAGE, "endpoint '" + text + "': " + why, null);
    }

    @Override
    public String toString() {
        return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
    }
}
