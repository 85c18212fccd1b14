package dev.quorate.core.membership;

import dev.quorate.core.model.Check;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.Member;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The members by position, in order of node number, with what they fail together with. */
final class MemberTable {
    private final List<NodeId> ids = new ArrayList<>();
    private final int[] numbers;
    private final int[] hostOf;
    private final int[] rackOf;
    private final int[] sourcesNeeded;
    private final int self;

    MemberTable(NodeId self, List<Member> members) {
        List<Member> sorted = new ArrayList<>(members);
        sorted.sort((a, b) -> a.id().compareTo(b.id()));
        int size = sorted.size();
        this.numbers = new int[size];
        this.hostOf = new int[size];
        this.rackOf = new int[size];
        Map<String, Integer> hosts = new TreeMap<>();
        Map<String, Integer> racks = new TreeMap<>();
        for (int i = 0; i < size; i++) {
            Member member = sorted.get(i);
            ids.add(member.id());
            numbers[i] = member.id().number();
            hostOf[i] = first(hosts, member.datacenter(), member.host(), i);
            rackOf[i] = first(racks, member.datacenter(), member.rack(), i);
        }
        this.self = Arrays.binarySearch(numbers, self.number());
        Check.argument(this.self >= 0, "%s is not a member", self);
        this.sourcesNeeded = new int[size];
        int[] onHost = new int[size];
        for (int host : hostOf) {
            onHost[host]++;
        }
        for (int i = 0; i < size; i++) {
            int others = onHost[hostOf[i]] == 1 ? hosts.size() - 1 : hosts.size();
            sourcesNeeded[i] = Math.min(2, others);
        }
    }

    /** The position of the first member with this label, which stands for all of them. */
    private static int first(Map<String, Integer> seen, String datacenter, String label, int index) {
        Integer first = seen.putIfAbsent(datacenter + '\0' + label, index);
        return first == null ? index : first;
    }

    int size() {
        return numbers.length;
    }

    int self() {
        return self;
    }

    NodeId id(int index) {
        return ids.get(index);
    }

    /** Negative for who is not a member. */
    int indexOf(int number) {
        return Arrays.binarySearch(numbers, number);
    }

    int indexOf(NodeId id) {
        return indexOf(id.number());
    }

    /** Shared: read only. */
    int[] numbers() {
        return numbers;
    }

    int hostOf(int index) {
        return hostOf[index];
    }

    boolean sameRack(int a, int b) {
        return rackOf[a] == rackOf[b];
    }

    /** Hosts that have to accuse a member: two, or as many as there are besides it. */
    int sourcesNeeded(int index) {
        return sourcesNeeded[index];
    }
}
