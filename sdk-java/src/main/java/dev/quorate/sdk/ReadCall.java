package dev.quorate.sdk;

import com.google.protobuf.MessageLite;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.GetResponse;
import dev.quorate.sdk.transport.NodeConnection;

/** A get. */
final class ReadCall<T> extends Call<Versioned<T>> {
    private final ValueShape<T> shape;
    private final GetRequest request;

    ReadCall(Engine engine, ValueShape<T> shape, byte[] key, ReadOptions options, long startNanos, long deadlineNanos) {
        super(engine, shape.bucket(), key, false, startNanos, deadlineNanos);
        this.shape = shape;
        GetRequest.Builder builder =
                GetRequest.newBuilder().setBucket(shape.bucket()).setKey(this.key);
        var wireOptions = Options.toWire(options);
        if (wireOptions != null) {
            builder.setOptions(wireOptions);
        }
        request = builder.build();
    }

    @Override
    public Kind kind() {
        return Kind.GET;
    }

    @Override
    boolean isWrite() {
        return false;
    }

    @Override
    boolean allowsDuplicates() {
        return true;
    }

    @Override
    protected MessageLite request() {
        return request;
    }

    @Override
    protected void got(NodeConnection from, GetResponse response) {
        engine.succeed(
                this,
                Versioned.answered(
                        shape,
                        key,
                        response.getSiblingsList(),
                        Context.of(response.getContext()),
                        response.getReport()));
    }
}
