package dev.quorate.core.ring;

import dev.quorate.core.model.NodeId;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A slot table in the making: the allocator's rows, and its steps upon them. Nodes are numbered as in the domains. */
final class SlotAssignment {
    static final int VACANT = -1;

    /** The last half percent of a node's share is not worth moving two replicas for one. */
    private static final int TOLERANCE_PERMILLE = 5;

    private final FaultDomains domains;
    private final int[][] rows;
    /** Places filled by this plan: handing one on moves nothing more, since its data has not moved yet. */
    private final BitSet fresh = new BitSet();

    private final int[] owned;
    private int[] targets;

    SlotAssignment(FaultDomains domains, int slots) {
        this.domains = domains;
        this.rows = new int[slots][domains.replicas()];
        for (int[] row : rows) {
            Arrays.fill(row, VACANT);
        }
        this.owned = new int[domains.nodes()];
        this.targets = new int[domains.nodes()];
    }

    int[] row(int slot) {
        return rows[slot];
    }

    int[] targets() {
        return targets;
    }

    /** Takes over an owner of the present table, at its place or the first free one; not if the row is full. */
    void keep(int slot, int position, int node) {
        int[] row = rows[slot];
        int place = position < row.length && row[position] == VACANT ? position : firstVacancy(row);
        if (place != VACANT) {
            row[place] = node;
            owned[node]++;
        }
    }

    /** Aims for these shares, rounded so that the least of what is kept has to move. */
    void aimFor(SlotTargets shares) {
        targets = shares.rounded(owned);
    }

    /** Takes owners out of rows that break a limit, those furthest above their targets first. */
    void vacateViolations() {
        for (int slot = 0; slot < rows.length; slot++) {
            int position = richestViolator(slot);
            while (position != VACANT) {
                owned[rows[slot][position]]--;
                rows[slot][position] = VACANT;
                position = richestViolator(slot);
            }
        }
    }

    private int richestViolator(int slot) {
        int[] row = rows[slot];
        int richest = VACANT;
        for (int position = 0; position < row.length; position++) {
            if (row[position] != VACANT
                    && !fits(slot, position, row[position])
                    && (richest == VACANT || relativeDeficit(row[position]) < relativeDeficit(row[richest]))) {
                richest = position;
            }
        }
        return richest;
    }

    /** Gives each vacancy to the node furthest below its target; slot and node decide between equals. */
    void fillVacancies() {
        for (int slot = 0; slot < rows.length; slot++) {
            for (int position = 0; position < rows[slot].length; position++) {
                if (rows[slot][position] == VACANT) {
                    put(slot, position, neediest(slot, position));
                }
            }
        }
    }

    private int neediest(int slot, int position) {
        int best = VACANT;
        for (int node = 0; node < owned.length; node++) {
            if (fits(slot, position, node) && (best == VACANT || needsMore(slot, node, best))) {
                best = node;
            }
        }
        return best;
    }

    private boolean needsMore(int slot, int node, int other) {
        int byNeed = Double.compare(relativeDeficit(node), relativeDeficit(other));
        return byNeed > 0 || (byNeed == 0 && Rendezvous.hash(slot, id(node)) > Rendezvous.hash(slot, id(other)));
    }

    /**
     * Moves what has to move: first exchanges vacancies, which is free, then takes directly, then passes along. Each step
     * brings the whole closer to the targets, hence the loop ends.
     */
    void rebalance() {
        passAlong(0);
        while (takeSurplus() || passAlong(1) || (isOff() && passAlong(Integer.MAX_VALUE))) {}
    }

    /** Lets every node below its target take replicas of those above theirs. */
    private boolean takeSurplus() {
        boolean taken = false;
        for (int node = 0; node < owned.length; node++) {
            if (owned[node] >= targets[node]) {
                continue;
            }
            for (int slot : slotsInOrderOf(node)) {
                if (owned[node] == targets[node]) {
                    break;
                }
                int position = richestOwnerReplaceableBy(slot, node);
                if (position != VACANT) {
                    put(slot, position, node);
                    taken = true;
                }
            }
        }
        return taken;
    }

    private int richestOwnerReplaceableBy(int slot, int node) {
        int best = VACANT;
        double most = 0;
        for (int position = 0; position < rows[slot].length; position++) {
            double surplus = -relativeDeficit(rows[slot][position]);
            if (surplus > most && fits(slot, position, node)) {
                best = position;
                most = surplus;
            }
        }
        return best;
    }

    /** Carries out the cheapest chain, if one costs no more data movement than this. */
    private boolean passAlong(int maxCost) {
        @Nullable Handover chain = cheapestChain();
        if (chain == null || chain.cost > maxCost) {
            return false;
        }
        for (@Nullable Handover step = chain; step != null; step = step.next) {
            put(step.slot, step.position, step.receiver);
        }
        return true;
    }

    /** Whether a node is further from its target than is worth a chain that moves data twice. */
    private boolean isOff() {
        return IntStream.range(0, owned.length)
                .anyMatch(node ->
                        Math.abs(owned[node] - targets[node]) > Math.max(1, targets[node] * TOLERANCE_PERMILLE / 1000));
    }

