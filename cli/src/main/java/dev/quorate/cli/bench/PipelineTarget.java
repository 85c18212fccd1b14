package dev.quorate.cli.bench;

import dev.quorate.sdk.Bucket;
import dev.quorate.sdk.QuorateClient;
import dev.quorate.sdk.QuorateException;
import dev.quorate.sdk.ReadOptions;
import dev.quorate.sdk.Transport;
import dev.quorate.sdk.Versioned;
import dev.quorate.sdk.WriteOptions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** Nodes by the Java SDK as its users have it: routed to owners, pipelined, contexts carried from write to write. */
final class PipelineTarget implements Target {
    /** The client itself refuses nothing below this: what is refused, a node has refused. */
    static final int MOST_IN_FLIGHT = 1 << 16;

    private final QuorateClient client;
    private final Bucket<byte[]> bucket;
    private final byte[] value;
    private final boolean missingIsFailure;
    private final ReadOptions reads;
    private final WriteOptions writes;

    /** Of the default bucket, by its own R and W. */
    static PipelineTarget plain(List<String> nodes, Duration timeout, byte[] value, boolean missingIsFailure) {
        return new PipelineTarget(
                nodes, timeout, "default", value, missingIsFailure, ReadOptions.DEFAULT, WriteOptions.DEFAULT);
    }

    PipelineTarget(
            List<String> nodes,
            Duration timeout,
            String bucketName,
            byte[] value,
            boolean missingIsFailure,
            ReadOptions reads,
            WriteOptions writes) {
        client = QuorateClient.builder()
                .seeds(nodes)
                .requestTimeout(timeout)
                .transport(Transport.PIPELINE)
                .maxInFlight(MOST_IN_FLIGHT)
                .maxInFlightBytes(Integer.MAX_VALUE)
                .build();
        bucket = client.bucket(bucketName);
        this.value = value;
        this.missingIsFailure = missingIsFailure;
        this.reads = reads;
        this.writes = writes;
    }

    @Override
    public void start(Operation operation, byte[] key, Completion completion) {
        CompletableFuture<Versioned<byte[]>> answer = switch (operation) {
            case GET -> bucket.getAsync(key, reads);
            case PUT -> bucket.putAsync(key, value, writes);
            case DELETE -> bucket.deleteAsync(key, writes);
        };
        boolean mustBePresent = missingIsFailure && operation == Operation.GET;
        CompletableFuture<Void> counted = answer.handle((found, failure) -> {
            completion.completed(failure == null ? problem(found, mustBePresent) : reason(failure));
            return null;
        });
        if (counted.isCompletedExceptionally()) {
            throw new IllegalStateException("counting an answer failed");
        }
    }

    private static @Nullable String problem(Versioned<byte[]> found, boolean mustBePresent) {
        return mustBePresent && !found.isPresent() ? "MISSING" : null;
    }

    private static String reason(Throwable failure) {
        Throwable cause = failure.getCause() == null ? failure : failure.getCause();
        if (failure instanceof QuorateException known) {
            return known.reason().name();
        }
        return cause instanceof QuorateException known
                ? known.reason().name()
                : failure.getClass().getSimpleName();
    }

    @Override
    public void close() {
        client.close();
    }
}
