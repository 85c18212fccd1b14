package dev.quorate.core;

import dev.quorate.core.membership.MemberView;
import dev.quorate.core.membership.Membership;
import dev.quorate.core.membership.Verdict;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.RingUpdates;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.core.transfer.RingNews;

/** Lets hand-overs know which rings the others use. */
final class RingNewsOfMembership implements RingNews {
    private final NodeId self;
    private final CurrentRing ring;
    private final Membership membership;
    private final RingUpdates updates;

    RingNewsOfMembership(NodeId self, CurrentRing ring, Membership membership, RingUpdates updates) {
        this.self = self;
        this.ring = ring;
        this.membership = membership;
        this.updates = updates;
    }

    @Override
    public void fetchFrom(NodeId node) {
        updates.fetchFrom(node, () -> {});
    }

    @Override
    public boolean usedEverywhere(RingVersion version) {
        for (MemberView member : membership.members()) {
            boolean lives = member.verdict() != Verdict.DOWN && member.verdict() != Verdict.SHUTDOWN;
            boolean counts =
                    lives && !member.node().equals(self) && ring.state().isActive(member.node());
            if (counts && membership.ringOf(member.node()) < version.packed()) {
                return false;
            }
        }
        return true;
    }
}
