package dev.quorate.core;

import dev.quorate.core.antientropy.Replicas;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.replication.Coordinator;
import dev.quorate.core.runtime.HybridClock;
import dev.quorate.core.version.VersionedObject;
import java.time.Duration;
import java.util.function.Consumer;

/** Lets anti-entropy merge as replication does, also for a damaged record. */
final class ReplicasOfCoordinator implements Replicas {
    /** Far longer than any message is on its way, far shorter than any deletion is remembered (rules.md A16). */
    private static final long GOOD_FOR = HybridClock.ofMillis(Duration.ofDays(1).toMillis());

    private final Coordinator coordinator;
    private final HybridClock clock;

    ReplicasOfCoordinator(Coordinator coordinator, HybridClock clock) {
        this.coordinator = coordinator;
        this.clock = clock;
    }

    @Override
    public boolean owns(NodeId node, Key key, KeyHash hash) {
        return coordinator.owns(node, key, hash);
    }

    @Override
    public boolean mayOwn(int slot) {
        return coordinator.mayOwn(slot);
    }

    @Override
    public void merge(Key key, KeyHash hash, VersionedObject object, Consumer<Merge> done) {
        PeerRequest.Replicate own = new PeerRequest.Replicate(
                key,
                object,
                PeerRequest.Cause.ANTI_ENTROPY,
                null,
                PeerRequest.Replicate.NEVER,
                PeerRequest.Keyed.ANY_ROW);
        coordinator.merge(own, hash, reply -> {
            boolean damaged =
                    reply instanceof PeerReply.Refused refused && refused.refusal() == PeerReply.Refusal.CORRUPT;
            done.accept(
                    reply instanceof PeerReply.Replicated ? Merge.DURABLE : damaged ? Merge.DAMAGED : Merge.REFUSED);
        });
    }

    @Override
    public PeerRequest.Replicate push(Key key, VersionedObject object) {
        return new PeerRequest.Replicate(
                key, object, PeerRequest.Cause.ANTI_ENTROPY, null, clock.last() + GOOD_FOR, PeerRequest.Keyed.ANY_ROW);
    }
}
