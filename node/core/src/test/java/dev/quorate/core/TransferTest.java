package dev.quorate.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.Bucket.BlindWrites;
import dev.quorate.core.ring.KeyHasher;
import dev.quorate.core.ring.Move;
import dev.quorate.core.storage.MerkleTree;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** One slot of a ring of five changes hands, told step by step. */
class TransferTest {
    private static final Duration SOON = Duration.ofSeconds(5);

    private final ManualCluster cluster = new ManualCluster(5, 3, BlindWrites.OVERWRITE_SEEN);
    private final int slot = slotOf("k");
    private final List<NodeId> row = cluster.committedRing().table().owners(slot);
    private final NodeId from = row.get(0);
    private final NodeId to = outside().get(0);

    @Test
    void aSlotGoesToItsNewOwnerWithAllItHolds() {
        List<String> keys = keysOfSlot(20);
        keys.forEach(key -> put(key, "v"));
        planMove();
        cluster.pass(SOON);
        assertThat(cluster.committedRing().table().owners(slot)).contains(to).doesNotContain(from);
        assertThat(records(to)).isEqualTo(20);
        assertThat(root(to)).isEqualTo(root(row.get(1)));
        cluster.tellAll();
        cluster.pass(Duration.ofMinutes(1));
        assertThat(records(from)).isZero();
        assertThat(node(from).core().transfers().isIdle()).isTrue();
    }

    private void planMove() {
        cluster.commit(edit -> edit.plan(Move.Kind.MOVE, slot, row.indexOf(from), from, to));
        cluster.tellAll();
    }

    private void put(String key, String value) {
        assertThat(cluster.write(row.get(1), ManualCluster.put(key, value, Bytes.EMPTY)))
                .isNotCancelled();
        cluster.deliver();
    }

    private ManualCluster.Node node(NodeId id) {
        return cluster.node(id);
    }

    private long records(NodeId id) {
        return root(id).count();
    }

    private MerkleTree.Root root(NodeId id) {
        return node(id).core().hashTree().root(MerkleTree.firstLeaf(slot, 3), MerkleTree.endLeaf(slot, 3));
    }

    private List<NodeId> outside() {
        List<NodeId> outside = new ArrayList<>();
        for (int number = 1; number <= 5; number++) {
            if (!row.contains(new NodeId(number))) {
                outside.add(new NodeId(number));
            }
        }
        return outside;
    }

    private List<String> keysOfSlot(int count) {
        List<String> keys = new ArrayList<>();
        for (int i = 0; keys.size() < count; i++) {
            if (slotOf("k" + i) == slot) {
                keys.add("k" + i);
            }
        }
        return keys;
    }

    private static int slotOf(String key) {
        KeyHash hash = new KeyHasher(Bytes.owning(new byte[16])).hash(new Key(1, Bytes.utf8(key)));
        return hash.slot(3);
    }
}
