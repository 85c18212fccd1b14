package dev.quorate.integration;

import static org.awaitility.Awaitility.await;

import dev.quorate.sdk.QuorateClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** A cluster of real processes on this machine. Closing it ends them all by force. */
final class Cluster implements AutoCloseable {
    private static final Duration READY_PATIENCE = Duration.ofSeconds(60);

    private final ClusterPlan plan;
    private final List<ClusterNode> nodes;
    private final List<ClusterNode> former = new CopyOnWriteArrayList<>();
    private final Links links;

    private Cluster(ClusterPlan plan, List<ClusterNode> nodes, Links links) {
        this.plan = plan;
        this.nodes = new CopyOnWriteArrayList<>(nodes);
        this.links = links;
    }

    /** Writes the files; starts no node. */
    static Cluster prepare(Path folder, ClusterPlan plan) throws IOException {
        List<ClusterNode> nodes = IntStream.rangeClosed(1, plan.nodes())
                .mapToObj(number -> new ClusterNode(number, folder.resolve("n" + number)))
                .toList();
        Cluster cluster = new Cluster(plan, nodes, Links.between(nodes, plan.proxied()));
        for (int number = 1; number <= plan.nodes(); number++) {
            cluster.configure(number, plan);
        }
        NodeLogs.watch(cluster);
        return cluster;
    }

    /** All nodes running, and each with a way to every other. */
    static Cluster start(Path folder, ClusterPlan plan) throws IOException {
        Cluster cluster = prepare(folder, plan);
        try {
            cluster.start();
            return cluster;
        } catch (IOException | RuntimeException | AssertionError failed) {
            cluster.close();
            throw failed;
        }
    }

    void start() throws IOException {
        for (ClusterNode node : nodes) {
            node.start();
        }
        awaitReady();
        // New nodes answer no reads before they have met: they might be wiped ones.
        await("all nodes have met")
                .atMost(READY_PATIENCE)
                .pollInterval(Duration.ofMillis(50))
                .until(() ->
                        nodes.stream().allMatch(node -> node.status().getState().equals("READY")));
    }

    /** Gives one node a file of its own making. */
    void configure(int number, ClusterPlan its) throws IOException {
        configure(node(number), its.yaml(this, number));
    }

    private static void configure(ClusterNode node, String yaml) throws IOException {
        Files.createDirectories(node.folder());
        Files.writeString(node.configuration(), yaml);
        Files.setPosixFilePermissions(node.configuration(), PosixFilePermissions.fromString("rw-------"));
    }

    /** Starts one more node, which asks those that live to let it in, and waits until they have. It owns nothing yet. */
    ClusterNode join(double weight, String token) throws IOException {
        int number = 1
                + Stream.concat(nodes.stream(), former.stream())
                        .mapToInt(ClusterNode::number)
                        .max()
                        .orElse(0);
        Path folder = node(1).folder().resolveSibling("n" + number);
        ClusterNode newcomer = new ClusterNode(number, folder);
        configure(newcomer, plan.yamlOfNewcomer(this, newcomer, weight, token));
        newcomer.start();
        nodes.add(newcomer);
        awaitReady();
        return newcomer;
    }

    /** It has left, or is dead and replaced: nobody is to miss it. */
    void forget(ClusterNode gone) {
        nodes.remove(gone);
        former.add(gone);
    }

    /** Those that were forgotten too. */
    List<ClusterNode> everStarted() {
        return Stream.concat(nodes.stream(), former.stream()).toList();
    }

    ClusterPlan plan() {
        return plan;
    }

    List<ClusterNode> nodes() {
        return nodes;
    }

    /** What disturbs the ways between the nodes. */
    Links links() {
        return links;
    }

    /** Where a client that began at one node, and has its view of the cluster, looks for another. */
    String clientAddress(int seenBy, ClusterNode node) {
        return links.proxied(Links.Port.CLIENT, seenBy, node.number())
                .map(port -> "127.0.0.1:" + port)
                .orElse(node.clientAddress());
    }

    /** Where one node looks for another. */
    String peerAddress(int seenBy, ClusterNode node) {
        return "127.0.0.1:"
                + links.proxied(Links.Port.PEER, seenBy, node.number()).orElse(node.peerPort());
    }

    /** Counted from 1, as the ids are. */
    ClusterNode node(int number) {
        return nodes.stream()
                .filter(node -> node.number() == number)
                .findFirst()
                .orElseThrow();
    }

    /** Until every living node serves and reaches every other living one. */
    void awaitReady() {
        awaitReady(nodes.stream().filter(ClusterNode::alive).toList());
    }

    void awaitReady(List<ClusterNode> expected) {
        List<String> ids = expected.stream().map(ClusterNode::id).toList();
        List<ClusterNode> waiting = new ArrayList<>(expected);
        await("readiness of " + ids)
                .atMost(READY_PATIENCE)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> {
                    for (ClusterNode node : waiting) {
                        if (!node.alive()) {
                            throw new AssertionError(node.id() + " ended instead of getting ready:\n" + node.logTail());
                        }
                    }
                    waiting.removeIf(node -> node.reaches(ids));
                    return waiting.isEmpty();
                });
    }

    /** The client addresses of all nodes. */
    String seeds() {
        return nodes.stream().map(ClusterNode::clientAddress).collect(Collectors.joining(","));
    }

    /** The client addresses of these. */
    String seeds(List<Integer> numbers) {
        return numbers.stream().map(number -> node(number).clientAddress()).collect(Collectors.joining(","));
    }

    QuorateClient client() {
        return QuorateClient.builder().seeds(seeds()).build();
    }

    @Override
    public void close() {
        try {
            for (ClusterNode node : everStarted()) {
                if (node.alive()) {
                    node.kill();
                }
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        } finally {
            links.close();
        }
    }
}
