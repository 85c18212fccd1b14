package dev.quorate.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.sdk.QuorateException.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class BoundsTest {
    @Test
    void callsBeyondTheBoundFailAtOnceAndAreCounted() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = cluster.builder().maxInFlight(10).build()) {
            Bucket<byte[]> bucket = client.bucket("default");
            cluster.nodes.get(0).reaction = request -> new FakeNode.Reaction.Silence();
            List<CompletableFuture<?>> held = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                held.add(bucket.getAsync("k" + i));
            }

            assertThat(bucket.getAsync("one too many"))
                    .failsWithin(java.time.Duration.ZERO)
                    .withThrowableThat()
                    .havingCause()
                    .isInstanceOfSatisfying(QuorateException.class, failure -> {
                        assertThat(failure.reason()).isEqualTo(Reason.OVERLOADED);
                        assertThat(failure.details()).containsEntry("where", "client");
                        assertThat(failure.outcomeUnknown()).isFalse();
                    });
            assertThat(client.counters().refusedInFlight()).isEqualTo(1);
            assertThat(held).noneMatch(CompletableFuture::isDone);
        }
    }

    @Test
    void bytesBeyondTheBoundFailAtOnce() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client =
                        cluster.builder().maxInFlightBytes(10_000).build()) {
            Bucket<byte[]> bucket = client.bucket("default");
            cluster.nodes.get(0).reaction = request -> new FakeNode.Reaction.Silence();
            CompletableFuture<?> first = bucket.putAsync("a", new byte[9_000]);

            assertThat(bucket.putAsync("b", new byte[9_000])).isCompletedExceptionally();
            assertThat(first).isNotDone();
        }
    }

    @Test
    void blockingCallsWaitForRoomInstead() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = cluster.builder().maxInFlight(3).build()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            Map<String, Outcome<String>> outcomes = bucket.multiGet(
                    IntStream.range(0, 500).mapToObj(i -> "k" + i).toList());

            assertThat(outcomes.values()).hasSize(500).allMatch(Outcome::isOk);
            assertThat(client.counters().refusedInFlight()).isZero();
        }
    }

    @Test
    void blockingCallsFromACallbackAreRefusedInsteadOfWaitingForThemselves() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1);
                QuorateClient client = cluster.client()) {
            Bucket<byte[]> bucket = client.bucket("default");
            CompletableFuture<Versioned<byte[]>> nested = bucket.getAsync("k").thenApply(answer -> bucket.get("k"));

            assertThatThrownBy(nested::join).hasMessageContaining("use the Async methods");
        }
    }

    @Test
    void settingsThatCannotWorkAreRefusedWithTheirNames() {
        assertThatThrownBy(() -> QuorateClient.builder().build()).hasMessageContaining("no seeds");
        assertThatThrownBy(() -> QuorateClient.builder().seeds("n1")).hasMessageContaining("'n1' is not host:port");
        assertThatThrownBy(() -> QuorateClient.builder().seeds("n1:99999")).hasMessageContaining("n1:99999");
        assertThatThrownBy(() -> ReadOptions.DEFAULT.withTimeout(java.time.Duration.ZERO))
                .hasMessageContaining("timeout");
        assertThatThrownBy(() -> WriteOptions.DEFAULT.withW(-1)).hasMessageContaining("w is -1");
    }
}
