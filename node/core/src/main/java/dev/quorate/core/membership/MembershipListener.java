package dev.quorate.core.membership;

import dev.quorate.core.model.NodeId;
import java.util.List;

/** Told what a node makes of the others: for logs, and for a simulation that checks the reasons. Called on the event loop. */
public interface MembershipListener {
    /** This node got no answer from a member, neither directly nor through others, and says so. */
    void accuses(NodeId accused, long heartbeat);

    /** What this node thinks of a member has changed. */
    void judged(NodeId member, Verdict before, Verdict now, List<NodeId> accusers);

    /** Others knew a later heartbeat of this node than it had reached: an older state of it was restored, or it runs twice. */
    void rolledBack(long own, long known);
}
