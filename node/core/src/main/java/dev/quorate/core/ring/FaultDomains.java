package dev.quorate.core.ring;

import dev.quorate.core.model.Check;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The members that may own slots, numbered from 0 in order of node number, with what they fail together with. A row
 * holds at most one node of a host and at most {@link #rackLimit} of a rack.
 */
final class FaultDomains {
    private final List<Member> members;
    private final int[] rackOf;
    private final int[] hostOf;
    private final int racks;
    private final int hosts;
    private final int replicas;
    private final int rackLimit;

    /** @param members ordered by node number */
    FaultDomains(List<Member> members, int replicasWanted) {
        Check.argument(replicasWanted > 0, "replicas %d is not positive", replicasWanted);
        Check.argument(!members.isEmpty(), "no member may own slots");
        this.members = members;
        List<Member> rackSamples = new ArrayList<>();
        List<Member> hostSamples = new ArrayList<>();
        this.rackOf = new int[members.size()];
        this.hostOf = new int[members.size()];
        for (int node = 0; node < members.size(); node++) {
            Member member = members.get(node);
            rackOf[node] = domain(rackSamples, member, Member::sharesRackWith);
            hostOf[node] = domain(hostSamples, member, Member::sharesHostWith);
            Member hostSample = hostSamples.get(hostOf[node]);
            Check.argument(
                    member.sharesRackWith(hostSample),
                    "host %s is in rack %s according to %s and in rack %s according to %s",
                    member.host(),
                    hostSample.rack(),
                    hostSample.id(),
                    member.rack(),
                    member.id());
        }
        this.racks = rackSamples.size();
        this.hosts = hostSamples.size();
        this.replicas = Math.min(replicasWanted, hosts);
        this.rackLimit = computeRackLimit();
    }

    private interface Sharing {
        boolean test(Member a, Member b);
    }

    private static int domain(List<Member> samples, Member member, Sharing sharing) {
        for (int domain = 0; domain < samples.size(); domain++) {
            if (sharing.test(samples.get(domain), member)) {
                return domain;
            }
        }
        samples.add(member);
        return samples.size() - 1;
    }

    /** The even share of a row, or more where racks with few hosts cannot take theirs. */
    private int computeRackLimit() {
        int limit = (replicas + racks - 1) / racks;
        while (placesUnder(limit) < replicas) {
            limit++;
        }
        return limit;
    }

    private int placesUnder(int limit) {
        return IntStream.range(0, racks)
                .map(rack -> Math.min(limit, hostsIn(rack)))
                .sum();
    }

    private int hostsIn(int rack) {
        return (int) IntStream.range(0, nodes())
                .filter(node -> rackOf[node] == rack)
                .map(node -> hostOf[node])
                .distinct()
                .count();
    }

    int nodes() {
        return members.size();
    }

    Member member(int node) {
        return members.get(node);
    }

    int racks() {
        return racks;
    }

    int hosts() {
        return hosts;
    }

    int rackOf(int node) {
        return rackOf[node];
    }

    int hostOf(int node) {
        return hostOf[node];
    }

    /** Owners per row: as many as wanted, or as there are hosts. */
    int replicas() {
        return replicas;
    }

    int rackLimit() {
        return rackLimit;
    }
}
