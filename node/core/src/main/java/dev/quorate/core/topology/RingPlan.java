package dev.quorate.core.topology;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.core.ring.SlotTable;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What the staged changes would do, before anything is done.
 *
 * @param planId names what the plan would do: equal ids stand for equal plans
 * @param basedOn the ring it was made from
 * @param table who would own what once all is done
 * @param pinned hand-overs under way that go on as they are
 * @param dropped hand-overs under way, or not begun, that would be given up
 * @param moves the new ones, in the order in which they would be done
 * @param nodes by number, all that are in the ring before or after
 * @param traffic bytes that would go from node to node, the new hand-overs only
 * @param estimated time, of the node that has most to do: its moves, and its bytes at the given rate
 * @param warnings what an operator should know before committing
 */
public record RingPlan(
        long planId,
        RingVersion basedOn,
        SlotTable table,
        List<Move> pinned,
        List<Move> dropped,
        List<PlannedMove> moves,
        List<NodeShare> nodes,
        List<Traffic> traffic,
        long bytes,
        Duration estimated,
        List<Warning> warnings) {
    public RingPlan {
        pinned = List.copyOf(pinned);
        dropped = List.copyOf(dropped);
        moves = List.copyOf(moves);
        nodes = List.copyOf(nodes);
        traffic = List.copyOf(traffic);
        warnings = List.copyOf(warnings);
    }

    /** A replica of a slot would change hands. */
    public record PlannedMove(Move.Kind kind, int slot, int position, NodeId from, NodeId to, long bytes) {}

    /**
     * What the plan means for one node.
     *
     * @param after its status once the plan is committed and done
     * @param weight once the plan is committed
     * @param target slots due to it by weight, racks and hosts
     * @param gives slots it hands over, those of pinned hand-overs included
     * @param gets slots it receives, those of pinned hand-overs included
     * @param peakBytes the most it may hold on the way: all it gets before anything it gives is purged
     * @param because in words for people, why it gives and gets what it does
     */
    public record NodeShare(
            NodeId node,
            NodeStatus before,
            NodeStatus after,
            double weight,
            int slotsBefore,
            int slotsAfter,
            int target,
            int gives,
            int gets,
            long bytesBefore,
            long bytesAfter,
            long peakBytes,
            String because) {}

    /** What one node would send to another; of a dead node's slots, what one of the other owners would. */
    public record Traffic(NodeId from, NodeId to, int slots, long bytes) {}

    /** Something an operator should know before committing. */
    public record Warning(Kind kind, SortedMap<String, String> details) {
        /** The published kinds. */
        public enum Kind {
            /** Rows have fewer owners than wanted, because there are fewer hosts. */
            FEWER_OWNERS_THAN_WANTED,
            /** More than an even share of a row's owners stand in one rack, since others have too few hosts. */
            RACKS_SHARED,
            /** Racks of unequal size: nodes of small racks hold more than their weight says. */
            RACKS_UNEVEN,
            /** A node would hold noticeably more or less than its weight says. */
            SHARE_OFF_WEIGHT,
            /** A dead node's slots have too few other owners to be sure that no acknowledged write is missed: commit refuses. */
            TOO_FEW_SURVIVORS,
            /** The same, but staged as unsafe: acknowledged writes that only the dead node held are lost. */
            UNSAFE_RECOVERY,
            /** Hand-overs under way would be given up; what they copied is copied again or dropped. */
            MOVES_DROPPED,
            /** Hand-overs stand still until an operator resumes them. */
            PAUSED,
            /** The ring would be safer, or rows more even, with more slots: see split. */
            FEW_SLOTS_PER_NODE
        }

        public Warning {
            details = java.util.Collections.unmodifiableSortedMap(new TreeMap<>(details));
        }

        public static Warning of(Kind kind) {
            return new Warning(kind, new TreeMap<>());
        }

        public Warning with(String name, Object value) {
            SortedMap<String, String> more = new TreeMap<>(details);
            more.put(name, String.valueOf(value));
            return new Warning(kind, more);
        }

        public Warning with(String name, List<?> values) {
            return with(name, (Object) values.stream().map(String::valueOf).collect(Collectors.joining(",")));
        }
    }
}
