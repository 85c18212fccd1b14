package dev.quorate.simulation;

import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.KeyHasher;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.core.ring.SlotTable;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What the nodes have agreed about so far, seen from outside: the latest ring that any of them has adopted.
 *
 * <p>I13: there is one ring to each version, and nobody that was taken out comes back.
 */
final class AgreedRing {
    /** Told of a node that was taken out without its cooperation. */
    interface Removals {
        void removed(NodeId node);
    }

    private final KeyHasher hasher;
    private final int replicas;
    private final SortedMap<RingVersion, RingState> known = new TreeMap<>();
    private final Consumer<Violation> violations;
    private final Removals removals;
    private RingState latest;
    private int changes;

    AgreedRing(RingState genesis, KeyHasher hasher, int replicas, Consumer<Violation> violations, Removals removals) {
        this.latest = genesis;
        this.hasher = hasher;
        this.replicas = replicas;
        this.violations = violations;
        this.removals = removals;
        known.put(genesis.version(), genesis);
    }

    /** A node has adopted this. */
    void adopted(NodeId by, RingState ring) {
        RingState other = known.putIfAbsent(ring.version(), ring);
        if (other != null && !other.equals(ring)) {
            violations.accept(new Violation(
                    "I13", "", by + " adopted another ring " + ring.version() + " than somebody before: " + ring));
        }
        if (ring.version().compareTo(latest.version()) <= 0) {
            return;
        }
        RingState before = latest;
        latest = ring;
        changes++;
        for (NodeEntry entry : ring.nodes().values()) {
            NodeEntry former = before.node(entry.id());
            boolean wasGone = former != null && !former.status().isActive();
            if (wasGone && entry.status().isActive()) {
                violations.accept(new Violation("I13", "", entry.id() + " was taken out and is back"));
            }
            if (entry.status() == NodeStatus.REMOVED && !wasGone) {
                removals.removed(entry.id());
            }
        }
    }

    RingState latest() {
        return latest;
    }

    SlotTable table() {
        return latest.table();
    }

    /** How many versions have followed the first. */
    int changes() {
        return changes;
    }

    boolean isActive(int machine) {
        return latest.isActive(new NodeId(machine));
    }

    /** The machines whose nodes take part, ascending. */
    List<Integer> activeMachines() {
        List<Integer> machines = new ArrayList<>();
        latest.active().forEach(entry -> machines.add(entry.id().number()));
        return machines;
    }

    int slot(Key key) {
        return slot(latest, key);
    }

    int slot(RingState ring, Key key) {
        KeyHash hash = hasher.hash(key);
        return hash.slot(ring.table().log2Slots());
    }

    /** The row of a key, in preference order. */
    List<NodeId> owners(Key key) {
        return owners(latest, key);
    }

    List<NodeId> owners(RingState ring, Key key) {
        List<NodeId> row = ring.table().owners(slot(ring, key));
        return row.subList(0, Math.min(replicas, row.size()));
    }

    /** Whether a node that uses this ring is to hold the key for itself: as an owner, or as one who is about to be. */
    boolean mayHold(RingState ring, NodeId node, Key key) {
        if (owners(ring, key).contains(node)) {
            return true;
        }
        Move move = ring.currentMove(slot(ring, key));
        return move != null && move.to().equals(node);
    }

    /** Who has the key in that node's place, if that is known. */
    @Nullable
    NodeId successor(NodeId former, Key key) {
        List<RingState> newestFirst = new ArrayList<>(known.values());
        Collections.reverse(newestFirst);
        List<NodeId> now = owners(key);
        for (RingState ring : newestFirst) {
            int position = owners(ring, key).indexOf(former);
            if (position >= 0 && position < now.size()) {
                return now.get(position);
            }
        }
        return null;
    }
}
