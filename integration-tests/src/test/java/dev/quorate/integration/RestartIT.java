package dev.quorate.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.sdk.Bucket;
import dev.quorate.sdk.Codec;
import dev.quorate.sdk.Outcome;
import dev.quorate.sdk.QuorateClient;
import dev.quorate.sdk.QuorateException;
import dev.quorate.sdk.ReadOptions;
import dev.quorate.sdk.Sibling;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.net.ConnectException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Nodes that end, by force and in good order, while clients write, and come back on the same directory. */
@ExtendWith(NodeLogs.class)
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class RestartIT {
    private static final int WRITERS = 4;
    private static final int ENOUGH = 200;
    private static final int BATCH = 500;
    private static final long PAUSE_MILLIS = 5;

    @TempDir
    private Path folder;

    @Test
    void whateverWasAcknowledgedIsThereAfterEachNodeWasKilledInTurn() throws Exception {
        try (Cluster cluster = Cluster.start(folder, ClusterPlan.of(3, 7))) {
            try (Writers writers = new Writers(cluster)) {
                for (ClusterNode node : cluster.nodes()) {
                    long boot = node.status().getBoot();
                    writers.awaitMore();
                    node.kill();
                    writers.awaitMore();
                    node.start();
                    cluster.awaitReady();
                    assertThat(startNumber(node.status().getBoot()))
                            .as("start number of %s, the high half of its boot number", node.id())
                            .isGreaterThan(startNumber(boot));
                }
                writers.stop();
                assertEverythingIsThere(cluster, writers.acknowledged());
            }
        }
    }

    @Test
    void whateverWasAcknowledgedIsThereAfterAllNodesWereKilledAtOnce() throws Exception {
        try (Cluster cluster = Cluster.start(folder, ClusterPlan.of(3, 8))) {
            try (Writers writers = new Writers(cluster)) {
                writers.awaitMore();
                for (ClusterNode node : cluster.nodes()) {
                    node.kill();
                }
                writers.stop();
                for (ClusterNode node : cluster.nodes()) {
                    node.start();
                }
                cluster.awaitReady();
                assertEverythingIsThere(cluster, writers.acknowledged());
            }
        }
    }

    /** As a rolling restart: the clients should not notice, and the node says that all went well. */
    @Test
    void nodesThatAreAskedToStopLoseNothingAndFailNoRequest() throws Exception {
        try (Cluster cluster = Cluster.start(folder, ClusterPlan.of(3, 9))) {
            try (Writers writers = new Writers(cluster)) {
                for (ClusterNode node : cluster.nodes()) {
                    long boot = node.status().getBoot();
                    writers.awaitMore();
                    assertThat(node.stop()).as("exit code of %s", node.id()).isZero();
                    node.start();
                    cluster.awaitReady();
                    assertThat(startNumber(node.status().getBoot()))
                            .as("start number of %s", node.id())
                            .isGreaterThan(startNumber(boot));
                }
                writers.stop();
                assertThat(writers.failed()).as("requests that failed").isEmpty();
                assertEverythingIsThere(cluster, writers.acknowledged());
            }
            for (ClusterNode node : cluster.nodes()) {
                assertThat(node.stop()).as("exit code of %s", node.id()).isZero();
                assertThat(node.logText()).as("log of %s", node.id()).doesNotContain("ERROR");
            }
        }
    }

    /** A paused node keeps its connections and answers nothing: what a long collection or a swapping machine looks like. */
    @Test
    void aPausedNodeHoldsNobodyUpForLongAndCatchesUp() throws Exception {
        try (Cluster cluster = Cluster.start(folder, ClusterPlan.of(3, 10))) {
            try (Writers writers = new Writers(cluster)) {
                writers.awaitMore();
                ClusterNode paused = cluster.node(2);
                paused.pause();
                writers.awaitMore();
                paused.resume();
                cluster.awaitReady();
                writers.stop();
                assertEverythingIsThere(cluster, writers.acknowledged());
            }
        }
    }

    /** Clients come back the moment the port opens, and then the node must have its ways to the others. */
    @Test
    void aNodeThatComesBackServesItsVeryFirstRequest() throws Exception {
        try (Cluster cluster = Cluster.start(folder, ClusterPlan.of(3, 11))) {
            ClusterNode back = cluster.node(1);
            back.kill();
            back.start();
            AtomicReference<Status> first = new AtomicReference<>();
            await("an answer from " + back.id()).atMost(Duration.ofSeconds(60)).until(() -> {
                Status status = put(back);
                first.set(status);
                return !connectionRefused(status);
            });
            assertThat(first.get()).isEqualTo(Status.OK);
        }
    }

    private static Status put(ClusterNode node) {
        return node.askClientPort(channel -> {
            try {
                var unused = KvServiceGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(10, TimeUnit.SECONDS)
                        .put(PutRequest.newBuilder()
                                .setKey(ByteString.copyFromUtf8("first"))
                                .build());
                return Status.OK;
            } catch (StatusRuntimeException failure) {
                return failure.getStatus();
            }
        });
    }

    private static boolean connectionRefused(Status status) {
        for (Throwable cause = status.getCause(); cause != null; cause = cause.getCause()) {
            if (cause instanceof ConnectException) {
                return true;
            }
        }
        return false;
    }

    private static long startNumber(long boot) {
        return boot >>> 32;
    }

    private static void assertEverythingIsThere(Cluster cluster, List<String> keys) {
        List<String> lost = new ArrayList<>();
        try (QuorateClient client = cluster.client()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            for (int from = 0; from < keys.size(); from += BATCH) {
                Map<String, Outcome<String>> found = bucket.multiGet(
                        keys.subList(from, Math.min(keys.size(), from + BATCH)), ReadOptions.DEFAULT.withR(2));
                found.forEach((key, outcome) -> {
                    List<String> values = outcome.orElseThrow().siblings().stream()
                            .map(Sibling::value)
                            .toList();
                    if (!values.equals(List.of("value of " + key))) {
                        lost.add(key + " holds " + values);
                    }
                });
            }
        }
        assertThat(lost).as("of %d acknowledged writes", keys.size()).isEmpty();
    }

    /** Clients that write each key once. */
    private static final class Writers implements AutoCloseable {
        private final QuorateClient client;
        private final List<Thread> threads = new ArrayList<>();
        private final AtomicBoolean over = new AtomicBoolean();
        private final Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
        private final Queue<QuorateException> failed = new ConcurrentLinkedQueue<>();

        Writers(Cluster cluster) {
            client = cluster.client();
            for (int i = 0; i < WRITERS; i++) {
                String prefix = "w" + i + "-";
                Thread thread = new Thread(() -> write(prefix), "writer-" + i);
                threads.add(thread);
                thread.start();
            }
        }

        private void write(String prefix) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            for (int i = 0; !over.get(); i++) {
                String key = prefix + i;
                try {
                    bucket.put(key, "value of " + key);
                    acknowledged.add(key);
                    Thread.sleep(PAUSE_MILLIS);
                } catch (QuorateException failure) {
                    failed.add(failure);
                } catch (InterruptedException closed) {
                    return;
                }
            }
        }

        /** Until enough has been acknowledged, from now on, to be worth losing. */
        void awaitMore() {
            int enough = acknowledged.size() + ENOUGH;
            await(enough + " acknowledged writes")
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> acknowledged.size() >= enough);
        }

        void stop() throws InterruptedException {
            over.set(true);
            for (Thread thread : threads) {
                thread.join(TimeUnit.SECONDS.toMillis(30));
                assertThat(thread.isAlive())
                        .as("%s still runs", thread.getName())
                        .isFalse();
            }
        }

        List<String> acknowledged() {
            return List.copyOf(acknowledged);
        }

        List<QuorateException> failed() {
            return List.copyOf(failed);
        }

        @Override
        public void close() {
            over.set(true);
            client.close();
        }
    }
}
