package dev.quorate.sdk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.quorate.sdk.QuorateException.Reason;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class ClosingTest {
    private static long clientThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("quorate-client"))
                .count();
    }

    private static QuorateException failureOf(CompletableFuture<?> future) {
        try {
            Object answer = future.join();
            throw new AssertionError("answered with " + answer);
        } catch (CompletionException failure) {
            return (QuorateException) failure.getCause();
        }
    }

    @Test
    void closingFailsWhatIsPendingAndLeavesNoThread() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1)) {
            QuorateClient client = cluster.client();
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("k", "v");
            FakeNode node = cluster.nodes.get(0);
            node.reaction = request -> new FakeNode.Reaction.Silence();
            CompletableFuture<?> read = bucket.getAsync("k");
            CompletableFuture<?> write = bucket.putAsync("k", "w");
            CompletableFuture<?> waitingWrite = bucket.putAsync("k", "x");
            CompletableFuture<?> update = bucket.updateAsync("k", old -> "y");
            await().until(() -> node.received.size() == 3);

            client.close();

            assertThat(failureOf(read).reason()).isEqualTo(Reason.CLIENT_CLOSED);
            assertThat(failureOf(read).outcomeUnknown()).isFalse();
            assertThat(failureOf(write).reason()).isEqualTo(Reason.CLIENT_CLOSED);
            assertThat(failureOf(write).outcomeUnknown()).as("it was sent").isTrue();
            assertThat(failureOf(waitingWrite).outcomeUnknown())
                    .as("it was not sent")
                    .isFalse();
            assertThat(failureOf(update).reason()).isEqualTo(Reason.CLIENT_CLOSED);
            await().until(() -> clientThreads() == 0);
        }
    }

    @Test
    void aClosedClientRefusesCalls() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1)) {
            QuorateClient client = cluster.client();
            client.close();
            client.close();
            assertThatThrownBy(() -> client.bucket("default").get("k"))
                    .isInstanceOfSatisfying(
                            QuorateException.class,
                            failure -> assertThat(failure.reason()).isEqualTo(Reason.CLIENT_CLOSED));
        }
    }

    @Test
    void aCallbackMayCloseTheClient() throws Exception {
        try (FakeCluster cluster = new FakeCluster(1)) {
            QuorateClient client = cluster.client();
            CompletableFuture<Void> closed =
                    client.bucket("default").getAsync("k").thenAccept(answer -> client.close());
            closed.join();
            await().until(() -> clientThreads() == 0);
        }
    }
}
