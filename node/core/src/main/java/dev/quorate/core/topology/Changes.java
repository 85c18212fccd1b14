package dev.quorate.core.topology;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingEdit;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.ring.StagedChange;
import dev.quorate.core.topology.Change.Step;
import dev.quorate.core.topology.Rejection.Reason;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** The changes that operators and nodes ask for one by one. Pure functions. */
final class Changes {
    /** Learns what was agreed about last, and changes nothing. */
    static final Change NOTHING = ring -> Step.Done.INSTANCE;

    private Changes() {}

    static @Nullable NodeEntry byUuid(RingState ring, String uuid) {
        for (NodeEntry entry : ring.nodes().values()) {
            if (!uuid.isEmpty() && entry.uuid().equals(uuid)) {
                return entry;
            }
        }
        return null;
    }

    static Change admit(Newcomer newcomer) {
        return ring -> {
            NodeEntry known = byUuid(ring, newcomer.uuid());
            if (known == null) {
                NodeId id = new NodeId(ring.nextNodeNumber());
                Member placement =
                        new Member(id, newcomer.weight(), newcomer.datacenter(), newcomer.rack(), newcomer.host());
                NodeEntry entry = entry(placement, newcomer, NodeStatus.JOINING);
                return new Step.To(ring.edit()
                        .node(entry)
                        .stage(id, new StagedChange.Join())
                        .build());
            }
            if (!known.status().isActive()) {
                return new Step.Not(gone(known));
            }
            // Its labels and weight are the operator's by now; where it can be reached is its own affair.
            NodeEntry renewed = entry(known.placement(), newcomer, known.status());
            return renewed.equals(known)
                    ? Step.Done.INSTANCE
                    : new Step.To(ring.edit().node(renewed).build());
        };
    }

    private static NodeEntry entry(Member placement, Newcomer newcomer, NodeStatus status) {
        return new NodeEntry(
                placement,
                newcomer.uuid(),
                newcomer.clientAddress(),
                newcomer.peerAddress(),
                newcomer.adminAddress(),
                status);
    }

    static Change stage(NodeId node, StagedChange change) {
        return ring -> {
            NodeEntry entry = ring.node(node);
            if (entry == null) {
                return new Step.Not(Rejection.of(Reason.NODE_UNKNOWN).with("node", node));
            }
            if (!entry.status().isActive()) {
                return new Step.Not(gone(entry));
            }
            Rejection why = notApplicable(ring, entry, change);
            if (why != null) {
                return new Step.Not(why);
            }
            NodeEntry placed = entry.status() == NodeStatus.JOINING ? relabelled(entry, change) : null;
            if (placed != null) {
                // It has no part in the ring yet, so there is nothing to plan: it will join with these.
                return placed.equals(entry)
                        ? Step.Done.INSTANCE
                        : new Step.To(ring.edit().node(placed).build());
            }
            return change.equals(ring.staged().get(node))
                    ? Step.Done.INSTANCE
                    : new Step.To(ring.edit().stage(node, change).build());
        };
    }

    /** The entry with another weight or other labels; null if that is not what the change is about. */
    static @Nullable NodeEntry relabelled(NodeEntry entry, StagedChange change) {
        Member placement = entry.placement();
        if (change instanceof StagedChange.Weight weight) {
            return entry.with(new Member(
                    entry.id(), weight.weight(), placement.datacenter(), placement.rack(), placement.host()));
        }
        if (change instanceof StagedChange.Relabel labels) {
            return entry.with(
                    new Member(entry.id(), placement.weight(), labels.datacenter(), labels.rack(), labels.host()));
        }
        return null;
    }

    private static @Nullable Rejection notApplicable(RingState ring, NodeEntry entry, StagedChange change) {
        Rejection not = Rejection.of(Reason.CHANGE_NOT_APPLICABLE)
                .with("node", entry.id())
                .with("status", entry.status());
        if (change instanceof StagedChange.Join) {
            boolean may = entry.status() == NodeStatus.JOINING || entry.status() == NodeStatus.DRAINING;
            return may ? null : not.with("because", "it has joined");
        }
        if (change instanceof StagedChange.Leave) {
            return entry.status() == NodeStatus.DRAINING ? not.with("because", "it is leaving") : null;
        }
        if (change instanceof StagedChange.Replace replace) {
            return notReplaceable(ring, entry, replace, not);
        }
        if (change instanceof StagedChange.Weight weight) {
            return Newcomer.isWeight(weight.weight()) ? null : not.with("because", "a weight is a positive number");
        }
        if (change instanceof StagedChange.Relabel labels) {
            boolean may = Newcomer.isLabel(labels.datacenter())
                    && Newcomer.isLabel(labels.rack())
                    && Newcomer.isLabel(labels.host());
            return may ? null : not.with("because", "a label has 1 to " + Newcomer.MAX_TEXT_BYTES + " bytes");
        }
        return null;
    }

    private static @Nullable Rejection notReplaceable(
            RingState ring, NodeEntry entry, StagedChange.Replace replace, Rejection not) {
        NodeId by = replace.by();
        if (by == null) {
            return null;
        }
        NodeEntry successor = ring.node(by);
        if (successor == null) {
            return Rejection.of(Reason.NODE_UNKNOWN).with("node", by);
        }
        boolean may = !by.equals(entry.id())
                && (successor.status() == NodeStatus.NORMAL || successor.status() == NodeStatus.JOINING);
        return may ? null : not.with("because", by + " is " + successor.status() + " and cannot take its place");
    }

