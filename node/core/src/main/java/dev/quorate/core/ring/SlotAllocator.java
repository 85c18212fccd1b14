package dev.quorate.core.ring;

import dev.quorate.core.model.NodeId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Decides who owns which slot. A pure function of its arguments: every node computes the same table from the same
 * members, whatever their order.
 */
public final class SlotAllocator {
    private static final int MIN_LOG2_SLOTS = 10;
    /** Slots due to a node of median weight, below which one slot more or less is felt. */
    private static final int MIN_SLOTS_PER_NODE = 64;

    private SlotAllocator() {}

    /** The first table of a cluster: epoch 1, {@code min(replicas, hosts)} owners per slot. */
    public static SlotTable initial(List<Member> members, int replicas, int log2Slots) {
        List<Member> sorted = SlotTable.sortedById(members);
        FaultDomains domains = new FaultDomains(sorted, replicas);
        SlotAssignment assignment = new SlotAssignment(domains, 1 << log2Slots);
        assignment.aimFor(new SlotTargets(domains, 1 << log2Slots));
        assignment.fillVacancies();
        assignment.rebalance();
        assignment.balanceLeaders();
        return SlotTable.of(1, log2Slots, sorted, rows(assignment, domains, 1 << log2Slots));
    }

    /**
     * What to move so that the members, except those draining, own their shares. Members of the current table that are
     * missing from the new list lose their slots like draining ones, but are not members of the new table.
     *
     * @param members all members of the new table, with their new weights and labels
     * @param draining those that are to give up all their slots
     */
    public static SlotPlan plan(SlotTable current, List<Member> members, Set<NodeId> draining, int replicas) {
        List<Member> sorted = SlotTable.sortedById(members);
        List<Member> eligible = sorted.stream()
                .filter(member -> !draining.contains(member.id()))
                .toList();
        FaultDomains domains = new FaultDomains(eligible, replicas);
        SlotAssignment assignment = new SlotAssignment(domains, current.slots());
        SortedMap<NodeId, Integer> indexes = new TreeMap<>();
        for (int node = 0; node < eligible.size(); node++) {
            indexes.put(eligible.get(node).id(), node);
        }
        for (int slot = 0; slot < current.slots(); slot++) {
            List<NodeId> owners = current.owners(slot);
            for (int position = 0; position < owners.size(); position++) {
                @Nullable Integer node = indexes.get(owners.get(position));
                if (node != null) {
                    assignment.keep(slot, position, node);
                }
            }
        }
        assignment.aimFor(new SlotTargets(domains, current.slots()));
        assignment.vacateViolations();
        assignment.fillVacancies();
        assignment.rebalance();
        List<SlotMove> moves = moves(current, rows(assignment, domains, current.slots()));
        assignment.balanceLeaders();

        SortedMap<NodeId, Integer> targets = new TreeMap<>();
        for (Member member : sorted) {
            @Nullable Integer node = indexes.get(member.id());
            targets.put(member.id(), node == null ? 0 : assignment.targets()[node]);
        }
        SlotTable planned = SlotTable.of(
                current.epoch() + 1, current.log2Slots(), sorted, rows(assignment, domains, current.slots()));
        return new SlotPlan(planned, moves, targets);
    }

    /** The rows of the table, in which the same owners may be ordered otherwise, so that each leads its share. Moves nothing. */
    public static List<List<NodeId>> balancedLeaders(SlotTable table) {
        List<Member> members = table.members();
        SortedMap<NodeId, Integer> indexes = new TreeMap<>();
        int[] owned = new int[members.size()];
        for (int node = 0; node < owned.length; node++) {
            indexes.put(members.get(node).id(), node);
            owned[node] = table.slotsOf(members.get(node).id());
        }
        int[][] rows = new int[table.slots()][];
        for (int slot = 0; slot < rows.length; slot++) {
            rows[slot] = table.owners(slot).stream().mapToInt(indexes::get).toArray();
        }
        SlotAssignment.balanceLeaders(rows, owned);
        List<List<NodeId>> balanced = new ArrayList<>(rows.length);
        for (int[] row : rows) {
            balanced.add(
                    Arrays.stream(row).mapToObj(node -> members.get(node).id()).toList());
        }
        return balanced;
    }

    /**
     * How many slots a ring of these members should have: the smallest power of two, between 1024 and 65536, that gives
     * a node of median weight at least 64.
     */
    public static int log2SlotsFor(List<Member> members, int replicas) {
        FaultDomains domains = new FaultDomains(SlotTable.sortedById(members), replicas);
        double[] weights = members.stream().mapToDouble(Member::weight).sorted().toArray();
        double medianShare =
                weights[weights.length / 2] / Arrays.stream(weights).sum();
        int log2Slots = MIN_LOG2_SLOTS;
        while (log2Slots < SlotTable.MAX_LOG2_SLOTS
                && (1 << log2Slots) * domains.replicas() * medianShare < MIN_SLOTS_PER_NODE) {
            log2Slots++;
        }
        return log2Slots;
    }

    private static List<List<NodeId>> rows(SlotAssignment assignment, FaultDomains domains, int slots) {
        List<List<NodeId>> rows = new ArrayList<>(slots);
        for (int slot = 0; slot < slots; slot++) {
            rows.add(Arrays.stream(assignment.row(slot))
                    .mapToObj(node -> domains.member(node).id())
                    .toList());
        }
        return rows;
    }

    private static List<SlotMove> moves(SlotTable current, List<List<NodeId>> planned) {
        List<SlotMove> moves = new ArrayList<>();
        for (int slot = 0; slot < current.slots(); slot++) {
            List<NodeId> before = current.owners(slot);
            List<NodeId> after = planned.get(slot);
            List<NodeId> arriving = new ArrayList<>(after);
            arriving.removeAll(before);
            for (int position = 0; position < before.size(); position++) {
                NodeId owner = before.get(position);
                if (!after.contains(owner)) {
                    moves.add(new SlotMove(slot, position, owner, arriving.isEmpty() ? null : arriving.remove(0)));
                }
            }
            for (int extra = 0; extra < arriving.size(); extra++) {
                moves.add(new SlotMove(slot, before.size() + extra, null, arriving.get(extra)));
            }
        }
        return moves;
    }
}
