package dev.quorate.core.ring;

import dev.quorate.core.model.NodeId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** The preference list beyond a slot's owners: who stands in for one of them. */
public final class PreferenceList {
    private record Candidate(Member member, int distance, double score) {
        static final Comparator<Candidate> ORDER = Comparator.comparingInt(Candidate::distance)
                .thenComparing(Comparator.comparingDouble(Candidate::score).reversed())
                .thenComparing(candidate -> candidate.member().id());
    }

    private PreferenceList() {}

    /**
     * Every member outside the slot's row, best first: those in the failed owner's rack, so that the replicas keep to as
     * many racks as before, then the rest, each group in the slot's rendezvous order. Nodes on a host that already
     * has an owner of the slot come last: with them two copies could die together. The caller skips whom it cannot use.
     */
    public static List<NodeId> fallbacks(SlotTable table, int slot, NodeId failed) {
        return fallbacks(table, slot, table.width(), failed);
    }

    /** The same for a bucket with fewer replicas than the table is wide: its owners are the first {@code replicas} of the row. */
    public static List<NodeId> fallbacks(SlotTable table, int slot, int replicas, NodeId failed) {
        Member missing = table.member(failed);
        List<NodeId> row = table.owners(slot).subList(0, replicas);
        List<Member> owners = row.stream().map(table::member).toList();
        List<Candidate> candidates = new ArrayList<>();
        for (Member member : table.members()) {
            if (!row.contains(member.id())) {
                candidates.add(
                        new Candidate(member, distance(member, missing, owners), Rendezvous.score(slot, member)));
            }
        }
        candidates.sort(Candidate.ORDER);
        return candidates.stream().map(candidate -> candidate.member().id()).toList();
    }

    private static int distance(Member candidate, Member missing, List<Member> owners) {
        if (owners.stream().anyMatch(candidate::sharesHostWith)) {
            return 2;
        }
        return candidate.sharesRackWith(missing) ? 0 : 1;
    }
}
