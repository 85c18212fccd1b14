package dev.quorate.core.topology;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingEdit;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.SlotAllocator;
import dev.quorate.core.ring.SlotMove;
import dev.quorate.core.ring.SlotPlan;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.ring.StagedChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What is to be done about the staged changes, as a pure function of the ring.
 *
 * <p>Every slot's hand-over that may be running goes on, since what it copied is worth having; whatever was planned behind it is planned anew from
 * where it will have led. Given up are only those that would lead to a node that is leaving or dead, and those of slots that have lost another
 * owner: recovering comes first, and there is no row in which one node could stand twice.
 */
final class PlanDraft {
    /** A replica to hand over, not yet priced. */
    record Step(Move.Kind kind, int slot, int position, NodeId from, NodeId to, boolean unsafe) {}

    final RingState ring;
    final SortedMap<NodeId, NodeEntry> after = new TreeMap<>();
    /** Dead ones, and whether it is known and wanted that writes may be lost with them. */
    final SortedMap<NodeId, StagedChange.Replace> removed = new TreeMap<>();

    final List<Move> pinned = new ArrayList<>();
    final List<Move> dropped = new ArrayList<>();
    final List<Step> steps = new ArrayList<>();
    /** By dead node: slots whose other owners are too few. */
    final SortedMap<NodeId, Integer> shortOfSurvivors = new TreeMap<>();

    private @Nullable SlotPlan target;

    private PlanDraft(RingState ring) {
        this.ring = ring;
    }

    /** What a draft comes to. */
    sealed interface Result {
        /** There is one. */
        record Drafted(PlanDraft draft) implements Result {}

        /** There is none. */
        record Impossible(Rejection rejection) implements Result {}
    }

    static Result of(RingState ring, List<Quorums> buckets) {
        PlanDraft draft = new PlanDraft(ring);
        Rejection why = draft.applyStaged();
        if (why == null) {
            why = draft.place(buckets);
        }
        return why == null ? new Result.Drafted(draft) : new Result.Impossible(why);
    }

    SlotPlan target() {
        SlotPlan plan = target;
        if (plan == null) {
            throw new IllegalStateException("a draft that was given up");
        }
        return plan;
    }

    /** Equal for drafts that would do the same to rings that are the same in what counts. */
    long id() {
        long hash = mix(0, ring.version().generation());
        hash = mix(hash, ring.staged().toString().hashCode());
        for (NodeEntry entry : after.values()) {
            hash = mix(hash, entry.id().number());
            hash = mix(hash, entry.status().name().hashCode());
            hash = mix(hash, entry.placement().toString().hashCode());
        }
        SlotTable table = target().table();
        for (int slot = 0; slot < table.slots(); slot++) {
            // The order of a row is no part of it: it moves nothing.
            long row = 0;
            for (NodeId owner : table.owners(slot)) {
                row += mix(owner.number(), slot);
            }
            hash = mix(hash, row);
        }
        for (Move move : dropped) {
            hash = mix(hash, move.id());
        }
        return hash;
    }