    private static Rejection gone(NodeEntry entry) {
        return Rejection.of(Reason.NODE_GONE).with("node", entry.id()).with("status", entry.status());
    }

    static Change unstage(NodeId node) {
        return ring -> {
            if (ring.node(node) == null) {
                return new Step.Not(Rejection.of(Reason.NODE_UNKNOWN).with("node", node));
            }
            return ring.staged().containsKey(node)
                    ? new Step.To(ring.edit().unstage(node).build())
                    : Step.Done.INSTANCE;
        };
    }

    static Change clear() {
        return ring -> {
            if (ring.staged().isEmpty()) {
                return Step.Done.INSTANCE;
            }
            RingEdit edit = ring.edit();
            ring.staged().keySet().forEach(edit::unstage);
            return new Step.To(edit.build());
        };
    }

    static Change pause(boolean paused) {
        return ring -> ring.paused() == paused
                ? Step.Done.INSTANCE
                : new Step.To(ring.edit().paused(paused).build());
    }

    static Change split() {
        return ring -> {
            if (!ring.moves().isEmpty()) {
                return new Step.Not(Rejection.of(Reason.MOVES_UNDER_WAY)
                        .with("moves", ring.moves().size()));
            }
            if (ring.table().log2Slots() >= SlotTable.MAX_LOG2_SLOTS) {
                return new Step.Not(Rejection.of(Reason.TOO_MANY_SLOTS)
                        .with("slots", ring.table().slots()));
            }
            return new Step.To(ring.edit().split().build());
        };
    }

    static Change cancel(long moveId) {
        return ring -> {
            for (Move move : ring.moves()) {
                if (move.id() == moveId) {
                    return cancel(ring, move);
                }
            }
            return new Step.Not(Rejection.of(Reason.MOVE_NOT_UNDER_WAY).with("move", moveId));
        };
    }

    private static Step cancel(RingState ring, Move move) {
        if (move.kind() == Move.Kind.RECOVER) {
            return new Step.Not(Rejection.of(Reason.MOVE_NOT_CANCELLABLE)
                    .with("move", move.id())
                    .with("to", move.to()));
        }
        RingEdit edit = ring.edit();
        boolean behind = false;
        for (Move other : ring.moves()) {
            behind |= other.equals(move);
            // What was planned behind it was planned for the row that it would have left.
            if (behind && other.slot() == move.slot() && other.kind() == Move.Kind.MOVE) {
                edit.cancel(other);
            }
        }
        return new Step.To(edit.build());
    }

    static Change cancelAll() {
        return ring -> {
            RingEdit edit = ring.edit();
            boolean any = false;
            for (Move move : ring.moves()) {
                if (move.kind() == Move.Kind.MOVE) {
                    edit.cancel(move);
                    any = true;
                }
            }
            return any ? new Step.To(edit.build()) : Step.Done.INSTANCE;
        };
    }

    /**
     * The first half of a change of voters: from here on both majorities are needed. If those to come could not be reached nobody could change
     * anything any more, not even back, so that is for the caller to find out.
     */
    static Change callVoters(List<NodeId> wanted, boolean jointly) {
        return ring -> {
            if (!ring.newVoters().isEmpty() || wanted.isEmpty() || isSameSet(wanted, ring.voters())) {
                return Step.Done.INSTANCE;
            }
            for (NodeId voter : wanted) {
                NodeEntry entry = ring.node(voter);
                if (entry == null || entry.status() != NodeStatus.NORMAL) {
                    return new Step.Not(
                            Rejection.of(Reason.CHANGE_NOT_APPLICABLE).with("node", voter));
                }
            }
            RingEdit edit = ring.edit();
            return new Step.To((jointly ? edit.voters(ring.voters(), wanted) : edit.voters(wanted, List.of())).build());
        };
    }

    /** The second half: from here on only the new ones vote. */
    static Change seatVoters() {
        return ring -> ring.newVoters().isEmpty()
                ? Step.Done.INSTANCE
                : new Step.To(ring.edit().voters(ring.newVoters(), List.of()).build());
    }

    /**
     * Who should vote in this ring: as many as its size wants, of the nodes that are neither new nor on their way out, in as many racks as there are.
     * Those who vote now go on where that makes no difference: each change of voters is a risk.
     *
     * @param eligible whom else to think of
     */
    static List<NodeId> votersFor(RingState ring, Predicate<NodeId> eligible) {
        List<Member> members = new ArrayList<>();
        int wanted = 0;
        for (NodeEntry entry : ring.nodes().values()) {
            if (entry.status() == NodeStatus.NORMAL) {
                wanted++;
                if (eligible.test(entry.id())) {
                    members.add(entry.placement());
                }
            }
        }
        return members.isEmpty() ? List.of() : RingEdit.votersAmong(members, ring.voters(), wanted);
    }

    static boolean isSameSet(List<NodeId> a, List<NodeId> b) {
        return new TreeSet<>(a).equals(new TreeSet<>(b));
    }
}
