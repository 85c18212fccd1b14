package dev.quorate.core.replication;

import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.PreferenceList;
import dev.quorate.core.ring.SlotTable;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Who stands in for an owner, best first. Ranking all members again for every write of an outage would cost more than the write, so the
 * latest answers are kept. Confined to the event loop.
 */
final class Fallbacks {
    private static final int MAX_KEPT = 4096;

    private final SlotTable table;
    private final Map<Long, List<NodeId>> kept = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, List<NodeId>> eldest) {
            return size() > MAX_KEPT;
        }
    };

    Fallbacks(SlotTable table) {
        this.table = table;
    }

    /** Every member but the first {@code replicas} of the key's row. */
    List<NodeId> of(KeyHash hash, int replicas, NodeId owner) {
        if (replicas == table.members().size()) {
            return List.of();
        }
        int slot = hash.slot(table.log2Slots());
        long place = ((long) owner.number() << SlotTable.MAX_LOG2_SLOTS | slot) << 5 | replicas;
        List<NodeId> known = kept.get(place);
        if (known == null) {
            known = PreferenceList.fallbacks(table, slot, replicas, owner);
            kept.put(place, known);
        }
        return known;
    }
}
