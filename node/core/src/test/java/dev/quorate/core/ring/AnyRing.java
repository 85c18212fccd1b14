package dev.quorate.core.ring;

import dev.quorate.core.model.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Members as operators label them: even or not, one node per host or several, in one rack or many. */
final class AnyRing {
    private final Random random;
    private final int racks;
    private final int maxWeight;
    private int lastNumber;

    AnyRing(long seed) {
        this.random = new Random(seed);
        this.racks = 1 + random.nextInt(5);
        this.maxWeight = 1 + random.nextInt(3);
    }

    List<Member> members() {
        List<Member> members = new ArrayList<>();
        int count = 1 + random.nextInt(30);
        while (members.size() < count) {
            members.addAll(host());
        }
        return members;
    }

    int replicas() {
        return 1 + random.nextInt(5);
    }

    /** One change as an operator makes them: a host joins, a node leaves, or a node gets another weight. */
    List<Member> changed(List<Member> members) {
        List<Member> changed = new ArrayList<>(members);
        int index = random.nextInt(members.size());
        int change = random.nextInt(3);
        if (change == 0 && members.size() > 1) {
            changed.remove(index);
        } else if (change == 1) {
            Member member = members.get(index);
            changed.set(
                    index,
                    new Member(
                            member.id(),
                            member.weight() * (0.5 + random.nextDouble()),
                            member.datacenter(),
                            member.rack(),
                            member.host()));
        } else {
            changed.addAll(host());
        }
        return changed;
    }

    NodeId anyOf(List<Member> members) {
        return members.get(random.nextInt(members.size())).id();
    }

    int anySlot(SlotTable table) {
        return random.nextInt(table.slots());
    }

    Random random() {
        return random;
    }

    private List<Member> host() {
        List<Member> nodes = new ArrayList<>();
        String rack = "r" + random.nextInt(racks);
        String host = "h" + lastNumber;
        int nodesOnHost = random.nextInt(4) == 0 ? 2 : 1;
        for (int i = 0; i < nodesOnHost; i++) {
            lastNumber += 1 + random.nextInt(3);
            int weight = 1 + random.nextInt(maxWeight);
            nodes.add(new Member(new NodeId(lastNumber), weight, "dc1", rack, host));
        }
        return nodes;
    }
}
