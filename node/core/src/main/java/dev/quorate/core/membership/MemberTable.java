package dev.quorate.core.membership;

import dev.quorate.core.model.Check;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.Member;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The members by position, in order of node number, with what they fail together with. Whoever joins has a higher number than all before it, so
 * positions last as long as the process: a member that left keeps its own, and is absent.
 */
final class MemberTable {
    private final NodeId selfId;
    private final List<NodeId> ids = new ArrayList<>();
    private int[] numbers = new int[0];
    private int[] hostOf = new int[0];
    private int[] rackOf = new int[0];
    private int[] sourcesNeeded = new int[0];
    private boolean[] present = new boolean[0];
    private int presentCount;
    private int self;

    MemberTable(NodeId self, List<Member> members) {
        this.selfId = self;
        follow(members);
        Check.argument(this.self >= 0, "%s is not a member", self);
    }

    /** These are the members from now on. */
    void follow(List<Member> members) {
        List<Member> sorted = new ArrayList<>(members);
        sorted.sort((a, b) -> a.id().compareTo(b.id()));
        for (Member member : sorted) {
            if (indexOf(member.id()) < 0) {
                int last = ids.isEmpty() ? 0 : ids.get(ids.size() - 1).number();
                Check.state(member.id().number() > last, "%s joins after n%d", member.id(), last);
                ids.add(member.id());
                numbers = Arrays.copyOf(numbers, ids.size());
                numbers[ids.size() - 1] = member.id().number();
            }
        }
        int size = ids.size();
        present = new boolean[size];
        presentCount = sorted.size();
        hostOf = Arrays.copyOf(hostOf, size);
        rackOf = Arrays.copyOf(rackOf, size);
        Map<String, Integer> hosts = new TreeMap<>();
        Map<String, Integer> racks = new TreeMap<>();
        for (Member member : sorted) {
            int index = indexOf(member.id());
            present[index] = true;
            hostOf[index] = first(hosts, member.datacenter(), member.host(), index);
            rackOf[index] = first(racks, member.datacenter(), member.rack(), index);
        }
        this.self = indexOf(selfId);
        this.sourcesNeeded = new int[size];
        int[] onHost = new int[size];
        for (int i = 0; i < size; i++) {
            onHost[hostOf[i]] += present[i] ? 1 : 0;
        }
        for (int i = 0; i < size; i++) {
            int others = onHost[hostOf[i]] == 1 && present[i] ? hosts.size() - 1 : hosts.size();
            sourcesNeeded[i] = Math.min(2, others);
        }
    }

    /** The position of the first member with this label, which stands for all of them. */
    private static int first(Map<String, Integer> seen, String datacenter, String label, int index) {
        Integer first = seen.putIfAbsent(datacenter + '\0' + label, index);
        return first == null ? index : first;
    }

    /** Positions, those of absent members included. */
    int size() {
        return numbers.length;
    }

    /** Whether it is a member now. */
    boolean isPresent(int index) {
        return present[index];
    }

    int presentCount() {
        return presentCount;
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
