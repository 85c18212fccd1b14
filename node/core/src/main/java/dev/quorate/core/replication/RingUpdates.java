package dev.quorate.core.replication;

import dev.quorate.core.model.NodeId;

/** How replication gets to know a later ring than this node uses, when a peer shows that there is one. */
@FunctionalInterface
public interface RingUpdates {
    /** A ring that never changes. */
    RingUpdates NONE = (peer, then) -> then.run();

    /** Asks that peer for the ring it uses. {@code then} runs once, later: when that was adopted, or nothing came of it in time. */
    void fetchFrom(NodeId peer, Runnable then);
}
