package dev.quorate.sdk;

import com.google.protobuf.MessageLite;

/** Waits for a key's lane and keeps it until {@link Engine#release}: nobody else in this client writes the key meanwhile. */
final class LaneCall extends Call<WriteLanes.Lane> {
    LaneCall(Engine engine, String bucket, byte[] key, long startNanos, long deadlineNanos) {
        super(engine, bucket, key, true, startNanos, deadlineNanos);
    }

    @Override
    void proceed() {
        engine.grant(this);
    }

    @Override
    boolean isObserved() {
        return false;
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
        throw new IllegalStateException("waiting for a lane is not sent to a node");
    }
}
