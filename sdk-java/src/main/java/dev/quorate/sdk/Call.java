package dev.quorate.sdk;

import com.google.protobuf.ByteString;
import dev.quorate.proto.kv.v1.DeleteResponse;
import dev.quorate.proto.kv.v1.GetResponse;
import dev.quorate.proto.kv.v1.PutResponse;
import dev.quorate.sdk.routing.Ring;
import dev.quorate.sdk.transport.Exchange;
import dev.quorate.sdk.transport.Failure;
import dev.quorate.sdk.transport.NodeConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One call of the program from admission to its end, over as many attempts as it takes. Built by the calling thread, which encodes keys
 * and values; from {@link #run} on it belongs to the client's loop.
 *
 * @param <A> what the call's future is completed with
 */
abstract class Call<A> extends Exchange implements Runnable {
    /** What the call waits for. */
    enum Stage {
        /** Not on the loop yet. */
        NEW,
        /** Earlier writes of the same key. */
        LANE,
        /** The first topology. */
        TOPOLOGY,
        /** A node's answer, or the connection to it. */
        NODE,
        /** The coordinator's return, to see whether it is still at the same boot. */
        RECONNECT,
        /** The delay before another attempt. */
        DELAY,
        DONE
    }

    final Engine engine;
    final CompletableFuture<A> result = new CompletableFuture<>();
    final String bucket;
    final byte[] keyBytes;
    final ByteString key;
    final long startNanos;
    final long deadlineNanos;

    Stage stage = Stage.NEW;
    int liveIndex = -1;

    /** What {@link Admission} has to be given back; 0 for a call that runs on the admission of another. */
    int admittedBytes;

    WriteLanes.@Nullable Lane lane;
    boolean leavesLane;

    /** What runs when the lane is free; null before the call has asked for it. */
    @Nullable
    Runnable laneTurn;

    /** Null for calls that use no lane. */
    final WriteLanes.@Nullable LaneKey laneKey;

    private boolean positioned;
    private long position;
    private int owners;

    @Nullable
    Node node;

    long attemptStartNanos;

    /** Times that all nodes have been tried in vain. */
    int rounds;

    /** When to look for a node that may be quicker. */
    long overdueAtNanos;

    long resumeAtNanos;
    boolean resumesAtSameBoot;
    int attemptsMade;
    int answeredAttempts;
    List<QuorateException.Attempt> attempts = List.of();
    List<Node> tried = List.of();

    /** The failure to report when the call ends in failure with nothing possibly applied. */
    @Nullable
    Failure mostTelling;

    /** The first failure after which a write may have been applied. */
    @Nullable
    Failure uncertain;

    @Nullable
    Node pinnedNode;

    long pinnedBoot;

    Call(Engine engine, String bucket, byte[] keyBytes, boolean usesLane, long startNanos, long deadlineNanos) {
        this.engine = engine;
        this.bucket = bucket;
        this.keyBytes = keyBytes;
        this.key = com.google.protobuf.UnsafeByteOperations.unsafeWrap(keyBytes);
        this.startNanos = startNanos;
        this.deadlineNanos = deadlineNanos;
        if (usesLane) {
            laneKey = new WriteLanes.LaneKey(bucket, keyBytes);
            leavesLane = true;
        } else {
            laneKey = null;
        }
        locate(engine.ring());
    }

    abstract boolean isWrite();

    abstract boolean allowsDuplicates();

    /** What the call does once it is its turn. */
    void proceed() {
        engine.dispatch(this);
    }

    /** Whether the request listener hears of it. */
    boolean isObserved() {
        return true;
    }

    /** The position on the ring, hashed by the calling thread if the topology was known by then. */
    final boolean locate(@Nullable Ring ring) {
        if (!positioned && ring != null) {
            Ring.Bucket placed = ring.bucket(bucket);
            if (placed != null) {
                position = ring.keySlots().position(placed.id(), keyBytes);
                owners = placed.owners();
                positioned = true;
            }
        }
        return positioned;
    }

    final long position() {
        return position;
    }

    /** How many of the row at the position own the key. */
    final int owners() {
        return owners;
    }

    @Override
    public final void run() {
        engine.start(this);
    }

    @Override
    protected final long deadlineNanos() {
        return deadlineNanos;
    }

    @Override
    protected final void failed(NodeConnection from, Failure failure) {
        engine.attemptFailed(this, failure);
    }

    @Override
    protected void got(NodeConnection from, GetResponse response) {
        throw new IllegalStateException("a " + kind() + " was answered as a get");
    }

    @Override
    protected void put(NodeConnection from, PutResponse response) {
        throw new IllegalStateException("a " + kind() + " was answered as a put");
    }

    @Override
    protected void deleted(NodeConnection from, DeleteResponse response) {
        throw new IllegalStateException("a " + kind() + " was answered as a delete");
    }

    final void addAttempt(QuorateException.Attempt attempt) {
        if (attempts.isEmpty()) {
            attempts = new ArrayList<>(2);
        }
        attempts.add(attempt);
    }

    /** What a node said matters more than that another could not be reached. */
    final void remember(Failure failure) {
        if (mostTelling == null || weight(failure) >= weight(mostTelling)) {
            mostTelling = failure;
        }
    }

    private static int weight(Failure failure) {
        return switch (failure.kind()) {
            case NOT_CONNECTED -> 0;
            case WRONG_CLUSTER -> 1;
            case LOST, SILENT, ANSWERED -> 2;
        };
    }

    /** A failure that did not come to this call alone. */
    final void addFailure(Failure failure) {
        remember(failure);
        addAttempt(new QuorateException.Attempt(failure.node(), failure.address(), failure.text(), false));
    }

    /** What decides the reason of the call's failure: that a write may have been applied, or else what tells most. */
    final @Nullable Failure decisiveFailure() {
        return uncertain != null ? uncertain : mostTelling;
    }

    /** The failure of a call for which nothing is left to try. */
    final QuorateException failure() {
        Failure decisive = decisiveFailure();
        QuorateException.Reason reason =
                decisive == null ? QuorateException.Reason.CONNECT_FAILED : RetryPolicy.reason(decisive);
        return new QuorateException(
                reason,
                decisive == null || reason == QuorateException.Reason.CONNECT_FAILED
                        ? "no node could be reached"
                        : decisive.text(),
                RetryPolicy.mayPass(reason),
                uncertain != null,
                attempts,
                decisive == null ? Map.of() : decisive.details(),
                decisive == null ? null : decisive.cause());
    }

    final void addTried(Node failed) {
        if (tried.isEmpty()) {
            tried = new ArrayList<>(3);
        }
        tried.add(failed);
    }

    RequestListener.Operation operation() {
        return switch (kind()) {
            case GET -> RequestListener.Operation.GET;
            case PUT -> RequestListener.Operation.PUT;
            case DELETE -> RequestListener.Operation.DELETE;
        };
    }
}
