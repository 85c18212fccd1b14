package dev.quorate.core.ring;

import dev.quorate.core.model.NodeId;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** A slot table in the making: the allocator's rows, and its steps upon them. Nodes are numbered as in the domains. */
final class SlotAssignment {
    static final int VACANT = -1;

    private final FaultDomains domains;
    private final int[][] rows;
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

    /** Takes over an owner of the present table, at its place or the first free one, if the limits let it stay. */
    void keep(int slot, int position, int node) {
        int[] row = rows[slot];
        int place = position < row.length && row[position] == VACANT ? position : firstVacancy(row);
        if (place != VACANT && fits(slot, place, node)) {
            put(slot, place, node);
        }
    }

    /** Aims for these shares, rounded so that the least of what is kept has to move. */
    void aimFor(SlotTargets shares) {
        targets = shares.rounded(owned);
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

    /** Lets every node below its target take replicas of those above theirs. */
    void takeSurplus() {
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
                }
            }
        }
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

    /**
     * Where limits leave a node below its target nothing to take directly, passes replicas along: one above its target gives a
     * slot to a third, which gives another one on. Each costs extra moves, so it stops within the tolerance.
     */
    void passAlong(int tolerancePermille) {
        while (IntStream.range(0, owned.length).anyMatch(node -> isOff(node, tolerancePermille))) {
            @Nullable Handover handover = shortestChain();
            if (handover == null) {
                return;
            }
            for (@Nullable Handover step = handover; step != null; step = step.next) {
                put(step.slot, step.position, step.receiver);
            }
        }
    }

    private boolean isOff(int node, int tolerancePermille) {
        int allowed = tolerancePermille == 0 ? 0 : Math.max(1, targets[node] * tolerancePermille / 1000);
        return Math.abs(owned[node] - targets[node]) > allowed;
    }

    /** A receiver takes a place from its owner, who is compensated by the next step. */
    private static final class Handover {
        final int slot;
        final int position;
        final int receiver;
        final @Nullable Handover next;

        Handover(int slot, int position, int receiver, @Nullable Handover next) {
            this.slot = slot;
            this.position = position;
            this.receiver = receiver;
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

    /** Searches breadth first from all nodes below target for one above; no slot twice, so that the steps are independent. */
    private @Nullable Handover shortestChain() {
        boolean[] reached = new boolean[owned.length];
        @Nullable Handover[] compensation = new Handover[owned.length];
        ArrayDeque<Integer> queue = new ArrayDeque<>();
        for (int node = 0; node < owned.length; node++) {
            if (owned[node] < targets[node]) {
                reached[node] = true;
                queue.add(node);
            }
        }
        while (!queue.isEmpty()) {
            int receiver = queue.remove();
            for (int slot : slotsInOrderOf(receiver)) {
                if (Handover.touches(compensation[receiver], slot)) {
                    continue;
                }
                for (int position = 0; position < rows[slot].length; position++) {
                    int giver = rows[slot][position];
                    if (reached[giver] || !fits(slot, position, receiver)) {
                        continue;
                    }
                    Handover handover = new Handover(slot, position, receiver, compensation[receiver]);
                    if (owned[giver] > targets[giver]) {
                        return handover;
                    }
                    reached[giver] = true;
                    compensation[giver] = handover;
                    queue.add(giver);
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
