package dev.quorate.cli.cluster;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.quorate.cli.connect.Endpoint;
import dev.quorate.cli.local.SecretFile;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.UUID;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** A new cluster begins as the files of its founding nodes. Nothing is started, and no node is asked. */
@Command(
        name = "init",
        description =
                "Write the configurations of a new cluster's founding nodes, with fresh id, seed, key and join token.",
        footer = {
            "",
            "Peers of a node at HOST:PORT use PORT + 1, its administration PORT + 2. Found with as many hosts as there shall be",
            "replicas: a ring keeps the number of replicas that it was founded with. kvnode-join.yaml is for all nodes that come later.",
            "",
            "Examples:",
            "  kvctl cluster init --out conf --founders a:7400,b:7400,c:7400 --insecure",
            "  kvnode run --config conf/kvnode-n1.yaml      on each host the file of its own"
        })
public final class ClusterInitCommand extends KvctlCommand {
    private static final int SEED_BYTES = 16;
    private static final int KEY_BYTES = 32;
    private static final int LAST_CLIENT_PORT = 65_533;

    @Option(names = "--out", paramLabel = "FOLDER", defaultValue = ".", description = "Where to. Default: here.")
    private Path out = Path.of(".");

    @Option(
            names = "--founders",
            paramLabel = "HOST:PORT",
            split = ",",
            defaultValue = "127.0.0.1:7400",
            description = "Where clients reach each founding node. Default: one node, ${DEFAULT-VALUE}.")
    private List<String> founders = List.of();

    @Option(names = "--name", paramLabel = "NAME", defaultValue = "quorate", description = "For people.")
    private String name = "quorate";

    @Option(names = "--replicas", paramLabel = "N", defaultValue = "3", description = "Default: ${DEFAULT-VALUE}.")
    private int replicas = 3;

    @Option(names = "--slots", paramLabel = "NUMBER", defaultValue = "1024", description = "Default: ${DEFAULT-VALUE}.")
    private int slots = 1024;

    @Option(
            names = "--own-hosts",
            description =
                    "Give each node a host label of its own, so that several on one machine keep replicas of each other.")
    private boolean ownHosts;

    @Option(
            names = "--insecure",
            description = "Accept addresses that other machines can reach, though nothing is encrypted yet.")
    private boolean insecure;

    @Override
    protected ExitCode run() throws IOException {
        List<Endpoint> addresses = founders.stream().map(Endpoint::parse).toList();
        check(addresses);
        Path folder = terminal().workingDirectory().resolve(out);
        SortedMap<Path, String> files = new TreeMap<>();
        String clusterId = UUID.randomUUID().toString();
        SecureRandom random = new SecureRandom();
        String shared = shared(clusterId, hex(random, SEED_BYTES), hex(random, KEY_BYTES), addresses);
        String token = hex(random, KEY_BYTES);
        for (int number = 1; number <= addresses.size(); number++) {
            files.put(
                    folder.resolve("kvnode-n" + number + ".yaml"),
                    "# Founding node n" + number + " of cluster " + name + ".\nnode: n" + number + "\n" + shared
                            + "\n# Nodes that know it may join. A secret.\njoinToken: \"" + token + "\"\n");
        }
        files.put(folder.resolve("kvnode-join.yaml"), joining(token, addresses));
        for (Path file : files.keySet()) {
            if (Files.exists(file)) {
                throw new CommandFailure(
                        ExitCode.PRECONDITION, file + " exists already", "take another folder with --out");
            }
        }
        Files.createDirectories(folder);
        for (Map.Entry<Path, String> file : files.entrySet()) {
            SecretFile.write(file.getKey(), file.getValue());
        }
        report(clusterId, new ArrayList<>(files.keySet()), addresses);
        return ExitCode.OK;
    }

