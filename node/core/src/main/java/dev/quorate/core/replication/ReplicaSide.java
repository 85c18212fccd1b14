package dev.quorate.core.replication;

import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Handover;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.runtime.HybridClock;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.Watched;
import dev.quorate.core.storage.Lookup;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.Storage.WriteKind;
import dev.quorate.core.version.Hint;
import dev.quorate.core.version.Sibling;
import dev.quorate.core.version.StoredRecord;
import dev.quorate.core.version.VersionedObject;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a node does as a replica of a key: merges what it is sent, and says what it holds. Confined to the event loop. */
final class ReplicaSide {
    private final Local local;
    private final HybridClock hybridClock;
    private final RecordRescue rescue;
    private final HintKeeper keeper;
    private final Metrics.Counter merges;
    private final Metrics.Counter noOps;
    private final Metrics.Counter notOwner;
    private final Metrics.Counter notReady;
    private final Metrics.Counter expired;

    ReplicaSide(Local local, HybridClock hybridClock, RecordRescue rescue, HintKeeper keeper) {
        this.local = local;
        this.hybridClock = hybridClock;
        this.rescue = rescue;
        this.keeper = keeper;
        this.merges = local.metrics().counter("replica_merges_total", "Objects merged for a coordinator");
        this.noOps = local.metrics().counter("replica_merges_unchanged_total", "Objects received that changed nothing");
        this.notOwner = local.metrics().counter("not_owner_total", "Requests for keys this node does not own");
        this.notReady = local.metrics()
                .counter(
                        "reads_while_recovering_total",
                        "Reads not answered because this node may have lost the record");
        this.expired =
                local.metrics().counter("replica_merges_expired_total", "Objects dropped because they came too late");
    }

    void replicate(PeerRequest.Replicate request, KeyHash hash, Consumer<PeerReply> answer) {
        List<NodeId> owners = local.owners(request.key(), hash);
        NodeId standsInFor = request.handover() != null || owners.contains(local.self()) ? null : request.hintFor();
        PeerReply.Refusal mayNot = mayNotHold(request, hash, owners, standsInFor);
        if (mayNot != null) {
            answer.accept(new PeerReply.Refused(mayNot));
            return;
        }
        if (standsInFor == null && local.unfenced().test(local.slot(hash))) {
            // Others could still agree with the dead owner, whose place this is, against it.
            notReady.increment();
            answer.accept(new PeerReply.Refused(PeerReply.Refusal.NOT_READY));
            return;
        }
        if (request.expiresAt() != PeerRequest.Replicate.NEVER && request.expiresAt() < hybridClock.last()) {
            expired.increment();
            answer.accept(new PeerReply.Refused(PeerReply.Refusal.EXPIRED));
            return;
        }
        for (Sibling sibling : request.object().siblings()) {
            hybridClock.observe(sibling.hybridTime());
        }
        WriteKind kind = request.cause() == PeerRequest.Cause.CLIENT ? WriteKind.REPLICA_MERGE : WriteKind.BACKGROUND;
        merge(request, hash, standsInFor, kind, answer);
    }

    /** Why this node is not to hold the object, if it is not. */
    private PeerReply.@Nullable Refusal mayNotHold(
            PeerRequest.Replicate request, KeyHash hash, List<NodeId> owners, @Nullable NodeId standsInFor) {
        Handover handover = request.handover();
        if (handover != null) {
            return local.handovers().admits(local.slot(hash), handover) ? null : PeerReply.Refusal.NO_MOVE;
        }
        if (!owners.contains(standsInFor == null ? local.self() : standsInFor)) {
            // State kept outside the row for nobody is seen by no repair and may come back after everybody forgot the
            // key (rules.md A10).
            notOwner.increment();
            return PeerReply.Refusal.NOT_OWNER;
        }
        boolean refuses = standsInFor != null && !local.mayStandIn(hash);
        return refuses ? PeerReply.Refusal.NOT_READY : null;
    }

    /** Merges an object into what this node holds, and answers when the result is durable. */
    private void merge(
            PeerRequest.Replicate request,
            KeyHash hash,
            @Nullable NodeId standsInFor,
            WriteKind kind,
            Consumer<PeerReply> answer) {
        if (refuses(kind, answer)) {
            return;
        }
        Key key = request.key();
        VersionedObject incoming = request.object();
        RingState ring = local.ring().state();
        boolean accepted = local.replicas().update(key, hash, lookup -> {
            if (ring != local.ring().state()) {
                // While it waited for its turn, the slot may have changed hands.
                PeerReply.Refusal mayNot = mayNotHold(request, hash, local.owners(key, hash), standsInFor);
                if (mayNot != null) {
                    answer.accept(
                            new PeerReply.Refused(isStale(request, hash) ? PeerReply.Refusal.STALE_RING : mayNot));
                    return;
                }
            }
            if (lookup instanceof Lookup.Damaged && !local.rules().damageIsAbsence()) {
                rescue.start(key, hash);
                answer.accept(new PeerReply.Refused(PeerReply.Refusal.CORRUPT));
                return;
            }
            StoredRecord held = lookup instanceof Lookup.Found found ? found.record() : null;
            StoredRecord merged = local.rules().versions().merge(held, key, incoming);
            if (standsInFor != null) {
                if (!keeper.takes(merged, standsInFor)) {
                    answer.accept(new PeerReply.Refused(PeerReply.Refusal.HINTS_FULL));
                    return;
                }
                merged = keeper.withHint(merged, standsInFor, false);
            }
            if (merged == held) {
                noOps.increment();
                acknowledge(
                        request,
                        hash,
                        local.rules().noOpWaitsForBarrier() ? local.replicas().barrier(hash) : null,
                        answer);
            } else if (!refuses(kind, answer)) {
                // Asked again, because it may have waited behind a read, with thousands of others.
                merges.increment();
                if (standsInFor != null) {
                    keeper.kept();
                }
                CompletionStage<Storage.Durable> durable = local.replicas().commit(hash, held, merged);
                acknowledge(request, hash, local.rules().acknowledgesOnlyDurable() ? durable : null, answer);
            }
        });
        if (!accepted) {
            answer.accept(new PeerReply.Refused(PeerReply.Refusal.OVERLOADED));
        }
    }

