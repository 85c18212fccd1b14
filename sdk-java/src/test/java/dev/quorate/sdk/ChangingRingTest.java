package dev.quorate.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Nodes come and go while a client works. */
class ChangingRingTest {
    private static final int KEYS = 200;

    private static void readAll(Bucket<String> bucket) {
        for (int i = 0; i < KEYS; i++) {
            bucket.get("k" + i);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aClientThatIsIdleHearsOfANewNode(Transport transport) throws Exception {
        try (FakeCluster cluster = new FakeCluster(2)) {
            cluster.rowWidth = 1;
            cluster.bucketReplicas = 1;
            try (QuorateClient client = cluster.builder().transport(transport).build()) {
                Bucket<String> bucket = client.bucket("default", Codec.utf8());
                readAll(bucket);
                FakeNode joined = cluster.add("n3");
                assertThat(ownersOfAll(bucket)).noneMatch(owner -> owner.startsWith("n3 "));
                cluster.changeRing();

                await().untilAsserted(() -> assertThat(ownersOfAll(bucket)).anyMatch(owner -> owner.startsWith("n3 ")));
                await().untilAsserted(() -> {
                    readAll(bucket);
                    assertThat(joined.received).isNotEmpty();
                });
                joined.received.clear();
                readAll(bucket);
                assertThat(joined.received).isNotEmpty().allMatch(request -> cluster.owner(request.key()) == joined);
            }
        }
    }

    private static List<String> ownersOfAll(Bucket<String> bucket) {
        return IntStream.range(0, KEYS)
                .mapToObj(i -> bucket.owners("k" + i).get(0))
                .toList();
    }

    @Test
    void answersTellOfANewRing() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3)) {
            cluster.rowWidth = 1;
            try (QuorateClient client = cluster.client()) {
                Bucket<String> bucket = client.bucket("default", Codec.utf8());
                bucket.put("k", "v");
                cluster.rowWidth = 3;
                cluster.epoch = 2;
                await().untilAsserted(() -> {
                    assertThat(bucket.get("k").value()).isEqualTo("v");
                    assertThat(bucket.owners("k")).hasSize(3);
                });
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void nothingFailsWhileNodesComeAndGo(Transport transport) throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient client = cluster.builder().transport(transport).build()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("k0", "v");
            AtomicBoolean stop = new AtomicBoolean();
            AtomicInteger done = new AtomicInteger();
            ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
            List<CompletableFuture<Void>> workers = IntStream.range(0, 4)
                    .mapToObj(worker -> CompletableFuture.runAsync(() -> {
                        for (int i = 0; !stop.get(); i++) {
                            String key = "k" + worker + "-" + i % KEYS;
                            try {
                                bucket.put(key, "v" + i);
                                assertThat(bucket.get(key).value()).isEqualTo("v" + i);
                                done.incrementAndGet();
                            } catch (RuntimeException | AssertionError failure) {
                                failures.add(failure);
                            }
                        }
                    }))
                    .toList();
            for (int round = 4; round <= 6; round++) {
                FakeNode joined = cluster.add("n" + round);
                cluster.changeRing();
                await().until(() -> !joined.received.isEmpty());
                FakeNode leaving = cluster.nodes.get(0);
                cluster.remove(leaving);
                cluster.changeRing();
                await("what was sent under the old ring is answered").until(() -> {
                    leaving.received.clear();
                    Thread.sleep(100);
                    return leaving.received.isEmpty();
                });
                leaving.kill();
            }
            int before = done.get();
            await().until(() -> done.get() > before + 100 || !failures.isEmpty());
            stop.set(true);
            workers.forEach(CompletableFuture::join);
            assertThat(failures).isEmpty();
        }
    }

    @Test
    void aRingThatChangesAllTheTimeIsAskedForNowAndThen() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = cluster.client()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("k", "v");
            FakeNode node = cluster.nodes.get(0);
            int before = node.topologiesAsked.get();
            long began = System.nanoTime();
            for (int change = 0; change < 100; change++) {
                cluster.epoch++;
                node.tellEpoch();
                Thread.sleep(10);
            }
            long millis = (System.nanoTime() - began) / 1_000_000;
            assertThat((long) node.topologiesAsked.get() - before).isBetween(1L, millis / 200 + 1);

            cluster.rowWidth = 1;
            FakeNode second = cluster.add("n2");
            cluster.epoch++;
            node.tellEpoch();
            await("the last change is not missed")
                    .until(() -> IntStream.range(0, KEYS)
                            .anyMatch(i -> bucket.owners("k" + i).get(0).startsWith(second.id)));
        }
    }

    @Test
    void theConnectionToANodeThatHasLeftIsGivenUpAfterAWhile() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3)) {
            try (QuorateClient client = cluster.client()) {
                Bucket<String> bucket = client.bucket("default", Codec.utf8());
                await().untilAsserted(() -> {
                    readAll(bucket);
                    assertThat(cluster.nodes).allMatch(node -> node.openStreams() == 1);
                });
                FakeNode leaving = cluster.nodes.get(2);
                cluster.remove(leaving);
                cluster.rowWidth = 2;
                cluster.changeRing();
                await().atMost(Duration.ofSeconds(60)).until(() -> leaving.openStreams() == 0);
                assertThat(cluster.nodes).allMatch(node -> node.openStreams() == 1);
            }
        }
    }
}
