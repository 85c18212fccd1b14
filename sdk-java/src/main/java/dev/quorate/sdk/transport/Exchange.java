package dev.quorate.sdk.transport;

import com.google.protobuf.MessageLite;
import dev.quorate.proto.kv.v1.DeleteResponse;
import dev.quorate.proto.kv.v1.GetResponse;
import dev.quorate.proto.kv.v1.PutResponse;
import org.jspecify.annotations.Nullable;

/**
 * One attempt of one operation at one node. Confined to the client's loop. A connection ends it by exactly one of the callbacks, unless
 * {@link NodeConnection#forget} comes first. The connection keeps its own marks in the object: at hundreds of thousands of operations per
 * second an envelope per attempt would show.
 */
public abstract class Exchange {
    /** The shape of {@link #request}. */
    public enum Kind {
        GET,
        PUT,
        DELETE
    }

    /** Zero while it has not been sent on a stream. */
    long id;

    long sentAtNanos;
    long sentAtBoot;
    boolean queued;

    @Nullable
    Runnable cancel;

    public abstract Kind kind();

    /** Called when the connection is about to send it: a GetRequest, PutRequest or DeleteRequest as {@link #kind} says. */
    protected abstract MessageLite request();

    /** Of the whole operation, on the loop's clock. */
    protected abstract long deadlineNanos();

    protected abstract void got(NodeConnection from, GetResponse response);

    protected abstract void put(NodeConnection from, PutResponse response);

    protected abstract void deleted(NodeConnection from, DeleteResponse response);

    protected abstract void failed(NodeConnection from, Failure failure);

    /** Whether the request has left; only meaningful between {@code send} and its end. */
    public final boolean wasSent() {
        return sentAtNanos != 0;
    }

    final void markSent(long nowNanos, long boot) {
        queued = false;
        sentAtNanos = nowNanos;
        sentAtBoot = boot;
    }

    final void clearMarks() {
        id = 0;
        sentAtNanos = 0;
        sentAtBoot = 0;
        queued = false;
        cancel = null;
    }
}
