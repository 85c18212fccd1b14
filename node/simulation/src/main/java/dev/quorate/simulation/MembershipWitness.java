package dev.quorate.simulation;

import dev.quorate.core.membership.MembershipListener;
import dev.quorate.core.membership.Verdict;
import dev.quorate.core.model.NodeId;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** I13, with the eyes of the nodes: a member is DOWN only by the word of two others, each of which probed it in vain. */
final class MembershipWitness {
    private final Situations situations;
    private final AgreedRing ring;
    private final Findings findings;
    private final Map<NodeId, TreeSet<Integer>> accusedBy = new TreeMap<>();

    MembershipWitness(Situations situations, AgreedRing ring, Findings findings) {
        this.situations = situations;
        this.ring = ring;
        this.findings = findings;
    }

    /** What a node says it found out, and what it makes of what others say. Every machine is a host of its own. */
    MembershipListener listener(SimProcess process) {
        return new MembershipListener() {
            @Override
            public void accuses(NodeId accused, long heartbeat) {
                situations.happened(Situation.MEMBER_ACCUSED);
                accusedBy.computeIfAbsent(accused, none -> new TreeSet<>()).add(process.machine());
            }

            @Override
            public void judged(NodeId member, Verdict before, Verdict now, List<NodeId> accusers) {
                if (before == Verdict.DOWN) {
                    situations.happened(Situation.DOWN_REFUTED);
                }
                if (now != Verdict.DOWN) {
                    return;
                }
                situations.happened(Situation.MEMBER_DOWN);
                int needed = Math.min(2, ring.latest().active().size() - 1);
                // Who is named as a source must have probed in vain itself: hearsay is no source.
                TreeSet<Integer> sources = new TreeSet<>(accusedBy.getOrDefault(member, new TreeSet<>()));
                sources.retainAll(accusers.stream().map(NodeId::number).toList());
                if (sources.size() < needed) {
                    findings.violated(
                            "I13",
                            "",
                            process.name() + " holds " + member + " to be DOWN by the word of " + accusers
                                    + ", of which " + sources + " found out themselves");
                }
            }

            @Override
            public void rolledBack(long own, long known) {
                situations.happened(Situation.ROLL_BACK_NOTICED);
            }
        };
    }
}
