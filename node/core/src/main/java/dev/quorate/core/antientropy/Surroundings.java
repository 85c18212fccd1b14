package dev.quorate.core.antientropy;

import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.LeafHash;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.KeyHasher;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.LoopLag;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.RandomSource;
import dev.quorate.core.storage.LeafRebuild;
import dev.quorate.core.storage.MerkleTree;
import dev.quorate.core.storage.ReplicaTable;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.version.CorruptRecordException;
import dev.quorate.core.version.RecordCodec;
import dev.quorate.core.version.StoredRecord;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the parts of anti-entropy on one node share. Confined to the event loop. */
public record Surroundings(
        NodeId self,
        CurrentRing ring,
        KeyHasher hasher,
        AntiEntropyConfig config,
        Storage storage,
        ReplicaTable records,
        MerkleTree tree,
        LeafRebuild rebuild,
        RecordCodec codec,
        Replicas replicas,
        Hints hints,
        PeerCalls peers,
        RecoveringSlots recovering,
        Clock clock,
        EventLoop loop,
        DeadlineWheel wheel,
        LoopLag lag,
        RandomSource random,
        Metrics metrics) {
    SlotTable table() {
        return ring.table();
    }

    int firstLeaf(int slot) {
        return MerkleTree.firstLeaf(slot, table().log2Slots());
    }

    int endLeaf(int slot) {
        return MerkleTree.endLeaf(slot, table().log2Slots());
    }

    int slotOf(KeyHash hash) {
        return hash.slot(table().log2Slots());
    }

    MerkleTree.Root root(int slot) {
        return tree.root(firstLeaf(slot), endLeaf(slot));
    }

    /** The leaves of a range that hold something, ascending. */
    List<LeafHash> leaves(int firstLeaf, int endLeaf) {
        List<LeafHash> leaves = new ArrayList<>();
        tree.visit(firstLeaf, endLeaf, (leaf, xor, count) -> leaves.add(new LeafHash(leaf, xor, count)));
        return leaves;
    }

    /** Null for a record that fails its checksum: it is neither hashed nor sent. */
    @Nullable
    StoredRecord decode(Storage.Entry entry) {
        try {
            return codec.decode(entry.value());
        } catch (CorruptRecordException damaged) {
            return null;
        }
    }
}
