package dev.quorate.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.quorate.proto.admin.v1.GetRepairStatusRequest;
import dev.quorate.proto.admin.v1.GetRepairStatusResponse;
import dev.quorate.proto.admin.v1.RepairServiceGrpc;
import dev.quorate.proto.admin.v1.StartRepairRequest;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * One of three nodes loses its disk under load: until it has everything again it answers no reads, and nobody notices. More keys:
 * {@code -Dkeys=1000000}.
 */
@ExtendWith(NodeLogs.class)
@Timeout(value = 30, unit = TimeUnit.MINUTES)
final class WipedNodeIT {
    private static final int SAMPLE = 1000;
    private static final int KEYS = Integer.getInteger("keys", 20_000);
    private static final int CLIENTS = 8;
    private static final String VALUE = "v".repeat(100);
    private static final Duration FAILURES_ALLOWED_FOR = Duration.ofSeconds(2);
    private static final Duration PATIENCE = Duration.ofSeconds(60).plusMillis(KEYS / 4);

    @TempDir
    private Path folder;

    @Test
    void aNodeThatLostItsDiskIsRestoredWhileStrictReadsMissNothing() throws Exception {
        Cluster cluster = Cluster.prepare(folder, ClusterPlan.of(3, Trial.SEED));
        try (Trial trial = Trial.start("WipedNodeIT", cluster, CLIENTS)) {
            List<String> filled = Filling.write("WipedNodeIT", cluster, KEYS, VALUE);
            ClusterNode node = cluster.node(2);
            trial.phase("n2 killed and wiped", FAILURES_ALLOWED_FOR);
            node.kill();
            wipe(node.folder().resolve("data"));
            trial.goOn(Duration.ofSeconds(2));
            trial.phase("n2 starts on an empty disk", Duration.ZERO);
            double othersBefore = cpuSeconds(cluster.node(1)) + cpuSeconds(cluster.node(3));
            long bytesBefore = exchangedBytes(cluster.node(1)) + exchangedBytes(cluster.node(3));
            long began = System.nanoTime();
            node.start();
            await("n2 answers").atMost(Duration.ofSeconds(30)).until(() -> isUp(node));
            int recoveringAtFirst = repair(node).getRecoveringSlots();
            awaitRestored(node);
            double seconds = (System.nanoTime() - began) / 1e9;
            double others = cpuSeconds(cluster.node(1)) + cpuSeconds(cluster.node(3)) - othersBefore;
            long bytes = exchangedBytes(cluster.node(1)) + exchangedBytes(cluster.node(3)) - bytesBefore;
            GetRepairStatusResponse restored = repair(node);
            long fetched = restored.getPeersList().stream()
                    .mapToLong(GetRepairStatusResponse.Peer::getPulledKeys)
                    .sum();
            // The others compare as well, and what they find first they give.
            long given = Stream.of(cluster.node(1), cluster.node(3))
                    .flatMap(other -> repair(other).getPeersList().stream())
                    .filter(peer -> peer.getNode().equals("n2"))
                    .mapToLong(GetRepairStatusResponse.Peer::getPushedKeys)
                    .sum();
            System.out.printf(
                    "WipedNodeIT: %d keys of %d bytes: %d of 64 slots recovering when first asked; all answered after %.1f s, "
                            + "%d records fetched and %d given in %d bytes; CPU since the start, load included: n2 %.1f s, the others %.1f s together%n",
                    KEYS, VALUE.length(), recoveringAtFirst, seconds, fetched, given, bytes, cpuSeconds(node), others);
            // The rest came as hints, for what it had missed before.
            assertThat(fetched + given).isGreaterThan(KEYS / 2);
            Replicas.awaitEqual(node, sample(filled), PATIENCE);
            trial.goOn(Duration.ofSeconds(3));
            trial.endLoad();

            // Without the others' help: what n2 lacks would show now.
            cluster.awaitReady();
            trial.judge();
            Duration equal = Replicas.awaitEqual(node, trial.load().keys(), PATIENCE);
            System.out.printf("WipedNodeIT: all owners of the load's keys equal %d ms after it%n", equal.toMillis());
            equalNodesExchangeRootsOnly(cluster);
        }
    }

    private static List<String> sample(List<String> keys) {
        int step = Math.max(1, keys.size() / SAMPLE);
        return IntStream.range(0, keys.size() / step)
                .mapToObj(i -> keys.get(i * step))
                .toList();
    }

    private static void equalNodesExchangeRootsOnly(Cluster cluster) throws InterruptedException {
        round(cluster);
        long before = exchangedBytes(cluster);
        round(cluster);
        long bytes = exchangedBytes(cluster) - before;
        System.out.printf(
                "WipedNodeIT: a round of all nodes with all others, when there is nothing to repair: %d bytes%n",
                bytes);
        assertThat(bytes).as("bytes of six comparisons of 64 slots").isBetween(6 * 64 * 10L, 6 * 64 * 20L);
    }

    /** Each node leads one complete exchange with each other. */
    private static void round(Cluster cluster) throws InterruptedException {
        Map<ClusterNode, List<Long>> before = new LinkedHashMap<>();
        cluster.nodes().forEach(node -> before.put(node, completed(node)));
        for (ClusterNode node : cluster.nodes()) {
            assertThat(node.askAdmin(channel -> RepairServiceGrpc.newBlockingStub(channel)
                                    .withDeadlineAfter(5, TimeUnit.SECONDS)
                                    .startRepair(StartRepairRequest.getDefaultInstance()))
                            .getPeers())
                    .isEqualTo(2);
        }
        await("a round of exchanges")
                .atMost(PATIENCE)
                .until(() -> before.entrySet().stream().allMatch(entry -> {
                    List<Long> now = completed(entry.getKey());
                    return IntStream.range(0, now.size())
                            .allMatch(peer -> now.get(peer) > entry.getValue().get(peer));
                }));
    }

    private static List<Long> completed(ClusterNode node) {
        return repair(node).getPeersList().stream()
                .map(GetRepairStatusResponse.Peer::getCompletedExchanges)
                .toList();
    }

    private static long exchangedBytes(Cluster cluster) {
        return cluster.nodes().stream().mapToLong(WipedNodeIT::exchangedBytes).sum();
    }

    /** Of what that node was asked, and answered. */
    private static long exchangedBytes(ClusterNode node) {
        return (long) node.metric("peer_anti_entropy_bytes_total");
    }

    private static double cpuSeconds(ClusterNode node) {
        return ProcessHandle.of(node.status().getPid())
                        .flatMap(process -> process.info().totalCpuDuration())
                        .orElse(Duration.ZERO)
                        .toMillis()
                / 1e3;
    }

    private static void awaitRestored(ClusterNode node) throws InterruptedException {
        long giveUp = System.nanoTime() + PATIENCE.toNanos();
        GetRepairStatusResponse status = repair(node);
        while (status.getRecoveringSlots() > 0) {
            assertThat(System.nanoTime()).as("still recovering: %s", status).isLessThan(giveUp);
            Thread.sleep(100);
            status = repair(node);
        }
    }

    private static boolean isUp(ClusterNode node) {
        try {
            return !node.status().getState().equals("STARTING");
        } catch (StatusRuntimeException notYet) {
            return false;
        }
    }

    private static GetRepairStatusResponse repair(ClusterNode node) {
        return node.askAdmin(channel -> RepairServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(5, TimeUnit.SECONDS)
                .getRepairStatus(GetRepairStatusRequest.getDefaultInstance()));
    }

    private static void wipe(Path data) throws IOException {
        try (Stream<Path> files = Files.walk(data)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
