package dev.quorate.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.rpc.Code;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RoutingTest {
    private static final int READS = 200;

    @ParameterizedTest(name = "rows of {0}, {1} replicas of the bucket")
    @CsvSource({"1, 3", "3, 1"})
    void keysGoStraightToTheirOwners(int rowWidth, int bucketReplicas) throws Exception {
        try (FakeCluster cluster = new FakeCluster(3)) {
            cluster.rowWidth = rowWidth;
            cluster.bucketReplicas = bucketReplicas;
            try (QuorateClient client = cluster.client()) {
                Bucket<byte[]> bucket = client.bucket("default");
                await().untilAsserted(() -> {
                    // Until all three are connected, a key may take the way over another node.
                    for (int i = 0; i < 30; i++) {
                        bucket.get("warm" + i);
                    }
                    cluster.nodes.forEach(node -> assertThat(node.received).isNotEmpty());
                });
                cluster.nodes.forEach(node -> node.received.clear());
                for (int i = 0; i < 100; i++) {
                    bucket.get("k" + i);
                }
                for (FakeNode node : cluster.nodes) {
                    assertThat(node.received).allMatch(request -> cluster.owner(request.key()) == node);
                }
                assertThat(cluster.nodes.stream()
                                .mapToInt(node -> node.received.size())
                                .sum())
                        .isEqualTo(100);
            }
        }
    }

    @Test
    void anUnknownBucketIsForTheNodeToRefuse() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient client = cluster.client()) {
            assertThat(client.bucket("elsewhere").get("k").isPresent()).isFalse();
            assertThat(client.bucket("elsewhere").owners("k")).isEmpty();
        }
    }

    @Test
    void aNodeThatIsLeavingIsLeftAlone() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient client = cluster.client()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("k", "v");
            FakeNode leaving = cluster.nodes.get(0);
            leaving.reaction = request -> FakeNode.refuse(Code.UNAVAILABLE, "NODE_DRAINING");
            leaving.received.clear();
            for (int i = 0; i < 200; i++) {
                assertThat(bucket.get("k").value()).isEqualTo("v");
            }
            assertThat(leaving.received.size()).isLessThan(100);
        }
    }

    @Test
    void aNonOwnerServesWhenTheOwnersAreGone() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3)) {
            cluster.rowWidth = 1;
            try (QuorateClient client = cluster.client()) {
                Bucket<String> bucket = client.bucket("default", Codec.utf8());
                bucket.put("k", "v");
                cluster.owner("k").kill();
                await().untilAsserted(() -> assertThat(bucket.get("k").value()).isEqualTo("v"));
            }
        }
    }

    @Test
    void aNewerEpochInAGreetingBringsTheNewRing() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3)) {
            cluster.rowWidth = 1;
            try (QuorateClient client = cluster.client()) {
                Bucket<String> bucket = client.bucket("default", Codec.utf8());
                bucket.put("k", "v");
                assertThat(bucket.owners("k")).hasSize(1);
                cluster.rowWidth = 3;
                cluster.epoch = 2;
                cluster.nodes.forEach(FakeNode::breakStreams);
                await().untilAsserted(() -> {
                    assertThat(bucket.get("k").value()).isEqualTo("v");
                    assertThat(bucket.owners("k")).hasSize(3);
                });
                FakeNode owner = cluster.owner("k");
                assertThat(bucket.owners("k").get(0)).isEqualTo(owner.id + " " + owner.address());
            }
        }
    }

    @Test
    void aNodeThatBeganAnewIsGivenFewCallsAtFirst() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient client = cluster.client()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("k", "v");
            awaitConnected(cluster, bucket);
            long before = System.nanoTime();
            cluster.nodes.get(0).restart(true);
            // Until somebody else is there it is the only one left to ask, however cold.
            awaitConnected(cluster, bucket);
            assertThat(shareOfFirst(cluster, bucket)).isLessThanOrEqualTo(slowShare(before));
        }
    }

    @Test
    void aNodeWhoseConnectionBrokeIsTheSameAsBefore() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient client = cluster.client()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("k", "v");
            awaitConnected(cluster, bucket);
            long before = System.nanoTime();
            cluster.nodes.get(0).restart(false);
            // Beyond half of the time a slow start would allow as much as the others get.
            await().atMost(Duration.ofNanos(SlowStart.RAMP_NANOS / 2))
                    .untilAsserted(
                            () -> assertThat(shareOfFirst(cluster, bucket)).isGreaterThan(slowShare(before)));
        }
    }

    @Test
    void aNodeThatBeganAnewIsAskedWhenNobodyElseIsThere() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient client = cluster.client()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("k", "v");
            FakeNode first = cluster.nodes.get(0);
            first.restart(true);
            awaitConnected(cluster, bucket);
            cluster.nodes.get(1).kill();
            cluster.nodes.get(2).kill();
            for (int i = 0; i < 20; i++) {
                assertThat(bucket.get("k").value()).isEqualTo("v");
            }
        }
    }

    /** The first node is asked by the client as soon as it may be: soon, unless its first answer was a slow one. */
    private static void awaitConnected(FakeCluster cluster, Bucket<String> bucket) {
        FakeNode first = cluster.nodes.get(0);
        first.received.clear();
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            for (int i = 0; i < READS; i++) {
                bucket.get("k");
            }
            assertThat(first.received).isNotEmpty();
        });
    }

    /** The most of {@link #READS} that a node gets which began anew then: of each call it is asked once at most, and takes this part of its turns. */
    private static int slowShare(long sinceNanos) {
        double passed = Math.min(1, (double) (System.nanoTime() - sinceNanos) / SlowStart.RAMP_NANOS);
        return (int) (READS * passed * passed) + 1;
    }

    /** Of {@link #READS}, 10 at a time, how many the first node got. */
    private static int shareOfFirst(FakeCluster cluster, Bucket<String> bucket) {
        FakeNode first = cluster.nodes.get(0);
        first.received.clear();
        for (int read = 0; read < READS; read += 10) {
            IntStream.range(0, 10).mapToObj(i -> bucket.getAsync("k")).toList().forEach(CompletableFuture::join);
        }
        return first.received.size();
    }
}
