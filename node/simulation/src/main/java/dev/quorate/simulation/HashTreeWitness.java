package dev.quorate.simulation;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.storage.LeafDelta;
import dev.quorate.core.storage.LeafRebuild;
import dev.quorate.core.storage.LeafSums;
import dev.quorate.core.storage.MerkleTree;
import dev.quorate.core.storage.ObjectDigest;
import dev.quorate.core.storage.Table;
import dev.quorate.core.version.RecordCodec;
import dev.quorate.core.version.StoredRecord;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** I7, by sums and trees: what a node says about its records as a whole is what they are, and owners that are equal say the same. */
final class HashTreeWitness {
    /** What the machines hold. */
    interface Holdings {
        /** Null where it holds none. */
        @Nullable
        StoredRecord held(NodeId owner, Bytes storageKey);
    }

    private final RecordCodec codec = new RecordCodec();
    private final ObjectDigest digests;
    private final Findings findings;

    HashTreeWitness(ObjectDigest digests, Findings findings) {
        this.digests = digests;
        this.findings = findings;
    }

    /** I7: what a disk says about its records in sums is what they are, whatever was lost in the crash. */
    void leavesAgree(int number, SimDisk disk) {
        if (disk.table(Table.META).isEmpty()) {
            // No node has ever started on it.
            return;
        }
        LeafSums sums = new LeafSums();
        disk.table(Table.DATA).forEach((at, bytes) -> {
            KeyHash hash = KeyHash.fromBytes(at);
            sums.add(
                    MerkleTree.leafOf(hash),
                    digests.of(hash, codec.decode(bytes).object()),
                    1);
        });
        disk.table(Table.MERKLE).forEach((at, bytes) -> {
            LeafDelta leaf = LeafDelta.of(at, bytes);
            sums.add(leaf.leaf(), leaf.xor(), -leaf.count());
        });
        TreeSet<Integer> suspects = new TreeSet<>();
        disk.table(Table.META).keySet().forEach(key -> {
            Integer suspect = LeafRebuild.markedBy(key);
            if (suspect != null) {
                suspects.add(suspect);
            }
        });
        sums.visit(0, LeafSums.LEAVES, (leaf, xor, count) -> {
            if (!suspects.contains(leaf)) {
                findings.violated(
                        "I7", "", "n" + number + " starts with leaf " + leaf + " off by " + count + " records");
            }
        });
    }

    /** I7: null when all owners of each key hold the same siblings of it, and their hash trees say so; otherwise what differs. */
    @Nullable
    String difference(SlotTable table, SortedMap<Integer, MerkleTree> trees, SortedSet<Bytes> keys, Holdings holdings) {
        for (Bytes at : keys) {
            KeyHash hash = KeyHash.fromBytes(at);
            List<NodeId> owners = table.owners(hash.slot(table.log2Slots()));
            long first = digest(holdings.held(owners.get(0), at), hash);
            for (NodeId owner : owners) {
                if (digest(holdings.held(owner, at), hash) != first) {
                    return owner + " and " + owners.get(0) + " hold different siblings of " + at.hex();
                }
            }
        }
        for (int slot = 0; slot < table.slots(); slot++) {
            int from = MerkleTree.firstLeaf(slot, table.log2Slots());
            int end = MerkleTree.endLeaf(slot, table.log2Slots());
            List<NodeId> owners = table.owners(slot);
            MerkleTree.Root first = null;
            for (NodeId owner : owners) {
                MerkleTree tree = trees.get(owner.number());
                MerkleTree.Root root = tree == null ? null : tree.root(from, end);
                if (first != null && !first.equals(root)) {
                    return owner + " and " + owners.get(0) + " hold the same, and their trees of slot " + slot
                            + " differ";
                }
                first = root;
            }
        }
        return null;
    }

    private long digest(@Nullable StoredRecord record, KeyHash hash) {
        return record == null ? 0 : digests.of(hash, record.object());
    }
}
