package dev.quorate.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.rpc.Code;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class UpdateTest {
    private static final Codec<SortedSet<String>> SETS = Codec.of(
            set -> String.join(",", set).getBytes(StandardCharsets.UTF_8),
            bytes -> new TreeSet<>(Arrays.asList(new String(bytes, StandardCharsets.UTF_8).split(","))));
    private static final Resolver<SortedSet<String>> UNION = Resolver.merging(UpdateTest::union);
    private static final Codec<Integer> NUMBERS = Codec.of(
            number -> new byte[] {(byte) (number >> 8), (byte) (int) number},
            bytes -> (bytes[0] & 255) << 8 | bytes[1] & 255);

    private static SortedSet<String> union(SortedSet<String> left, SortedSet<String> right) {
        SortedSet<String> both = new TreeSet<>(left);
        both.addAll(right);
        return both;
    }

    @Test
    void updatesInOneClientDoNotMissEachOther() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient client = cluster.client()) {
            Bucket<Integer> counters = client.bucket("default", NUMBERS);
            List<CompletableFuture<Versioned<Integer>>> updates = IntStream.range(0, 200)
                    .mapToObj(i -> counters.updateAsync("k", old -> old == null ? 1 : old + 1))
                    .toList();
            updates.forEach(CompletableFuture::join);

            Versioned<Integer> counter = counters.get("k");
            assertThat(counter.isConflict()).isFalse();
            assertThat(counter.value()).isEqualTo(200);
        }
    }

    @Test
    void updatesOfSeveralClientsAreAllInTheResolvedValue() throws Exception {
        try (FakeCluster cluster = new FakeCluster(3);
                QuorateClient alice = cluster.client();
                QuorateClient bob = cluster.client()) {
            List<CompletableFuture<?>> updates = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                for (QuorateClient client : List.of(alice, bob)) {
                    String element = (client == alice ? "a" : "b") + i;
                    updates.add(client.bucket("default", SETS, UNION)
                            .updateAsync(
                                    "k",
                                    old -> union(
                                            old == null ? new TreeSet<>() : old, new TreeSet<>(List.of(element)))));
                }
            }
            updates.forEach(CompletableFuture::join);

            assertThat(alice.bucket("default", SETS, UNION).get("k").value()).hasSize(100);
        }
    }

    @Test
    void theChangeSeesTheResolvedValueAndReplacesAllSiblings() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient alice = cluster.client();
                QuorateClient bob = cluster.client()) {
            alice.bucket("default", SETS, UNION).put("k", new TreeSet<>(List.of("a")));
            bob.bucket("default", SETS, UNION).put("k", Versioned.of(new TreeSet<>(List.of("b")), Context.EMPTY));
            assertThat(cluster.nodes.get(0).store.values("k")).containsExactly("a", "b");

            alice.bucket("default", SETS, UNION).update("k", old -> union(new TreeSet<>(List.of("c")), old));

            assertThat(cluster.nodes.get(0).store.values("k")).containsExactly("a,b,c");
        }
    }

    @Test
    void answeringNullDeletes() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = cluster.client()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("k", "v");
            bucket.update("k", old -> null);
            assertThat(bucket.get("k").isPresent()).isFalse();
            bucket.update("absent", old -> null);
            assertThat(cluster.nodes.get(0).count("delete"))
                    .as("there was nothing to delete")
                    .isEqualTo(1);
        }
    }

    @Test
    void aKeyCreatedMeanwhileIsReadAgainInsteadOfReplaced() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient alice = cluster.client();
                QuorateClient bob = cluster.client()) {
            Bucket<String> ofAlice = alice.bucket("default", Codec.utf8());
            AtomicInteger rounds = new AtomicInteger();
            ofAlice.update("k", old -> {
                if (rounds.incrementAndGet() == 1) {
                    bob.bucket("default", Codec.utf8()).put("k", "b");
                }
                return old == null ? "first" : old + "+a";
            });

            assertThat(rounds).hasValue(2);
            assertThat(cluster.nodes.get(0).store.values("k")).containsExactly("b+a");
        }
    }

    @Test
    void tooManySiblingsIsAReasonToReadAgainButNotForEver() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = cluster.client()) {
            cluster.nodes.get(0).reaction = request -> request.kind().equals("put")
                    ? FakeNode.refuse(Code.ABORTED, "TOO_MANY_SIBLINGS")
                    : new FakeNode.Reaction.Serve();
            Bucket<String> bucket = client.bucket("default", Codec.utf8());

            assertThatThrownBy(() -> bucket.update("k", old -> "v"))
                    .isInstanceOfSatisfying(QuorateException.class, failure -> {
                        assertThat(failure.reason()).isEqualTo(QuorateException.Reason.TOO_MANY_SIBLINGS);
                        assertThat(failure.outcomeUnknown()).isFalse();
                    });
            assertThat(cluster.nodes.get(0).count("get")).isEqualTo(5);
        }
    }

    @Test
    void anUpdateThatMayHaveHappenedIsNotRepeated() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = cluster.client()) {
            cluster.nodes.get(0).reaction = request -> request.kind().equals("put")
                    ? FakeNode.refuse(Code.INTERNAL, "INTERNAL")
                    : new FakeNode.Reaction.Serve();
            Bucket<String> bucket = client.bucket("default", Codec.utf8());

            assertThatThrownBy(() -> bucket.update("k", old -> "v"))
                    .isInstanceOfSatisfying(
                            QuorateException.class,
                            failure -> assertThat(failure.outcomeUnknown()).isTrue());
            assertThat(cluster.nodes.get(0).count("put")).isEqualTo(1);
        }
    }

    @Test
    void whatTheChangeThrowsReachesTheCallerAndFreesTheKey() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = cluster.client()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());

            assertThatThrownBy(() -> bucket.update("k", old -> {
                        throw new IllegalStateException("no");
                    }))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("no");

            bucket.put("k", "v");
            assertThat(bucket.get("k").value()).isEqualTo("v");
        }
    }

    @Test
    void anInterruptedUpdateLeavesTheKeyToOthers() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = cluster.client()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("k", "v");
            FakeNode node = cluster.nodes.get(0);
            node.reaction = request -> new FakeNode.Reaction.Silence();
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            Thread updater = new Thread(() -> {
                try {
                    bucket.update("k", old -> old + "!");
                } catch (QuorateException failure) {
                    thrown.set(failure);
                }
            });
            updater.start();
            await().until(() -> node.count("get") == 1);
            updater.interrupt();
            updater.join();
            node.reaction = request -> new FakeNode.Reaction.Serve();

            assertThat(thrown.get())
                    .isInstanceOfSatisfying(
                            QuorateException.class,
                            failure -> assertThat(failure.reason()).isEqualTo(QuorateException.Reason.INTERRUPTED));
            WriteOptions patient = WriteOptions.DEFAULT.withTimeout(Duration.ofSeconds(20));
            assertThat(bucket.put("k".getBytes(StandardCharsets.UTF_8), "w", patient)
                            .value())
                    .isEqualTo("w");
            assertThat(node.store.values("k")).containsExactly("w");
        }
    }

    @Test
    void theChangeOfABlockingUpdateRunsOnTheCallingThread() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = cluster.client()) {
            Thread[] ran = new Thread[1];
            client.bucket("default", Codec.utf8()).update("k", old -> {
                ran[0] = Thread.currentThread();
                return "v";
            });
            assertThat(ran[0]).isSameAs(Thread.currentThread());
        }
    }
}