    private static long mix(long hash, long value) {
        long z = (hash ^ value) * 0xbf58476d1ce4e5b9L + 0x9e3779b97f4a7c15L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    /** The ring once this is committed. */
    RingState commit() {
        RingEdit edit = ring.edit();
        after.values().forEach(edit::node);
        ring.staged().keySet().forEach(edit::unstage);
        dropped.forEach(edit::cancel);
        for (Step step : steps) {
            edit.plan(step.kind, step.slot, step.position, step.from, step.to, step.unsafe);
        }
        return edit.build();
    }

    private @Nullable Rejection applyStaged() {
        after.putAll(ring.nodes());
        for (Map.Entry<NodeId, StagedChange> staged : ring.staged().entrySet()) {
            NodeEntry entry = after.get(staged.getKey());
            if (entry == null || !entry.status().isActive()) {
                continue;
            }
            StagedChange change = staged.getValue();
            NodeEntry changed = Changes.relabelled(entry, change);
            if (changed == null) {
                changed = entry.with(statusAfter(entry.status(), change));
            }
            if (change instanceof StagedChange.Replace replace) {
                removed.put(entry.id(), replace);
            }
            after.put(entry.id(), changed);
        }
        for (Map.Entry<NodeId, StagedChange.Replace> replace : removed.entrySet()) {
            NodeId by = replace.getValue().by();
            NodeEntry successor = by == null ? null : after.get(by);
            if (by != null && (successor == null || successor.status() != NodeStatus.NORMAL)) {
                return impossible(by + " is to take the place of " + replace.getKey() + " and will own nothing itself");
            }
        }
        if (!removed.isEmpty() && !(keepsMajority(ring.voters()) && keepsMajority(ring.newVoters()))) {
            return Rejection.of(Rejection.Reason.VOTERS_NEEDED)
                    .with("voters", ring.voters())
                    .with("voters_to_come", ring.newVoters())
                    .with("removed", removed.keySet());
        }
        return null;
    }

    /** Whoever is removed votes no more, and others can take its place only as long as a majority is left. */
    private boolean keepsMajority(List<NodeId> voters) {
        int left = 0;
        for (NodeId voter : voters) {
            NodeEntry entry = after.get(voter);
            left += entry != null && entry.status().isActive() ? 1 : 0;
        }
        return voters.isEmpty() || 2 * left > voters.size();
    }

    private static NodeStatus statusAfter(NodeStatus status, StagedChange change) {
        if (change instanceof StagedChange.Join) {
            return NodeStatus.NORMAL;
        }
        if (change instanceof StagedChange.Leave) {
            return status == NodeStatus.JOINING ? NodeStatus.LEFT : NodeStatus.DRAINING;
        }
        return change instanceof StagedChange.Replace ? NodeStatus.REMOVED : status;
    }

    private static Rejection impossible(String because) {
        return Rejection.of(Rejection.Reason.PLAN_IMPOSSIBLE).with("because", because);
    }

    List<Member> members(NodeStatus... statuses) {
        List<NodeStatus> wanted = List.of(statuses);
        List<Member> members = new ArrayList<>();
        for (NodeEntry entry : after.values()) {
            if (wanted.contains(entry.status())) {
                members.add(entry.placement());
            }
        }
        return members;
    }

    private @Nullable Rejection place(List<Quorums> buckets) {
        SlotTable table = ring.table();
        List<Member> owners = members(NodeStatus.NORMAL);
        long hosts = hosts(owners);
        if (hosts < table.width()) {
            return impossible(
                            "a slot has " + table.width() + " owners on as many hosts, and " + hosts + " would be left")
                    .with("owners", table.width())
                    .with("hosts", hosts);
        }
        sortMoves();
        List<List<NodeId>> base = rowsOf(table);
        for (Move move : pinned) {
            set(base, move.slot(), move.position(), move.to());
        }
        List<List<NodeId>> wanted = new ArrayList<>(base);
        takePlaces(wanted);
        SortedSet<NodeId> draining = new TreeSet<>();
        members(NodeStatus.DRAINING).forEach(member -> draining.add(member.id()));
        SlotPlan plan;
        try {
            SlotTable start = SlotTable.of(table.epoch(), table.log2Slots(), everybody(), wanted);
            plan = SlotAllocator.plan(start, members(NodeStatus.NORMAL, NodeStatus.DRAINING), draining, table.width());
        } catch (IllegalArgumentException contradiction) {
            return impossible(String.valueOf(contradiction.getMessage()));
        }
        for (SlotMove move : plan.moves()) {
            NodeId to = move.to();
            if (to != null) {
                set(wanted, move.slot(), move.position(), to);
            }
        }
        target = plan;
        addSteps(base, wanted);
        if (steps.isEmpty() && ring.staged().isEmpty()) {
            return Rejection.of(Rejection.Reason.NOTHING_STAGED);
        }
        countSurvivors(buckets);
        return null;
    }

    static long hosts(List<Member> members) {
        SortedSet<String> hosts = new TreeSet<>();
        members.forEach(member -> hosts.add(member.datacenter() + '\0' + member.host()));
        return hosts.size();
    }

    private List<Member> everybody() {
        List<Member> all = new ArrayList<>();
        after.values().forEach(entry -> all.add(entry.placement()));
        return all;
    }

    private static List<List<NodeId>> rowsOf(SlotTable table) {
        List<List<NodeId>> rows = new ArrayList<>(table.slots());
        for (int slot = 0; slot < table.slots(); slot++) {
            rows.add(table.owners(slot));
        }
        return rows;
    }

    private static void set(List<List<NodeId>> rows, int slot, int position, NodeId owner) {
        List<NodeId> row = new ArrayList<>(rows.get(slot));
        row.set(position, owner);
        rows.set(slot, List.copyOf(row));
    }

    private void sortMoves() {
        for (Move move : ring.moves()) {
            boolean first = move.equals(ring.currentMove(move.slot()));
            (first && goesOn(move) ? pinned : dropped).add(move);
        }
    }

    private boolean goesOn(Move move) {
        NodeStatus receiver = statusAfter(move.to());
        if (move.kind() == Move.Kind.RECOVER) {
            return receiver != NodeStatus.REMOVED;
        }
        boolean losesOwner = ring.table().owners(move.slot()).stream().anyMatch(removed::containsKey);
        return receiver == NodeStatus.NORMAL && !losesOwner;
    }

    private NodeStatus statusAfter(NodeId node) {
        NodeEntry entry = after.get(node);
        return entry == null ? NodeStatus.REMOVED : entry.status();
    }

    /** Puts into dead owners' places whom there is a reason to put there; the allocator fills the others. */
    private void takePlaces(List<List<NodeId>> rows) {
        if (removed.isEmpty()) {
            return;
        }
        for (int slot = 0; slot < rows.size(); slot++) {
            List<NodeId> row = rows.get(slot);
            for (int position = 0; position < row.size(); position++) {
                StagedChange.Replace replace = removed.get(row.get(position));
                if (replace == null) {
                    continue;
                }
                NodeId successor = replace.by();
                Move begun = ring.currentMove(slot);
                if (begun != null
                        && begun.kind() == Move.Kind.MOVE
                        && begun.from().equals(row.get(position))) {
                    // It may hold, as the only one, what it acknowledged together with the dead owner.
                    successor = begun.to();
                }
                if (successor != null && mayStand(successor, rows.get(slot), position)) {
                    set(rows, slot, position, successor);
                }
            }
        }
    }

    private boolean mayStand(NodeId node, List<NodeId> row, int position) {
        NodeEntry entry = after.get(node);
        if (entry == null || entry.status() != NodeStatus.NORMAL) {
            return false;
        }
        for (int other = 0; other < row.size(); other++) {
            NodeEntry owner = after.get(row.get(other));
            if (other != position && owner != null && isSameHost(owner.placement(), entry.placement())) {
                return false;
            }
        }
        return true;
    }

    private static boolean isSameHost(Member a, Member b) {
        return a.host().equals(b.host()) && a.datacenter().equals(b.datacenter());
    }

    /** Dead owners' slots first: they are a replica short. */
    private void addSteps(List<List<NodeId>> base, List<List<NodeId>> wanted) {
        List<Step> moves = new ArrayList<>();
        for (int slot = 0; slot < base.size(); slot++) {
            for (int position = 0; position < base.get(slot).size(); position++) {
                NodeId from = base.get(slot).get(position);
                NodeId to = wanted.get(slot).get(position);
                if (from.equals(to)) {
                    continue;
                }
                StagedChange.Replace replace = removed.get(from);
                if (replace != null) {
                    steps.add(new Step(Move.Kind.RECOVER, slot, position, from, to, replace.unsafe()));
                } else {
                    moves.add(new Step(Move.Kind.MOVE, slot, position, from, to, false));
                }
            }
        }
        steps.addAll(moves);
    }

    private void countSurvivors(List<Quorums> buckets) {
        for (Step step : steps) {
            if (step.kind == Move.Kind.RECOVER && !step.unsafe && isShort(step, buckets)) {
                shortOfSurvivors.merge(step.from, 1, Integer::sum);
            }
        }
    }

    private boolean isShort(Step step, List<Quorums> buckets) {
        for (Quorums bucket : buckets) {
            if (step.position < bucket.n() && survivors(step, bucket.n()) < bucket.fence()) {
                return true;
            }
        }
        return false;
    }

    /** Owners that have what was acknowledged: those that stay, and are not themselves about to find out what they missed. */
    private int survivors(Step step, int n) {
        List<NodeId> row = ring.table().owners(step.slot);
        int survivors = 0;
        for (int position = 0; position < Math.min(n, row.size()); position++) {
            NodeId owner = row.get(position);
            if (position != step.position && !removed.containsKey(owner) && !isRecovering(step.slot, owner)) {
                survivors++;
            }
        }
        return survivors;
    }

    private boolean isRecovering(int slot, NodeId owner) {
        for (Move move : ring.movesOf(slot)) {
            if (move.kind() == Move.Kind.RECOVER && move.to().equals(owner)) {
                return true;
            }
        }
        return false;
    }
}
