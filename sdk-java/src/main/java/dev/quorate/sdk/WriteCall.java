package dev.quorate.sdk;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import com.google.protobuf.UnsafeByteOperations;
import dev.quorate.proto.kv.v1.DeleteRequest;
import dev.quorate.proto.kv.v1.DeleteResponse;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.proto.kv.v1.PutResponse;
import dev.quorate.proto.kv.v1.Report;
import dev.quorate.proto.kv.v1.Sibling;
import dev.quorate.sdk.transport.NodeConnection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A put, or a delete when there is no value. */
final class WriteCall<T> extends Call<Versioned<T>> {
    private final ValueShape<T> shape;
    private final @Nullable T value;
    private final @Nullable ByteString encoded;
    private final @Nullable Context explicitContext;
    private final WriteOptions options;
    private final dev.quorate.proto.kv.v1.WriteOptions.Builder wireOptions;

    /**
     * @param explicitContext null to carry that of this client's last write of the key
     * @param usesLane whether to wait for this client's earlier writes of the key; false for blind writes, and for updates, which hold the
     *     lane themselves
     */
    WriteCall(
            Engine engine,
            ValueShape<T> shape,
            byte[] key,
            @Nullable T value,
            @Nullable Context explicitContext,
            WriteOptions options,
            boolean usesLane,
            long startNanos,
            long deadlineNanos) {
        super(engine, shape.bucket(), key, usesLane, startNanos, deadlineNanos);
        this.shape = shape;
        this.value = value;
        this.encoded = value == null ? null : UnsafeByteOperations.unsafeWrap(shape.encode(value));
        this.explicitContext = explicitContext;
        Sizes.checkWrite(key, valueBytes(), explicitContext);
        this.options = options;
        this.wireOptions = Options.toWire(options).setRequestId(engine.newRequestId());
    }

    int valueBytes() {
        return encoded == null ? 0 : encoded.size();
    }

    @Override
    public Kind kind() {
        return encoded == null ? Kind.DELETE : Kind.PUT;
    }

    @Override
    boolean isWrite() {
        return true;
    }

    @Override
    boolean allowsDuplicates() {
        return options.allowDuplicates();
    }

    /** Whether the next attempt sends what this client remembers of its own writes. */
    boolean sendsCarriedContext() {
        return explicitContext == null && lane != null && !lane.context().isEmpty();
    }

    // The attempt number counts attempts that may have been applied: it warns the coordinator, and a refused
    // connection is no reason to. A write that says it has seen nothing counts as a later attempt from the
    // start: only the first attempt of a write without a context may replace what the coordinator holds, and
    // this one must not.
    @Override
    protected MessageLite request() {
        ByteString context =
                explicitContext != null ? explicitContext.raw() : lane != null ? lane.context() : ByteString.EMPTY;
        boolean seenNothing = explicitContext != null && explicitContext.isEmpty() && !options.ifAbsent();
        wireOptions.setAttempt((seenNothing ? 2 : 1) + possiblyAppliedAttempts());
        if (encoded == null) {
            return DeleteRequest.newBuilder()
                    .setBucket(bucket)
                    .setKey(key)
                    .setContext(context)
                    .setOptions(wireOptions)
                    .build();
        }
        return PutRequest.newBuilder()
                .setBucket(bucket)
                .setKey(key)
                .setValue(encoded)
                .setContext(context)
                .setOptions(wireOptions)
                .build();
    }

    private int possiblyAppliedAttempts() {
        int count = 0;
        for (QuorateException.Attempt attempt : attempts) {
            if (attempt.possiblyApplied()) {
                count++;
            }
        }
        return count;
    }

    @Override
    protected void put(NodeConnection from, PutResponse response) {
        written(response.getContext(), response.getSiblingsList(), response.getReport());
    }

    @Override
    protected void deleted(NodeConnection from, DeleteResponse response) {
        written(response.getContext(), response.getSiblingsList(), response.getReport());
    }

    private void written(ByteString context, List<Sibling> siblings, Report report) {
        if (lane != null) {
            engine.lanes().answered(lane, context);
        }
        Context seen = Context.of(context);
        engine.succeed(
                this,
                options.returnSiblings()
                        ? Versioned.answered(shape, key, siblings, seen, report)
                        : Versioned.written(shape, key, value, seen, report));
    }
}
