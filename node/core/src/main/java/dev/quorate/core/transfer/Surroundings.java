package dev.quorate.core.transfer;

import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.HybridClock;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.storage.MerkleTree;
import dev.quorate.core.storage.ReplicaTable;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.TransferRules;
import java.time.Duration;

/** What the parts of transfer on one node share, and what it needs of others. Confined to the event loop. */
public record Surroundings(
        NodeId self,
        CurrentRing ring,
        TransferConfig config,
        TransferRules rules,
        Storage storage,
        ReplicaTable records,
        MerkleTree tree,
        PeerCalls peers,
        Ownership ownership,
        SlotCopier copier,
        Flips flips,
        RingNews news,
        Clock clock,
        HybridClock hybridClock,
        EventLoop loop,
        DeadlineWheel wheel,
        Metrics metrics) {
    /** Far longer than any message is on its way, far shorter than any deletion is remembered (rules.md A16). */
    private static final long GOOD_FOR = HybridClock.ofMillis(Duration.ofDays(1).toMillis());

    /** What this node is to hold, beyond what rows of slots say. */
    public interface Ownership {
        /** Whether this node owns the key by the ring of now: not every bucket has as many owners as a row. */
        boolean owns(Key key, KeyHash hash);

        /** Whether this node may have lost what it acknowledged in the slot, and answers no reads of it. */
        boolean recovering(int slot);

        /** The slot is this node's without having been handed over: it has to hear the other owners out before it answers reads. */
        void recover(int slot);
    }

    int slotOf(KeyHash hash) {
        return hash.slot(ring.table().log2Slots());
    }

    boolean owns(int slot) {
        return ring.table().owns(self, slot);
    }

    /** Records that this node holds of the slot, for whomever. */
    long records(int slot) {
        int log2Slots = ring.table().log2Slots();
        return tree.root(MerkleTree.firstLeaf(slot, log2Slots), MerkleTree.endLeaf(slot, log2Slots))
                .count();
    }

    long expiry() {
        return hybridClock.last() + GOOD_FOR;
    }
}
