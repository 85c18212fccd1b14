package dev.quorate.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.rpc.Code;
import dev.quorate.sdk.QuorateException.Reason;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Nodes that refuse, fall silent, break, restart or belong to somebody else. */
class FailureHandlingTest {
    private static QuorateClient client(FakeCluster cluster, Transport transport) {
        return cluster.builder().transport(transport).build();
    }

    private static QuorateException failure(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
        QuorateException failure = catchThrowableOfType(QuorateException.class, call);
        assertThat(failure).isNotNull();
        return failure;
    }

    /** Breaks the answer to the first write only. */
    private static void breakFirstWriteAfterServing(FakeCluster cluster, Runnable alsoThen) {
        AtomicInteger writes = new AtomicInteger();
        cluster.nodes.forEach(node -> node.reaction = request -> {
            if (!request.kind().equals("get") && writes.getAndIncrement() == 0) {
                alsoThen.run();
                return new FakeNode.Reaction.ServeThenBreak();
            }
            return new FakeNode.Reaction.Serve();
        });
    }

    private static List<FakeNode.Received> writes(FakeCluster cluster) {
        return cluster.nodes.stream()
                .flatMap(node -> node.received.stream())
                .filter(request -> !request.kind().equals("get"))
                .toList();
    }

    @Test
    void aWriteWhoseAnswerWasLostIsRetriedAtTheSameBootAndAppliedOnce() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient client = client(cluster, Transport.PIPELINE)) {
            breakFirstWriteAfterServing(cluster, () -> {});

            client.bucket("default", Codec.utf8()).put("k", "v");

            List<FakeNode.Received> attempts = writes(cluster);
            assertThat(attempts).hasSize(2);
            assertThat(attempts.stream().map(FakeNode.Received::attempt)).containsExactly(1, 2);
            assertThat(attempts.get(0).requestId()).isEqualTo(attempts.get(1).requestId());
            assertThat(attempts.get(0).requestId().size()).isEqualTo(16);
            assertThat(cluster.nodes.get(0).store.values("k")).containsExactly("v");
            long serving =
                    cluster.nodes.stream().filter(node -> node.count("put") > 0).count();
            assertThat(serving).as("both attempts went to one node").isEqualTo(1);
        }
    }

    @Test
    void aWriteWhoseCoordinatorRestartedHasAnUnknownOutcome() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient client = client(cluster, Transport.PIPELINE)) {
            breakFirstWriteAfterServing(cluster, () -> cluster.nodes.forEach(node -> node.boot++));
            Bucket<String> bucket = client.bucket("default", Codec.utf8());

            QuorateException failure = failure(() -> bucket.put("k", "v"));

            assertThat(failure.outcomeUnknown()).isTrue();
            assertThat(failure.reason()).isEqualTo(Reason.CONNECTION_LOST);
            assertThat(failure).hasMessageContaining("restarted since").hasMessageContaining("may have been applied");
            assertThat(writes(cluster)).hasSize(1);
        }
    }

    /** A node of the row that does not own the bucket's keys passed the write on: whoever coordinated it, a retry might meet another. */
    @Test
    void aWriteThatANodeOfTheRowPassedOnIsNotRetried() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3)) {
            cluster.bucketReplicas = 1;
            cluster.owner("k").kill();
            try (QuorateClient client = client(cluster, Transport.PIPELINE)) {
                breakFirstWriteAfterServing(cluster, () -> {});
                Bucket<String> bucket = client.bucket("default", Codec.utf8());

                QuorateException failure = failure(() -> bucket.put("k", "v"));

                assertThat(failure.outcomeUnknown()).isTrue();
                assertThat(writes(cluster)).hasSize(1);
            }
        }
    }

    @Test
    void aWriteWhoseCoordinatorDiedHasAnUnknownOutcomeAtOnce() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient client = client(cluster, Transport.PIPELINE)) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("warm", "up");
            cluster.nodes.forEach(node -> node.reaction = request -> new FakeNode.Reaction.Silence());
            CompletableFuture<Versioned<String>> put = bucket.putAsync("k", "v");
            await().until(() -> writes(cluster).size() == 2);
            FakeNode coordinator = cluster.nodes.stream()
                    .filter(node -> node.received.stream()
                            .anyMatch(request -> request.key().equals("k")))
                    .findFirst()
                    .orElseThrow();

            coordinator.kill();

            assertThatThrownBy(put::join)
                    .isInstanceOf(CompletionException.class)
                    .cause()
                    .isInstanceOfSatisfying(QuorateException.class, failure -> {
                        assertThat(failure.outcomeUnknown()).isTrue();
                        assertThat(failure.attempts()).anySatisfy(attempt -> {
                            assertThat(attempt.node()).isEqualTo(coordinator.id);
                            assertThat(attempt.address()).isEqualTo(coordinator.address());
                        });
                    });
            assertThat(writes(cluster)).as("nobody else was asked").hasSize(2);
        }
    }

    @Test
    void aWriteSentByWayOfANonOwnerIsNotRetriedAfterItWasSent() throws Exception {
        try (FakeCluster cluster = new FakeCluster(2)) {
            cluster.rowWidth = 1;
            try (QuorateClient client = client(cluster, Transport.PIPELINE)) {
                Bucket<String> bucket = client.bucket("default", Codec.utf8());
                bucket.get("k");
                cluster.owner("k").kill();
                await().until(() -> client.counters().connectionsLost() > 0);
                breakFirstWriteAfterServing(cluster, () -> {});

                QuorateException failure = failure(() -> bucket.put("k", "v"));

                assertThat(failure.outcomeUnknown())
                        .as("the coordinator behind the node that took it is not known")
                        .isTrue();
                assertThat(writes(cluster)).hasSize(1);
            }
        }
    }

    @Test
    void aContextRefusedAfterTheWriteMayHaveBeenAppliedIsNoReasonToStartAnew() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient client = client(cluster, Transport.PIPELINE)) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("k", "v");
            AtomicInteger writes = new AtomicInteger();
            cluster.nodes.forEach(node -> node.reaction = request -> writes.getAndIncrement() == 0
                    ? new FakeNode.Reaction.ServeThenBreak()
                    : FakeNode.refuse(Code.INVALID_ARGUMENT, "CONTEXT_INVALID"));

            QuorateException failure = failure(() -> bucket.put("k", "w"));

            assertThat(failure.outcomeUnknown()).isTrue();
            assertThat(writes).hasValue(2);
        }
    }

    @Test
    void aClusterThatIsStillStartingSaysSo() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = client(cluster, Transport.PIPELINE)) {
            cluster.nodes.get(0).starting = true;
            cluster.nodes.get(0).restart(true);
            try (QuorateClient fresh = client(cluster, Transport.PIPELINE)) {
                QuorateException failure = failure(() -> fresh.bucket("default").get("k"));

                assertThat(failure.reason()).isEqualTo(Reason.NODE_STARTING);
                assertThat(failure.retryable()).isTrue();
                assertThat(failure).hasMessageContaining("recovering the log");
            }
        }
    }

    @Test
    void anotherKindOfPortIsCalledByItsName() throws Exception {
        io.grpc.Server other = io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder.forAddress(
                        new java.net.InetSocketAddress("127.0.0.1", 0))
                .build()
                .start();
        try (QuorateClient client = QuorateClient.builder()
                .seeds("127.0.0.1:" + other.getPort())
                .requestTimeout(Duration.ofSeconds(20))
                .build()) {
            assertThat(failure(() -> client.bucket("default").get("k")))
                    .hasMessageContaining("127.0.0.1:" + other.getPort() + ": not a client port of a node");
        } finally {
            other.shutdownNow();
        }
    }

    @Test
    void aWriteThatAllowsDuplicatesGoesOnElsewhereAndSaysSo() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient client = client(cluster, Transport.PIPELINE)) {
            breakFirstWriteAfterServing(cluster, () -> cluster.nodes.forEach(node -> node.boot++));

            client.bucket("default", Codec.utf8())
                    .put("k".getBytes(), "v", WriteOptions.DEFAULT.withAllowDuplicates(true));

            assertThat(writes(cluster).stream().map(FakeNode.Received::attempt)).containsExactlyInAnyOrder(1, 2);
            long serving =
                    cluster.nodes.stream().filter(node -> node.count("put") > 0).count();
            assertThat(serving).isEqualTo(2);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRefusalThatWroteNothingMovesTheWriteToAnotherNodeAsItsFirstAttempt(Transport transport) throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient client = client(cluster, transport)) {
            AtomicInteger writes = new AtomicInteger();
            cluster.nodes.forEach(node -> node.reaction = request -> writes.getAndIncrement() == 0
                    ? FakeNode.refuse(Code.UNAVAILABLE, "NODE_DRAINING")
                    : new FakeNode.Reaction.Serve());

            client.bucket("default", Codec.utf8()).put("k", "v");

            assertThat(writes(cluster).stream().map(FakeNode.Received::attempt)).containsExactly(1, 1);
        }
    }

    @Test
    void aWriteThatAStoppingNodeDidNotTakeAnyMoreMovesToAnotherNodeAsItsFirstAttempt() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient client = client(cluster, Transport.PIPELINE)) {
            AtomicInteger writes = new AtomicInteger();
            cluster.nodes.forEach(node -> node.reaction = request ->
                    writes.getAndIncrement() == 0 ? new FakeNode.Reaction.Stop() : new FakeNode.Reaction.Serve());

            client.bucket("default", Codec.utf8()).put("k", "v");

            assertThat(writes(cluster).stream().map(FakeNode.Received::attempt)).containsExactly(1, 1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void errorsCarryTheNodesWordsReasonNumbersAndAddress(Transport transport) throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = client(cluster, transport)) {
            cluster.nodes.get(0).reaction = request -> new FakeNode.Reaction.Refuse(FakeNode.status(
                    Code.UNAVAILABLE,
                    "QUORUM_NOT_MET",
                    "quorum not met: needed 2, got 1 (n2: connection refused)",
                    Map.of("required", "2", "written", "1")));
            Bucket<String> bucket = client.bucket("default", Codec.utf8());

            QuorateException failure = failure(
                    () -> bucket.put("k".getBytes(), "v", WriteOptions.DEFAULT.withTimeout(Duration.ofMillis(300))));

            assertThat(failure.reason()).isEqualTo(Reason.QUORUM_NOT_MET);
            assertThat(failure.details()).containsEntry("required", "2").containsEntry("written", "1");
            assertThat(failure.outcomeUnknown())
                    .as("a quorum not met is not rolled back")
                    .isTrue();
            assertThat(failure.retryable()).isTrue();
            assertThat(failure)
                    .hasMessageStartingWith("quorum not met: needed 2, got 1")
                    .hasMessageContaining("n1 " + cluster.nodes.get(0).address());
        }
    }

    @Test
    void aWriteBelowItsQuorumIsRetriedAtTheSameCoordinatorOnly() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient client = client(cluster, Transport.PIPELINE)) {
            AtomicInteger writes = new AtomicInteger();
            cluster.nodes.forEach(node -> node.reaction = request -> writes.getAndIncrement() < 2
                    ? FakeNode.refuse(Code.UNAVAILABLE, "QUORUM_NOT_MET")
                    : new FakeNode.Reaction.Serve());

            client.bucket("default", Codec.utf8()).put("k", "v");

            assertThat(writes(cluster).stream().map(FakeNode.Received::attempt)).containsExactly(1, 2, 3);
            assertThat(cluster.nodes.stream().filter(node -> node.count("put") > 0))
                    .hasSize(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void readsGoOnWhenANodeDies(Transport transport) throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient client = client(cluster, transport)) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("k", "v");
            var before =
                    IntStream.range(0, 100).mapToObj(i -> bucket.getAsync("k")).toList();
            cluster.owner("k").kill();
            before.forEach(read -> assertThat(read.join().value()).isEqualTo("v"));
            for (int i = 0; i < 50; i++) {
                assertThat(bucket.get("k").value()).isEqualTo("v");
            }
        }
    }

    @Test
    void aReadAtASilentNodeIsAnsweredByAnotherAndTheSilentOneIsAvoided() throws Exception {
        try (FakeCluster cluster = new FakeCluster(2);
                QuorateClient client = cluster.builder()
                        .attemptTimeout(Duration.ofMillis(50))
                        .requestTimeout(Duration.ofSeconds(10))
                        .build()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("k", "v");
            FakeNode silent = cluster.nodes.get(0);
            silent.reaction = request -> new FakeNode.Reaction.Silence();
            for (int i = 0; i < 20; i++) {
                assertThat(bucket.get("k").value()).isEqualTo("v");
            }
            assertThat(silent.count("get")).isLessThan(20);
        }
    }

    @Test
    void aSlowNodeIsBetterThanASilentOne() throws Exception {
        try (FakeCluster cluster = new FakeCluster(2);
                QuorateClient client =
                        cluster.builder().attemptTimeout(Duration.ofMillis(50)).build()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("k", "v");
            cluster.nodes.get(0).reaction = request -> new FakeNode.Reaction.Silence();
            cluster.nodes.get(1).reaction = request -> new FakeNode.Reaction.Delay(Duration.ofMillis(300));
            for (int i = 0; i < 5; i++) {
                assertThat(bucket.get("k").value()).isEqualTo("v");
            }
        }
    }

    @Test
    void aBlackHoleAmongTheSeedsDelaysNobody() throws Exception {
        try (ServerSocket blackHole = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
                FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = QuorateClient.builder()
                        .seeds("127.0.0.1:" + blackHole.getLocalPort() + "," + cluster.seeds())
                        .requestTimeout(Duration.ofSeconds(20))
                        .build()) {
            client.bucket("default", Codec.utf8()).put("k", "v");
            assertThat(client.bucket("default", Codec.utf8()).get("k").value()).isEqualTo("v");
        }
    }

    @Test
    void aBlackHoleAloneEndsInTheDeadline() throws Exception {
        try (ServerSocket blackHole = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
                QuorateClient client = QuorateClient.builder()
                        .seeds("127.0.0.1:" + blackHole.getLocalPort())
                        .requestTimeout(Duration.ofMillis(300))
                        .build()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            long start = System.nanoTime();

            QuorateException failure = failure(() -> bucket.put("k", "v"));

            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
            assertThat(failure.outcomeUnknown()).as("nothing was sent").isFalse();
            assertThat(failure).hasMessageContaining("127.0.0.1:" + blackHole.getLocalPort());
        }
    }

    @Test
    void aSilentNodeEndsAWriteInTheDeadlineWithAnUnknownOutcome() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = client(cluster, Transport.PIPELINE)) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("warm", "up");
            cluster.nodes.get(0).reaction = request -> new FakeNode.Reaction.Silence();

            QuorateException failure = failure(
                    () -> bucket.put("k".getBytes(), "v", WriteOptions.DEFAULT.withTimeout(Duration.ofMillis(200))));

            assertThat(failure.reason()).isEqualTo(Reason.DEADLINE);
            assertThat(failure.outcomeUnknown()).isTrue();
            assertThat(failure)
                    .hasMessageContaining("n1 " + cluster.nodes.get(0).address() + ": no answer after");
        }
    }

    @Test
    void nobodyListeningIsSaidAtOnceWithAddressAndCause() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            port = free.getLocalPort();
        }
        try (QuorateClient client = QuorateClient.builder()
                .seeds("127.0.0.1:" + port)
                .requestTimeout(Duration.ofSeconds(30))
                .build()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            long start = System.nanoTime();

            QuorateException failure = failure(() -> bucket.get("k"));

            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
            assertThat(failure.reason()).isEqualTo(Reason.CONNECT_FAILED);
            assertThat(failure).hasMessage("no node could be reached (127.0.0.1:" + port + ": connection refused)");
        }
    }

    @Test
    void aNodeThatComesBackIsUsedAgain() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = client(cluster, Transport.PIPELINE)) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("k", "v");
            cluster.nodes.get(0).restart(true);
            await().untilAsserted(() -> assertThat(bucket.get("k").value()).isEqualTo("v"));
            assertThat(client.counters().connectionsLost()).isEqualTo(1);
        }
    }

    @Test
    void aNodeOfAnotherClusterIsRefusedByName() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1, "cluster-b");
                QuorateClient client = cluster.builder().clusterId("cluster-a").build()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());

            QuorateException failure = failure(() -> bucket.put("k", "v"));

            assertThat(failure.reason()).isEqualTo(Reason.CLUSTER_MISMATCH);
            assertThat(failure.outcomeUnknown()).isFalse();
            assertThat(failure).hasMessageContaining("cluster-b").hasMessageContaining("cluster-a");
            assertThat(cluster.nodes.get(0).count("put")).isZero();
        }
    }

    @Test
    void anAddressThatAnotherClusterTookOverGetsNoWrites() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = client(cluster, Transport.PIPELINE)) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("k", "v");
            FakeNode node = cluster.nodes.get(0);
            node.greetsAsCluster = "cluster-b";
            node.restart(true);
            long before = node.count("put");
            await().untilAsserted(() ->
                    assertThat(failure(() -> bucket.put("k", "w")).reason()).isEqualTo(Reason.CLUSTER_MISMATCH));
            assertThat(node.count("put")).isEqualTo(before);
        }
    }

    @Test
    void whatIsWrongWithARequestIsNotRetried() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient client = client(cluster, Transport.PIPELINE)) {
            cluster.nodes.forEach(
                    node -> node.reaction = request -> FakeNode.refuse(Code.INVALID_ARGUMENT, "VALUE_TOO_LARGE"));
            Bucket<String> bucket = client.bucket("default", Codec.utf8());

            QuorateException failure = failure(() -> bucket.put("k", "v"));

            assertThat(failure.reason()).isEqualTo(Reason.VALUE_TOO_LARGE);
            assertThat(failure.retryable()).isFalse();
            assertThat(failure.outcomeUnknown()).isFalse();
            assertThat(writes(cluster)).hasSize(1);
        }
    }

    /** It waits for a connection inside the transport, so giving it up closes it there and then: once, not as a failure of its own. */
    @Test
    void aCallGivenUpBeforeItFoundAConnectionGoesElsewhereOnce() throws Exception {
        try (FakeCluster cluster = new FakeCluster(2)) {
            cluster.rowWidth = 1;
            FakeNode owner = cluster.owner("k");
            List<String> failedAttempts = new CopyOnWriteArrayList<>();
            RequestListener listener = new RequestListener() {
                @Override
                public void attemptFailed(Request request, QuorateException.Attempt attempt) {
                    failedAttempts.add(attempt.toString());
                }
            };
            try (QuorateClient client = cluster.builder()
                    .transport(Transport.UNARY)
                    .attemptTimeout(Duration.ofMillis(300))
                    .listener(listener)
                    .build()) {
                Bucket<String> bucket = client.bucket("default", Codec.utf8());
                bucket.put("k", "v");
                assertThat(owner.count("put")).isEqualTo(1);
                failedAttempts.clear();
                long retries = client.counters().retries();
                try (ServerSocket mute = owner.sayGoodbye()) {
                    assertThat(bucket.get("k").value()).isEqualTo("v");
                    assertThat(mute.isBound()).isTrue();
                }
                assertThat(failedAttempts).hasSize(1);
                assertThat(client.counters().retries() - retries).isEqualTo(1);
            }
        }
    }

    /** gRPC tells the failure of the last try until a new one has succeeded; the node that listens again is asked all the same. */
    @ParameterizedTest
    @EnumSource
    void aNodeThatIsBackServesTheNextCall(Transport transport) throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = client(cluster, transport)) {
            FakeNode node = cluster.nodes.get(0);
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("k", "v");
            for (int i = 0; i < 5; i++) {
                node.kill();
                await().until(() -> failure(() -> bucket.get("k")).reason() == Reason.CONNECT_FAILED);

                node.restart(true);

                assertThat(bucket.get("k").value()).isEqualTo("v");
            }
        }
    }

    @Test
    void aClientThatWasThereBeforeTheClusterFindsIt() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1)) {
            FakeNode node = cluster.nodes.get(0);
            node.kill();
            try (QuorateClient client = cluster.client()) {
                Bucket<String> bucket = client.bucket("default", Codec.utf8());
                for (int i = 0; i < 2; i++) {
                    QuorateException failure = failure(() -> bucket.put("k", "v"));
                    assertThat(failure.reason()).isEqualTo(Reason.CONNECT_FAILED);
                    assertThat(failure).hasMessageContaining("connection refused");
                }

                node.restart(false);

                assertThat(bucket.put("k", "v").isPresent()).isTrue();
            }
        }
    }

    @Test
    void theRetryBudgetBoundsTheLoadOnAClusterInTrouble() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = cluster.builder().retryReserve(10).build()) {
            cluster.nodes.get(0).reaction = request -> FakeNode.refuse(Code.RESOURCE_EXHAUSTED, "OVERLOADED");
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            IntStream.range(0, 300)
                    .mapToObj(i -> bucket.getAsync("k" + i).handle((answer, failure) -> failure))
                    .toList()
                    .forEach(read -> assertThat(read.join()).isNotNull());

            assertThat(cluster.nodes.get(0).count("get")).isBetween(300L, 300L + 10 + 30 + 1);
            assertThat(client.counters().retriesRefused()).isPositive();
        }
    }
}
