package dev.quorate.core.topology;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.MoveReport;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingEdit;
import dev.quorate.core.ring.RingState;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedSet;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Many reports of nodes as one change of the ring, since each would otherwise cost two rounds among the voters. */
final class Reports implements Change {
    private final List<MoveReport> reports;
    private final List<MoveReport.Verdict> verdicts;

    Reports(List<MoveReport> reports) {
        this.reports = List.copyOf(reports);
        this.verdicts = new ArrayList<>(Collections.nCopies(reports.size(), MoveReport.Verdict.UNKNOWN));
    }

    /** What the state that was asked about last made of them, in their order. */
    List<MoveReport.Verdict> verdicts() {
        return verdicts;
    }

    @Override
    public Step on(RingState ring) {
        RingEdit edit = ring.edit();
        SortedSet<Long> moved = new TreeSet<>();
        SortedSet<NodeId> gone = new TreeSet<>();
        for (int i = 0; i < reports.size(); i++) {
            verdicts.set(i, apply(reports.get(i), ring, edit, moved, gone));
        }
        return moved.isEmpty() && gone.isEmpty() ? Step.Done.INSTANCE : new Step.To(edit.build());
    }

    private static MoveReport.Verdict apply(
            MoveReport report, RingState ring, RingEdit edit, SortedSet<Long> moved, SortedSet<NodeId> gone) {
        if (report instanceof MoveReport.Finished finished) {
            Move move = underWay(ring, finished.slot(), finished.moveId(), finished.attempt());
            if (move == null) {
                return MoveReport.Verdict.NOT_UNDER_WAY;
            }
            if (moved.add(move.id())) {
                edit.finish(move);
            }
            return MoveReport.Verdict.DONE;
        }
        if (report instanceof MoveReport.Again again) {
            Move move = underWay(ring, again.slot(), again.moveId(), again.attempt());
            if (move == null || !moved.add(move.id())) {
                return MoveReport.Verdict.NOT_UNDER_WAY;
            }
            edit.again(move);
            return MoveReport.Verdict.DONE;
        }
        if (report instanceof MoveReport.Left left) {
            return leave(ring, edit, left.node(), gone);
        }
        throw new IllegalStateException("nothing to do about " + report.getClass());
    }

    private static @Nullable Move underWay(RingState ring, int slot, long moveId, int attempt) {
        return ring.isUnderWay(slot, moveId, attempt) ? ring.currentMove(slot) : null;
    }

    private static MoveReport.Verdict leave(RingState ring, RingEdit edit, NodeId node, SortedSet<NodeId> gone) {
        NodeEntry entry = ring.node(node);
        if (entry == null) {
            return MoveReport.Verdict.NOT_DRAINED;
        }
        if (entry.status() == NodeStatus.LEFT) {
            return MoveReport.Verdict.DONE;
        }
        boolean drained = entry.status() == NodeStatus.DRAINING
                && ring.table().slotsOf(node) == 0
                && ring.moves().stream()
                        .noneMatch(move -> move.from().equals(node) || move.to().equals(node))
                && !ring.voters().contains(node)
                && !ring.newVoters().contains(node);
        if (!drained) {
            return MoveReport.Verdict.NOT_DRAINED;
        }
        if (gone.add(node)) {
            edit.node(entry.with(NodeStatus.LEFT)).unstage(node);
        }
        return MoveReport.Verdict.DONE;
    }
}
