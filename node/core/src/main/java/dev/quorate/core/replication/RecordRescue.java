package dev.quorate.core.replication;

import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.storage.Lookup;
import dev.quorate.core.storage.Storage.WriteKind;
import dev.quorate.core.version.StoredRecord;
import dev.quorate.core.version.VersionedObject;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Replaces a damaged record by what the other owners hold, once all of them have answered: with any W another may be the only one
 * that still holds an acknowledged write, and a read that asks all but that one would count this copy (rules.md A7). Until then the key counts for
 * nothing on this node. The new record has no own interval: what was minted here and only stood in the damaged one is not claimed.
 * Outside the row there is no reason to make it again: it is dropped. Confined to the event loop.
 */
final class RecordRescue {
    static final Duration TIMEOUT = Duration.ofSeconds(2);
    static final int MAX_UNDER_WAY = 256;

    private final Local local;
    // Membership tests only, never iterated.
    private final Set<KeyHash> underWay = new HashSet<>();
    private final Metrics.Counter rescued;
    private final Metrics.Counter postponed;
    private final Metrics.Counter hintsLost;

    RecordRescue(Local local) {
        this.local = local;
        this.rescued =
                local.metrics().counter("records_rescued_total", "Damaged records replaced by what other owners hold");
        this.hintsLost = local.metrics()
                .counter("hints_damaged_total", "Damaged records that this node had kept for owners only, dropped");
        this.postponed = local.metrics()
                .counter(
                        "records_rescue_postponed_total",
                        "Rescues put off: too many at once, not all owners answered, or storage takes no writes");
    }

    void start(Key key, KeyHash hash) {
        List<NodeId> owners = local.owners(key, hash);
        if (owners.isEmpty() || underWay.contains(hash)) {
            return;
        }
        boolean owns = owners.contains(local.self());
        if (!owns && !local.handovers().receives(local.slot(hash))) {
            forget(key, hash);
            return;
        }
        int others = owners.size() - (owns ? 1 : 0);
        if (underWay.size() >= MAX_UNDER_WAY || others == 0) {
            postponed.increment();
            return;
        }
        underWay.add(hash);
        new Attempt(key, hash, others).ask(owners);
    }

    /** What was kept for an owner and cannot be read is nothing that could still be handed to it: the other copies have to do. */
    private void forget(Key key, KeyHash hash) {
        boolean accepted = local.replicas().update(key, hash, lookup -> {
            if (!(lookup instanceof Lookup.Damaged)) {
                return;
            }
            if (local.storage().refusal(WriteKind.CLIENT_DELETE) != null) {
                postponed.increment();
                return;
            }
            local.replicas().replaceDamaged(hash, null).whenComplete((done, failure) -> {
                if (failure == null) {
                    hintsLost.increment();
                }
            });
        });
        if (!accepted) {
            postponed.increment();
        }
    }

    private final class Attempt {
        private final Key key;
        private final KeyHash hash;
        private int outstanding;
        private boolean complete = true;
        private @Nullable VersionedObject merged;

        Attempt(Key key, KeyHash hash, int outstanding) {
            this.key = key;
            this.hash = hash;
            this.outstanding = outstanding;
        }

        void ask(List<NodeId> owners) {
            for (NodeId owner : owners) {
                if (!owner.equals(local.self())) {
                    local.peers()
                            .call(
                                    owner,
                                    PeerRequest.Read.ofOwner(key, local.rowEpoch(hash)),
                                    TIMEOUT,
                                    new PeerCalls.Waiter() {
                                        @Override
                                        public void answered(PeerReply reply) {
                                            if (reply instanceof PeerReply.ReadReply read) {
                                                add(read.object());
                                            } else {
                                                complete = false;
                                            }
                                            settle();
                                        }

                                        @Override
                                        public void failed(PeerCalls.CallFailure failure) {
                                            complete = false;
                                            settle();
                                        }
                                    });
                }
            }
        }

        private void add(@Nullable VersionedObject object) {
            if (object != null) {
                merged = merged == null ? object : local.rules().versions().merge(merged, object);
            }
        }

        private void settle() {
            outstanding--;
            if (outstanding > 0) {
                return;
            }
            boolean taken = complete && local.replicas().update(key, hash, this::replace);
            if (!taken) {
                postponed.increment();
                underWay.remove(hash);
            }
        }

        private void replace(Lookup lookup) {
            underWay.remove(hash);
            if (!(lookup instanceof Lookup.Damaged)) {
                return;
            }
            if (local.storage().refusal(WriteKind.BACKGROUND) != null) {
                postponed.increment();
                return;
            }
            VersionedObject object = merged;
            CompletionStage<?> durable =
                    local.replicas().replaceDamaged(hash, object == null ? null : new StoredRecord(key, object, null));
            durable.whenComplete((done, failure) -> {
                if (failure == null) {
                    rescued.increment();
                }
            });
        }
    }
}