    private void check(List<Endpoint> addresses) {
        if (addresses.stream().distinct().count() != addresses.size()) {
            throw new CommandFailure(ExitCode.USAGE, "a founding node is named twice", null);
        }
        for (Endpoint address : addresses) {
            if (address.port() > LAST_CLIENT_PORT) {
                throw new CommandFailure(
                        ExitCode.USAGE, address + ": no room for the two ports above it", "choose a lower port");
            }
            if (!insecure && !isLoopback(address.host())) {
                throw new CommandFailure(
                        ExitCode.USAGE,
                        address + " can be reached by other machines, and nothing is encrypted or authenticated yet",
                        "add --insecure to accept that");
            }
        }
        if (replicas < 1 || replicas > 16) {
            throw new CommandFailure(ExitCode.USAGE, "--replicas goes from 1 to 16", null);
        }
        if (slots < 1 || slots > 1 << 16 || Integer.bitCount(slots) != 1) {
            throw new CommandFailure(ExitCode.USAGE, "--slots is a power of two from 1 to 65536, such as 1024", null);
        }
        if (!name.matches("[A-Za-z0-9._-]{1,64}")) {
            throw new CommandFailure(ExitCode.USAGE, "--name is 1 to 64 of A-Z a-z 0-9 . _ -", null);
        }
    }

    private static boolean isLoopback(String host) {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException unknown) {
            return false;
        }
    }

    private String shared(String clusterId, String seed, String key, List<Endpoint> addresses) {
        StringBuilder yaml = new StringBuilder()
                .append("cluster:\n  id: ")
                .append(clusterId)
                .append("\n  number: 1\n  name: ")
                .append(name)
                .append("\nhashSeed: \"")
                .append(seed)
                .append("\"\nclusterKey: \"")
                .append(key)
                .append("\"\nreplicas: ")
                .append(replicas)
                .append("\nslots: ")
                .append(slots)
                .append("\nstorage:\n  dir: data\n")
                .append(insecure ? "insecure: true\n" : "")
                .append("# All founding nodes, the same on each of them.\nmembers:\n");
        int number = 0;
        for (Endpoint address : addresses) {
            number++;
            yaml.append("  - {id: n")
                    .append(number)
                    .append(", client: \"")
                    .append(address)
                    .append("\", peer: \"")
                    .append(new Endpoint(address.host(), address.port() + 1))
                    .append("\", admin: \"")
                    .append(new Endpoint(address.host(), address.port() + 2))
                    .append('"')
                    .append(ownHosts ? ", host: h" + number : "")
                    .append("}\n");
        }
        return yaml.toString();
    }

    private String joining(String token, List<Endpoint> addresses) {
        StringBuilder yaml = new StringBuilder("# A node that joins cluster ")
                .append(name)
                .append(".\nlisten:\n  client: 127.0.0.1:7400\n  peer: 127.0.0.1:7401\n  admin: 127.0.0.1:7402\n")
                .append("storage:\n  dir: data\n")
                .append(insecure ? "insecure: true\n" : "")
                .append("join:\n  seeds:\n");
        for (Endpoint address : addresses) {
            yaml.append("    - \"")
                    .append(new Endpoint(address.host(), address.port() + 1))
                    .append("\"\n");
        }
        return yaml.append("  token: \"")
                .append(token)
                .append("\"\n  # Also: weight: 1, datacenter: dc1, rack: rack1, host: the host of listen.client.\n")
                .toString();
    }

    private void report(String clusterId, List<Path> files, List<Endpoint> addresses) {
        if (options().json()) {
            JsonObject json = new JsonObject();
            json.addProperty("clusterId", clusterId);
            JsonArray written = new JsonArray();
            files.forEach(file -> written.add(file.toString()));
            json.add("files", written);
            printJson(json);
        } else {
            files.forEach(file -> printLine(file.toString()));
        }
        long hosts = ownHosts
                ? addresses.size()
                : addresses.stream().map(Endpoint::host).distinct().count();
        if (hosts < replicas) {
            say("warning: " + hosts + (hosts == 1 ? " host keeps " : " hosts keep ") + hosts + " of " + replicas
                    + " replicas, and a ring keeps the number that it was founded with: found it with " + replicas
                    + " hosts, or on one machine with --own-hosts");
        }
        say("the files hold secrets; next: kvnode run --config " + files.get(files.size() > 1 ? 1 : 0)
                + ", and so on for each node");
    }

    private static String hex(SecureRandom random, int bytes) {
        byte[] drawn = new byte[bytes];
        random.nextBytes(drawn);
        return HexFormat.of().formatHex(drawn);
    }
}
