package dev.quorate.core.ring;

import dev.quorate.core.model.NodeId;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.Collectors;

/**
 * The share due to each member, found in another way than the allocator does: by halving the interval in which the level
 * must lie at which everything is given out.
 */
final class Shares {
    private final int slots;
    private final int rackLimit;
    private final Map<String, Map<String, Double>> weightByRackAndHost;
    private final double level;

    Shares(List<Member> members, int replicasWanted, int slots) {
        this.slots = slots;
        this.weightByRackAndHost = members.stream()
                .collect(Collectors.groupingBy(
                        Member::rack,
                        TreeMap::new,
                        Collectors.groupingBy(Member::host, TreeMap::new, Collectors.summingDouble(Member::weight))));
        int hosts = weightByRackAndHost.values().stream().mapToInt(Map::size).sum();
        int replicas = Math.min(replicasWanted, hosts);
        this.rackLimit = rackLimit(weightByRackAndHost.values(), replicas);
        this.level = levelAtWhich(this::given, (double) slots * replicas);
    }

    static int rackLimit(Collection<? extends Map<String, ?>> hostsByRack, int replicas) {
        int limit = (int) Math.ceil(replicas / (double) hostsByRack.size());
        while (true) {
            int most = limit;
            if (hostsByRack.stream()
                            .mapToInt(hosts -> Math.min(most, hosts.size()))
                            .sum()
                    >= replicas) {
                return limit;
            }
            limit++;
        }
    }

    Map<NodeId, Double> of(List<Member> members) {
        Map<NodeId, Double> shares = new TreeMap<>();
        for (Member member : members) {
            Map<String, Double> hosts = weightByRackAndHost.get(member.rack());
            double rackLevel = levelAtWhich(at -> inRack(hosts, at), capacity(hosts));
            double hostWeight = hosts.get(member.host());
            double hostShare = Math.min(slots, Math.min(level, rackLevel) * hostWeight);
            shares.put(member.id(), hostShare * member.weight() / hostWeight);
        }
        return shares;
    }

    private double given(double at) {
        return weightByRackAndHost.values().stream()
                .mapToDouble(hosts -> Math.min(capacity(hosts), inRack(hosts, at)))
                .sum();
    }

    private double inRack(Map<String, Double> hosts, double at) {
        return hosts.values().stream()
                .mapToDouble(weight -> Math.min(slots, at * weight))
                .sum();
    }

    private double capacity(Map<String, Double> hosts) {
        return (double) slots * Math.min(rackLimit, hosts.size());
    }

    private static double levelAtWhich(DoubleUnaryOperator given, double wanted) {
        double low = 0;
        double high = 1e9;
        for (int i = 0; i < 100; i++) {
            double middle = (low + high) / 2;
            if (given.applyAsDouble(middle) < wanted * (1 - 1e-12)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return high;
    }
}
