package dev.quorate.integration;

import dev.quorate.sdk.Bucket;
import dev.quorate.sdk.Codec;
import dev.quorate.sdk.QuorateClient;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;

/** Gives a cluster something to hold, besides what the load writes. */
final class Filling {
    private static final int WRITERS = 64;

    private Filling() {}

    static List<String> write(String test, Cluster cluster, int keys, String value) {
        List<String> names =
                IntStream.range(0, keys).mapToObj(key -> "filled-" + key).toList();
        write(test, cluster, names, value);
        return names;
    }

    static void write(String test, Cluster cluster, List<String> keys, String value) {
        long began = System.nanoTime();
        ExecutorService writers = Executors.newFixedThreadPool(WRITERS);
        try (QuorateClient client = cluster.client()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            CompletableFuture.allOf(IntStream.range(0, WRITERS)
                            .mapToObj(writer -> CompletableFuture.runAsync(
                                    () -> {
                                        for (int key = writer; key < keys.size(); key += WRITERS) {
                                            bucket.put(keys.get(key), value);
                                        }
                                    },
                                    writers))
                            .toArray(CompletableFuture[]::new))
                    .join();
        } finally {
            writers.shutdown();
        }
        System.out.printf(
                "%s: %d keys of %d bytes written in %.1f s%n",
                test, keys.size(), value.length(), (System.nanoTime() - began) / 1e9);
    }
}
