package dev.quorate.core.replication;

import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.runtime.HybridClock;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.storage.Lookup;
import dev.quorate.core.storage.Storage.WriteKind;
import dev.quorate.core.version.StoredRecord;

/** Decides whether this node keeps a record for an owner that is away, within the bound for each owner. Confined to the event loop. */
final class HintKeeper {
    private final Local local;
    private final HybridClock hybridClock;
    private final Metrics.Counter asked;
    private final Metrics.Counter kept;
    private final Metrics.Counter dropped;
    private final Metrics.Counter refused;

    HintKeeper(Local local, HybridClock hybridClock) {
        this.local = local;
        this.hybridClock = hybridClock;
        Metrics metrics = local.metrics();
        this.asked = metrics.counter("stand_ins_asked_total", "Nodes asked to stand in for an owner of a write");
        this.kept = metrics.counter("hints_kept_total", "Hints stored for an owner that could not be had");
        this.dropped = metrics.counter(
                "hints_dropped_total",
                "Hints an owner did without because too many wait for another owner, or its disk takes no more");
        this.refused = metrics.counter(
                "hints_refused_total",
                "Writes a node outside the row refused because too many hints wait for the owner");
    }

    void asked() {
        asked.increment();
    }

    void kept() {
        kept.increment();
    }

    boolean hasRoomFor(NodeId owner) {
        return local.replicas().hints().backlog(owner).bytes() < local.config().hintBytesPerOwner();
    }

    /** Whether a node outside the row takes an object in that owner's stead; counts it if not. */
    boolean takes(StoredRecord record, NodeId owner) {
        boolean takes = record.hintFor(owner) != null
                || hasRoomFor(owner)
                || local.rules().hints().mayDoWithout(false);
        if (!takes) {
            refused.increment();
        }
        return takes;
    }

    /** The record with a hint for that owner; without, if there is no room, which a node outside the row asks {@link #takes} about first. */
    StoredRecord withHint(StoredRecord record, NodeId owner, boolean ownsKey) {
        if (record.hintFor(owner) != null) {
            return record;
        }
        if (!hasRoomFor(owner)) {
            dropped.increment();
            return record;
        }
        if (!ownsKey && !local.rules().hints().remembersWhoseItIs()) {
            return record;
        }
        return record.withHint(owner, hybridClock.last());
    }

    /** Adds a hint to the record this node holds, whatever that is by now. */
    void keep(Key key, KeyHash hash, NodeId owner, boolean ownsKey) {
        boolean accepted = local.replicas().update(key, hash, lookup -> {
            if (!(lookup instanceof Lookup.Found found)) {
                return;
            }
            StoredRecord held = found.record();
            StoredRecord hinted = withHint(held, owner, ownsKey);
            if (hinted == held) {
                return;
            }
            if (local.storage().refusal(WriteKind.BACKGROUND) != null) {
                dropped.increment();
                return;
            }
            // Nobody waits for it; a failed log ends the process.
            local.replicas().commit(hash, held, hinted).whenComplete((done, failure) -> {
                if (failure == null) {
                    kept.increment();
                }
            });
        });
        if (!accepted) {
            dropped.increment();
        }
    }
}
