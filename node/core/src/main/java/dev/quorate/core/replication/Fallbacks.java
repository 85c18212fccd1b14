package dev.quorate.core.replication;

import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.PreferenceList;
import dev.quorate.core.ring.SlotTable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Who stands in for an owner, best first. Ranking all members again for every write of an outage would cost more than the write, so the
 * latest answers are kept. Confined to the event loop.
 */
final class Fallbacks {
    private static final int MAX_KEPT = 4096;

    private final CurrentRing ring;
    private final Map<Long, List<NodeId>> kept = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, List<NodeId>> eldest) {
            return size() > MAX_KEPT;
        }
    };

    Fallbacks(CurrentRing ring) {
        this.ring = ring;
        ring.onChange((before, now) -> kept.clear());
    }

    /**
     * Every member but the first {@code replicas} of the key's row, and those that are about to leave. Nobody stands in for an owner that
     * is no member any more, whose row has changed while the caller worked with it.
     */
    List<NodeId> of(KeyHash hash, int replicas, NodeId owner) {
        SlotTable table = ring.table();
        if (replicas == table.members().size() || !table.contains(owner)) {
            return List.of();
        }
        int slot = hash.slot(table.log2Slots());
        long place = ((long) owner.number() << SlotTable.MAX_LOG2_SLOTS | slot) << 5 | replicas;
        List<NodeId> known = kept.get(place);
        if (known == null) {
            known = new ArrayList<>(PreferenceList.fallbacks(table, slot, replicas, owner));
            known.removeIf(this::isLeaving);
            kept.put(place, known);
        }
        return known;
    }

    private boolean isLeaving(NodeId node) {
        NodeEntry entry = ring.state().node(node);
        return entry == null || entry.status() != NodeStatus.NORMAL;
    }
}
