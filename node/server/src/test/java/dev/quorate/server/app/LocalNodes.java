package dev.quorate.server.app;

import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.server.config.Address;
import dev.quorate.server.config.ConfigFile;
import dev.quorate.server.config.NodeSettings;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Whole nodes in this JVM, over real sockets and files: each has its own event loop and its own directory. */
final class LocalNodes implements AutoCloseable {
    private static final String SEED = "000102030405060708090a0b0c0d0e0f";
    private static final String STORAGE =
            "storage: {dir: data, logSegment: 8MiB, logQueue: 1MiB, map: 64MiB, reserve: 0B, reservePercent: 0}\n";

    private final Path folder;
    private final SortedMap<Integer, Integer> firstPorts = new TreeMap<>();
    private final SortedMap<Integer, NodeProcess> running = new TreeMap<>();
    private final List<ManagedChannel> channels = new ArrayList<>();
    private final SortedMap<String, ManagedChannel> byAddress = new TreeMap<>();
    private final String extraYaml;
    final ConcurrentLinkedQueue<String> fatal = new ConcurrentLinkedQueue<>();

    private LocalNodes(Path folder, String extraYaml) {
        this.folder = folder;
        this.extraYaml = extraYaml;
    }

    /** @param extraYaml appended to every node's file */
    static LocalNodes start(Path folder, int count, String extraYaml) throws Exception {
        LocalNodes nodes = new LocalNodes(folder, extraYaml);
        for (int number = 1; number <= count; number++) {
            nodes.firstPorts.put(number, freePort());
        }
        for (int number = 1; number <= count; number++) {
            nodes.startNode(number);
        }
        return nodes;
    }

    NodeProcess startNode(int number) throws Exception {
        NodeProcess node = startWith(number, yaml(number, "6c3f8a52-0000-4000-8000-00000000c0de", SEED));
        running.put(number, node);
        return node;
    }

    /** A node from a file of the test's making; closed with the others. */
    NodeProcess startWith(int number, String yaml) throws Exception {
        Path directory = Files.createDirectories(folder.resolve("n" + number));
        Path file = directory.resolve("kvnode.yaml");
        Files.writeString(file, yaml);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        NodeSettings settings = ConfigFile.read(file, Map.of(), fatal::add);
        NodeProcess node = NodeProcess.start(settings, (what, cause) -> fatal.add(what + ": " + cause));
        running.put(number, node);
        return node;
    }

    /** A node that knows the others by their peer addresses only. It takes the number that the cluster gives it; here it is {@code key}. */
    NodeProcess startJoining(int key, String token) throws Exception {
        List<String> seeds = new ArrayList<>();
        for (NodeProcess seed : running.values()) {
            seeds.add("'" + seed.peerAddress() + "'");
        }
        firstPorts.computeIfAbsent(key, unknown -> {
            try {
                return freePort();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        return startWith(
                key,
                "join: {seeds: [" + String.join(", ", seeds) + "], token: " + token + ", host: h" + key
                        + "}\nlisten: {client: '"
                        + address(key, 0) + "', peer: '" + address(key, 1) + "', admin: '" + address(key, 2) + "'}\n"
                        + STORAGE + "transfer: {purgeDelay: 1s}\n");
    }

    String yaml(int number, String clusterId, String seed) throws IOException {
        StringBuilder yaml = new StringBuilder()
                .append("cluster: {id: ")
                .append(clusterId)
                .append("}\nnode: n")
                .append(number)
                .append("\nhashSeed: '")
                .append(seed)
                .append("'\nclusterKey: '")
                .append(SEED)
                .append("'\nslots: 64\n")
                .append(STORAGE)
                .append("members:\n");
        for (int member : firstPorts.keySet()) {
            yaml.append("  - {id: n")
                    .append(member)
                    .append(", client: '")
                    .append(address(member, 0))
                    .append("', peer: '")
                    .append(address(member, 1))
                    .append("', admin: '")
                    .append(address(member, 2))
                    .append("', host: h")
                    .append(member)
                    .append("}\n");
        }
        return yaml.append(extraYaml).toString();
    }

    private Address address(int member, int which) {
        return new Address("127.0.0.1", firstPorts.get(member) + which);
    }

    NodeProcess node(int number) {
        return running.get(number);
    }

    void stop(int number) throws Exception {
        running.remove(number).close();
    }

    ManagedChannel channel(Address address) {
        ManagedChannel channel = NettyChannelBuilder.forAddress(address.resolve())
                .usePlaintext()
                .maxInboundMessageSize(64 << 20)
                .build();
        channels.add(channel);
        return channel;
    }

    KvServiceGrpc.KvServiceBlockingStub kv(int number) {
        return KvServiceGrpc.newBlockingStub(shared(node(number).clientAddress()));
    }

    ManagedChannel admin(int number) {
        return shared(node(number).adminAddress());
    }

    private ManagedChannel shared(Address address) {
        return byAddress.computeIfAbsent(address.toString(), text -> channel(address));
    }

    /** The first of three in a row. */
    private static int freePort() throws IOException {
        while (true) {
            try (ServerSocket first = bind(0);
                    ServerSocket second = bind(first.getLocalPort() + 1);
                    ServerSocket third = bind(first.getLocalPort() + 2)) {
                if (second.isBound() && third.isBound()) {
                    return first.getLocalPort();
                }
            } catch (IOException | IllegalArgumentException taken) {
                // One of the neighbours is in use, or beyond the last port: try elsewhere.
                continue;
            }
        }
    }

    private static ServerSocket bind(int port) throws IOException {
        return new ServerSocket(port, 1, InetAddress.getLoopbackAddress());
    }

    @Override
    public void close() throws Exception {
        channels.forEach(ManagedChannel::shutdownNow);
        for (NodeProcess node : running.values()) {
            node.close();
        }
    }
}
