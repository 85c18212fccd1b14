package dev.quorate.core.ring;

import dev.quorate.core.model.Check;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;

/**
 * How many slots each node should own: in proportion to weight, as far as no host is due more than every slot once and
 * no rack more than its limit in every slot. Shares rise together in proportion to weight; a host or rack that is full
 * stops, and the others go on.
 */
final class SlotTargets {
    /** Shares are compared after divisions; without this a rounding error would pass for a full rack. */
    private static final double ROUNDING = 1e-9;

    private final FaultDomains domains;
    private final int slots;
    private final double[] shares;

    SlotTargets(FaultDomains domains, int slots) {
        this.domains = domains;
        this.slots = slots;
        this.shares = fill();
    }

    /** The exact share of a node, before rounding. */
    double share(int node) {
        return shares[node];
    }

    /**
     * Whole slots that add up and keep every limit. Larger remainders round up first; among equal ones those who own more
     * than the whole part now, so that rounding alone moves nothing, then the smaller node number.
     */
    int[] rounded(int[] owned) {
        int[] targets = new int[shares.length];
        int[] perRack = new int[domains.racks()];
        int[] perHost = new int[domains.hosts()];
        int left = slots * domains.replicas();
        for (int node = 0; node < targets.length; node++) {
            targets[node] = (int) (shares[node] + ROUNDING);
            perRack[domains.rackOf(node)] += targets[node];
            perHost[domains.hostOf(node)] += targets[node];
            left -= targets[node];
        }
        int[] order = IntStream.range(0, targets.length)
                .boxed()
                .sorted(Comparator.<Integer>comparingDouble(node -> roundedRemainder(node, targets))
                        .thenComparingInt(node -> owned[node] - targets[node])
                        .reversed()
                        .thenComparingInt(node -> node))
                .mapToInt(Integer::intValue)
                .toArray();
        for (int node : order) {
            int rack = domains.rackOf(node);
            int host = domains.hostOf(node);
            if (left > 0 && perRack[rack] < slots * domains.rackLimit() && perHost[host] < slots) {
                targets[node]++;
                perRack[rack]++;
                perHost[host]++;
                left--;
            }
        }
        Check.state(left == 0, "%d replicas of %s have no place", left, Arrays.toString(shares));
        return targets;
    }

    private double roundedRemainder(int node, int[] floors) {
        return Math.rint((shares[node] - floors[node]) / ROUNDING);
    }

    private double[] fill() {
        int nodes = domains.nodes();
        double[] filled = new double[nodes];
        boolean[] stopped = new boolean[nodes];
        double left = (double) slots * domains.replicas();
        while (true) {
            Group open = new Group(left);
            Group[] racks = groups(domains.racks(), (double) slots * domains.rackLimit());
            Group[] hosts = groups(domains.hosts(), slots);
            for (int node = 0; node < nodes; node++) {
                double weight = stopped[node] ? 0 : domains.member(node).weight();
                open.add(0, weight);
                racks[domains.rackOf(node)].add(filled[node], weight);
                hosts[domains.hostOf(node)].add(filled[node], weight);
            }
            double lowest = Math.min(lowestLevel(racks), lowestLevel(hosts));
            boolean last = open.level() <= lowest * (1 + ROUNDING);
            double level = last ? open.level() : lowest;
            for (int node = 0; node < nodes; node++) {
                boolean full =
                        racks[domains.rackOf(node)].level() <= level || hosts[domains.hostOf(node)].level() <= level;
                if (!stopped[node] && (last || full)) {
                    filled[node] = level * domains.member(node).weight();
                    stopped[node] = true;
                    left -= filled[node];
                }
            }
            if (last) {
                return filled;
            }
        }
    }

    private static Group[] groups(int count, double capacity) {
        return IntStream.range(0, count).mapToObj(group -> new Group(capacity)).toArray(Group[]::new);
    }

    private static double lowestLevel(Group[] groups) {
        return Arrays.stream(groups).mapToDouble(Group::level).min().orElseThrow();
    }

    /** Nodes that share a capacity. */
    private static final class Group {
        private double free;
        private double weight;

        Group(double capacity) {
            this.free = capacity;
        }

        void add(double taken, double growingWeight) {
            free -= taken;
            weight += growingWeight;
        }

        /** Slots per unit of weight at which the group is full. */
        double level() {
            return weight == 0 ? Double.POSITIVE_INFINITY : free / weight;
        }
    }
}
