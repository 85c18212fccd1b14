package dev.quorate.server.grpc;

import dev.quorate.core.peer.Failure;
import dev.quorate.core.runtime.Metrics;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import org.jspecify.annotations.Nullable;

/**
 * How much of clients' work the node holds at one time. What exceeds it is refused at once: a queue that grows would make every
 * operation late instead of some of them refused. As an interceptor it refuses unary calls before their body is read. Confined to
 * the event loop.
 */
public final class Admission implements ServerInterceptor {
    private final int maxOperations;
    private final long maxBytes;
    private final Metrics.Counter refused;
    private int operations;
    private long bytes;
    private long heldBytes;

    public Admission(int maxOperations, long maxBytes, Metrics metrics) {
        this.maxOperations = maxOperations;
        this.maxBytes = maxBytes;
        this.refused =
                metrics.counter("admission_refused_total", "Client operations refused because the node holds too many");
        metrics.gauge("admission_operations", "Client operations that the node holds", () -> operations);
        metrics.gauge(
                "admission_bytes",
                "Bytes of the client operations that the node holds, and of answers not taken",
                () -> bytes);
        metrics.gauge("admission_multi_bytes", "Bytes of the calls of many operations under way", () -> heldBytes);
    }

    /** Takes an operation in; null if it may go on, or else why not. */
    @Nullable
    Failure enter(long size) {
        if (isFull()) {
            return refuse();
        }
        operations++;
        bytes += size;
        return null;
    }

    /** Once for each that {@link #enter} let in, with the same size. */
    void leave(long size) {
        operations--;
        bytes -= size;
    }

    /**
     * Takes in a call of many operations: it holds its bytes while most of them wait for their turn, which is when {@link #enter} counts them.
     * Null if it may go on, or else why not.
     */
    @Nullable
    Failure hold(long size) {
        if (heldBytes >= maxBytes) {
            return refuse();
        }
        heldBytes += size;
        return null;
    }

    /** Once for each that {@link #hold} let in, with the same size. */
    void letGo(long size) {
        heldBytes -= size;
    }

    /** Counts what is answered and not taken yet like what is asked; negative when it was taken. */
    void keep(long size) {
        bytes += size;
    }

    private boolean isFull() {
        return operations >= maxOperations || bytes >= maxBytes;
    }

    private Failure refuse() {
        refused.increment();
        return Failure.of(Failure.Kind.OVERLOADED)
                .with("operations", operations)
                .with("bytes", bytes + heldBytes);
    }

    @Override
    public <Q, A> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
        boolean kv = "quorate.kv.v1.KvService".equals(call.getMethodDescriptor().getServiceName());
        if (kv && isFull()) {
            StatusRuntimeException overloaded = StatusMapping.exception(refuse());
            Metadata trailers = overloaded.getTrailers();
            call.close(overloaded.getStatus(), trailers == null ? new Metadata() : trailers);
            return new ServerCall.Listener<>() {};
        }
        return next.startCall(call, headers);
    }
}
