package dev.quorate.core.transfer;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.RingVersion;

/** What transfer needs to hear about rings. */
public interface RingNews {
    /** That node may know a later ring: asks it, without waiting. */
    void fetchFrom(NodeId node);

    /** Whether every node that lives is known to use that ring, or a later one. */
    boolean usedEverywhere(RingVersion version);
}
