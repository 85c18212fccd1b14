package dev.quorate.core.replication;

import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.version.VersionedObject;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Brings replicas that a read found stale up to date, after the client has its answer: the client waits for R replicas, stale ones for
 * nobody. Bounded in repairs per second; what is dropped, the next read or anti-entropy finds again. Confined to the event loop.
 */
final class ReadRepair {
    static final Duration TIMEOUT = Duration.ofSeconds(2);

    private final Local local;
    private final ReplicaSide replicaSide;
    private final TokenBucket permits;
    private final Metrics.Counter pushed;
    private final Metrics.Counter dropped;
    private final Metrics.Counter failed;
    private long lastAccrual;

    ReadRepair(Local local, ReplicaSide replicaSide) {
        this.local = local;
        this.replicaSide = replicaSide;
        this.permits = new TokenBucket(local.config().repairsPerSecond());
        this.lastAccrual = local.clock().nanos();
        this.pushed =
                local.metrics().counter("read_repairs_total", "Stale replicas sent the merged object after a read");
        this.dropped = local.metrics().counter("read_repairs_dropped_total", "Read repairs dropped at the rate limit");
        this.failed = local.metrics().counter("read_repairs_failed_total", "Read repairs that were not acknowledged");
    }

    /** Sends {@code merged} to a replica that answered {@code theirs}, if that lacks something. */
    void repairIfStale(Key key, NodeId replica, @Nullable VersionedObject theirs, VersionedObject merged) {
        if (!local.rules().isStale(theirs, merged)) {
            return;
        }
        accrue();
        if (!permits.take()) {
            dropped.increment();
            return;
        }
        push(key, replica, null, theirs, merged, this::count);
    }

    /**
     * Sends {@code merged} at once, as a client waits for it, and says whether the replica holds it then.
     *
     * @param owner whom the replica stands in for; itself if it is an owner
     */
    void repairFor(
            Key key,
            NodeId replica,
            NodeId owner,
            @Nullable VersionedObject theirs,
            VersionedObject merged,
            Consumer<Boolean> done) {
        push(key, replica, owner, theirs, merged, done);
    }

    /** {@code awaitedFor} null when nobody waits. */
    private void push(
            Key key,
            NodeId replica,
            @Nullable NodeId awaitedFor,
            @Nullable VersionedObject theirs,
            VersionedObject merged,
            Consumer<Boolean> done) {
        pushed.increment();
        VersionedObject repair = theirs == null ? merged : local.rules().repairOf(merged, theirs);
        PeerRequest.Cause cause = awaitedFor == null ? PeerRequest.Cause.READ_REPAIR : PeerRequest.Cause.CLIENT;
        NodeId hintFor = awaitedFor == null || awaitedFor.equals(replica) ? null : awaitedFor;
        PeerRequest.Replicate push = new PeerRequest.Replicate(
                key, repair, cause, hintFor, PeerRequest.Replicate.NEVER, PeerRequest.Keyed.ANY_ROW);
        if (replica.equals(local.self())) {
            replicaSide.replicate(
                    push, local.hasher().hash(key), reply -> done.accept(reply instanceof PeerReply.Replicated));
            return;
        }
        local.peers().call(replica, push, TIMEOUT, new PeerCalls.Waiter() {
            @Override
            public void answered(PeerReply reply) {
                done.accept(reply instanceof PeerReply.Replicated);
            }

            @Override
            public void failed(PeerCalls.CallFailure failure) {
                done.accept(false);
            }
        });
    }

    private void count(boolean done) {
        if (!done) {
            failed.increment();
        }
    }

    private void accrue() {
        long now = local.clock().nanos();
        permits.accrue((now - lastAccrual) / 1e9 * local.config().repairsPerSecond());
        lastAccrual = now;
    }
}