    void read(PeerRequest.Read request, KeyHash hash, Consumer<PeerReply> answer) {
        Key key = request.key();
        Handover handover = request.handover();
        if (handover != null) {
            if (local.handovers().admits(local.slot(hash), handover)) {
                // It may have gone on from here.
                read(key, hash, answer);
            } else {
                answer.accept(new PeerReply.Refused(PeerReply.Refusal.NO_MOVE));
            }
            return;
        }
        List<NodeId> owners = local.owners(key, hash);
        NodeId standingFor = request.standingFor();
        boolean owns = owners.contains(local.self());
        boolean asked = owns || standingFor != null && owners.contains(standingFor);
        if (asked && !owns && !local.mayStandIn(hash)) {
            answer.accept(new PeerReply.Refused(PeerReply.Refusal.NOT_READY));
            return;
        }
        if (!asked) {
            notOwner.increment();
            answer.accept(new PeerReply.Refused(PeerReply.Refusal.NOT_OWNER));
            return;
        }
        read(key, hash, answer);
    }

    /** Says what this node holds, or who may be the owner in its place by now. */
    void read(Key key, KeyHash hash, Consumer<PeerReply> answer) {
        if (local.handovers().proxiesReads(local.slot(hash))) {
            local.handovers().read(key, hash, answer);
        } else {
            readHere(key, hash, answer);
        }
    }

    private void readHere(Key key, KeyHash hash, Consumer<PeerReply> answer) {
        boolean recovering = local.recovering().test(local.slot(hash));
        if (recovering && !local.rules().recoveringAnswersReads()) {
            notReady.increment();
            answer.accept(new PeerReply.Refused(PeerReply.Refusal.NOT_READY));
            return;
        }
        local.replicas().read(key, hash, lookup -> {
            if (lookup instanceof Lookup.Damaged && !local.rules().damageIsAbsence()) {
                rescue.start(key, hash);
                answer.accept(new PeerReply.Refused(PeerReply.Refusal.CORRUPT));
                return;
            }
            PeerReply reply = new PeerReply.ReadReply(
                    lookup instanceof Lookup.Found found ? found.record().object() : null);
            Bucket bucket = local.bucketsById().get(key.bucketId());
            if (bucket == null || bucket.readRepair() == Bucket.Repair.ASYNC) {
                answer.accept(reply);
                return;
            }
            // What one read shows, every later one is to show: so nothing that a crash could still undo.
            Watched.whenComplete(local.replicas().barrier(hash), local.loop(), (durable, failure) -> {
                if (failure == null) {
                    answer.accept(reply);
                }
            });
        });
    }

    /** Says what this node holds and for whom, as an owner or not. */
    void inspect(Key key, Consumer<PeerReply> answer) {
        KeyHash hash = local.hasher().hash(key);
        local.replicas().read(key, hash, lookup -> {
            if (lookup instanceof Lookup.Damaged) {
                answer.accept(new PeerReply.Refused(PeerReply.Refusal.CORRUPT));
                return;
            }
            StoredRecord held = lookup instanceof Lookup.Found found ? found.record() : null;
            answer.accept(
                    held == null
                            ? new PeerReply.Inspected(null, List.of())
                            : new PeerReply.Inspected(
                                    held.object(),
                                    held.hints().stream().map(Hint::owner).toList()));
        });
    }

    /** {@code durable} null acknowledges at once, which only a planted mistake does. */
    private void acknowledge(
            PeerRequest.Replicate request,
            KeyHash hash,
            @Nullable CompletionStage<Storage.Durable> durable,
            Consumer<PeerReply> answer) {
        if (durable == null) {
            answer.accept(PeerReply.Replicated.INSTANCE);
            return;
        }
        Watched.whenComplete(durable, local.loop(), (done, failure) -> {
            // A failed log has ended the process, or is about to: no answer is the honest one, the write may have been
            // applied.
            if (failure == null || local.rules().failedCommitIsDurable()) {
                answer.accept(PeerReply.Replicated.INSTANCE);
            } else if (isStale(request, hash)) {
                // The slot is another's, and that one did not get it from here: what was done here counts for nothing.
                answer.accept(new PeerReply.Refused(PeerReply.Refusal.STALE_RING));
            } else if (request.cause() == PeerRequest.Cause.ANTI_ENTROPY) {
                // Nobody counts it as a copy, and this node's own exchanges wait for it without a timeout.
                answer.accept(new PeerReply.Refused(PeerReply.Refusal.NOT_READY));
            }
        });
    }

    private boolean isStale(PeerRequest.Replicate request, KeyHash hash) {
        long theirs = request.rowEpoch();
        return theirs != PeerRequest.Keyed.ANY_ROW && local.rules().rowIsStale(theirs, local.rowEpoch(hash));
    }

    /** Whether storage takes no write of this kind now; then the answer is given. */
    private boolean refuses(WriteKind kind, Consumer<PeerReply> answer) {
        Storage.Refusal refusal = local.storage().refusal(kind);
        if (refusal == null) {
            return false;
        }
        answer.accept(new PeerReply.Refused(
                switch (refusal) {
                    case OVERLOADED -> PeerReply.Refusal.OVERLOADED;
                    case STORAGE_FULL -> PeerReply.Refusal.STORAGE_FULL;
                }));
        return true;
    }
}
