package dev.quorate.core.ring;

import dev.quorate.core.model.NodeId;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What a change of members would do, before anything is moved.
 *
 * @param table the table once all moves are done; its rows may also be ordered differently, since leaders are balanced
 *     again, which moves no data
 * @param moves ordered by slot, then position
 * @param targets slots due to each member by weight, racks and hosts
 */
public record SlotPlan(SlotTable table, List<SlotMove> moves, SortedMap<NodeId, Integer> targets) {
    public SlotPlan {
        moves = List.copyOf(moves);
        targets = Collections.unmodifiableSortedMap(new TreeMap<>(targets));
    }
}
