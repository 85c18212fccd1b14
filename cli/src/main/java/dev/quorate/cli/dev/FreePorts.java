package dev.quorate.cli.dev;

import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;

/**
 * Ports for new nodes: ten apart from 7400 on, so that they are easy to remember, passing over those in use. All lie
 * below the range from which the system takes the ports of outgoing connections, or a node that was down for a while
 * could find its own port taken by somebody's client.
 */
final class FreePorts {
    private static final int FIRST = 7400;
    private static final int FIRST_PROXIED = 8400;
    private static final int STEP = 10;
    private static final int END_EXCLUSIVE = 32_000;

    private FreePorts() {}

    /** @return the first of three free ports in a row, for each node */
    static List<Integer> triples(int nodes) {
        return triples(nodes, FreePorts::free);
    }

    /** Beside those of nodes that may be down now and come back. */
    static int tripleBeside(Set<Integer> taken) {
        return triples(1, port -> !taken.contains(port) && free(port)).get(0);
    }

    static List<Integer> triples(int nodes, IntPredicate free) {
        List<Integer> found = new ArrayList<>();
        for (int port = FIRST; port < END_EXCLUSIVE && found.size() < nodes; port += STEP) {
            if (free.test(port) && free.test(port + 1) && free.test(port + 2)) {
                found.add(port);
            }
        }
        if (found.size() < nodes) {
            throw new CommandFailure(
                    ExitCode.FAILURE, "no free ports between " + FIRST + " and " + END_EXCLUSIVE, null);
        }
        return found;
    }

    /** For proxies: nobody has to remember them, and they leave room for more nodes. */
    static List<Integer> singles(int ports) {
        List<Integer> found = new ArrayList<>();
        for (int port = FIRST_PROXIED; port < END_EXCLUSIVE && found.size() < ports; port++) {
            if (free(port)) {
                found.add(port);
            }
        }
        if (found.size() < ports) {
            throw new CommandFailure(
                    ExitCode.FAILURE, "no free ports between " + FIRST_PROXIED + " and " + END_EXCLUSIVE, null);
        }
        return found;
    }

    private static boolean free(int port) {
        try (ServerSocket socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
