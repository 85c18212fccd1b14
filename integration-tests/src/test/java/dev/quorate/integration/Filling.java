package dev.quorate.integration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.sdk.Bucket;
import dev.quorate.sdk.Codec;
import dev.quorate.sdk.QuorateClient;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;

/** Gives a cluster something to hold, besides what the load writes. */
final class Filling {
    private static final int MOST_IN_FLIGHT = 128;

    private Filling() {}

    static List<String> write(String test, Cluster cluster, int keys, String value) {
        List<String> names =
                IntStream.range(0, keys).mapToObj(key -> "filled-" + key).toList();
        write(test, cluster, names, value);
        return names;
    }

    static void write(String test, Cluster cluster, List<String> keys, String value) {
        long began = System.nanoTime();
        Semaphore room = new Semaphore(MOST_IN_FLIGHT);
        AtomicReference<Throwable> problem = new AtomicReference<>();
        try (QuorateClient client = cluster.client()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            for (String key : keys) {
                room.acquireUninterruptibly();
                CompletableFuture<Void> written = bucket.putAsync(key, value).handle((done, failure) -> {
                    problem.compareAndSet(null, failure);
                    room.release();
                    return null;
                });
                assertThat(written).isNotCompletedExceptionally();
            }
            room.acquireUninterruptibly(MOST_IN_FLIGHT);
        }
        assertThat(problem.get()).as("failure of a write").isNull();
        System.out.printf(
                "%s: %d keys of %d bytes written in %.1f s%n",
                test, keys.size(), value.length(), (System.nanoTime() - began) / 1e9);
    }
}