    /**
     * A receiver takes a place from its owner, whom the previous step, if any, compensates; so a node above its target
     * gives to one below through others, where the limits forbid it directly. The cost is the number of places whose data
     * has to move.
     */
    private static final class Handover {
        final int slot;
        final int position;
        final int receiver;
        final int cost;
        final @Nullable Handover next;

        Handover(int slot, int position, int receiver, int cost, @Nullable Handover next) {
            this.slot = slot;
            this.position = position;
            this.receiver = receiver;
            this.cost = cost;
            this.next = next;
        }

        static boolean touches(@Nullable Handover chain, int slot) {
            for (@Nullable Handover step = chain; step != null; step = step.next) {
                if (step.slot == slot) {
                    return true;
                }
            }
            return false;
        }
    }

    /**
     * Searches from all nodes below their targets for the nearest above, where free steps have no length. No chain
     * touches a slot twice, so that its steps are independent.
     */
    private @Nullable Handover cheapestChain() {
        int[] cost = new int[owned.length];
        boolean[] settled = new boolean[owned.length];
        @Nullable Handover[] chains = new Handover[owned.length];
        ArrayDeque<Integer> queue = new ArrayDeque<>();
        for (int node = 0; node < owned.length; node++) {
            boolean below = owned[node] < targets[node];
            cost[node] = below ? 0 : Integer.MAX_VALUE;
            if (below) {
                queue.add(node);
            }
        }
        while (!queue.isEmpty()) {
            int receiver = queue.remove();
            if (settled[receiver]) {
                continue;
            }
            if (owned[receiver] > targets[receiver]) {
                return chains[receiver];
            }
            settled[receiver] = true;
            for (int slot = 0; slot < rows.length; slot++) {
                for (int position = 0; position < rows[slot].length; position++) {
                    int giver = rows[slot][position];
                    boolean free = fresh.get(place(slot, position));
                    int total = cost[receiver] + (free ? 0 : 1);
                    if (total < cost[giver]
                            && fits(slot, position, receiver)
                            && !Handover.touches(chains[receiver], slot)) {
                        cost[giver] = total;
                        chains[giver] = new Handover(slot, position, receiver, total, chains[receiver]);
                        if (free) {
                            queue.addFirst(giver);
                        } else {
                            queue.addLast(giver);
                        }
                    }
                }
            }
        }
        return null;
    }

    /**
     * Puts a less loaded owner first where that evens out who leads how many of its slots. Only the order changes, no
     * data. Each exchange brings the two owners closer, hence the loop ends.
     */
    void balanceLeaders() {
        balanceLeaders(rows, owned);
    }

    /** @param owned slots by node, as the rows number them */
    static void balanceLeaders(int[][] rows, int[] owned) {
        int[] led = new int[owned.length];
        for (int[] row : rows) {
            led[row[0]]++;
        }
        boolean changed = true;
        while (changed) {
            changed = false;
            for (int[] row : rows) {
                int best = 0;
                double lowest = led[row[0]] / (double) owned[row[0]];
                for (int position = 1; position < row.length; position++) {
                    double load = (led[row[position]] + 1) / (double) owned[row[position]];
                    if (load < lowest) {
                        best = position;
                        lowest = load;
                    }
                }
                if (best != 0) {
                    int leader = row[best];
                    row[best] = row[0];
                    row[0] = leader;
                    led[row[best]]--;
                    led[leader]++;
                    changed = true;
                }
            }
        }
    }

    private void put(int slot, int position, int node) {
        int previous = rows[slot][position];
        if (previous != VACANT) {
            owned[previous]--;
        }
        rows[slot][position] = node;
        owned[node]++;
        fresh.set(place(slot, position));
    }

    private int place(int slot, int position) {
        return slot * domains.replicas() + position;
    }

    /** Whether the node may stand at this place beside the other owners of the slot. */
    private boolean fits(int slot, int position, int node) {
        int[] row = rows[slot];
        int inRack = 1;
        for (int other = 0; other < row.length; other++) {
            if (other == position || row[other] == VACANT) {
                continue;
            }
            if (domains.hostOf(row[other]) == domains.hostOf(node)) {
                return false;
            }
            if (domains.rackOf(row[other]) == domains.rackOf(node)) {
                inRack++;
            }
        }
        return inRack <= domains.rackLimit();
    }

    /** Above 0 below the target, below 0 beyond it. */
    private double relativeDeficit(int node) {
        return (targets[node] - owned[node]) / (double) Math.max(1, targets[node]);
    }

    private int[] slotsInOrderOf(int node) {
        long[] scores = new long[rows.length];
        for (int slot = 0; slot < rows.length; slot++) {
            scores[slot] = (Rendezvous.hash(slot, id(node)) & -(1L << SlotTable.MAX_LOG2_SLOTS)) | slot;
        }
        Arrays.sort(scores);
        return Arrays.stream(scores)
                .mapToInt(score -> (int) score & ((1 << SlotTable.MAX_LOG2_SLOTS) - 1))
                .toArray();
    }

    private static int firstVacancy(int[] row) {
        for (int position = 0; position < row.length; position++) {
            if (row[position] == VACANT) {
                return position;
            }
        }
        return VACANT;
    }

    private NodeId id(int node) {
        return domains.member(node).id();
    }
}
