package dev.quorate.core.antientropy;

import dev.quorate.core.model.NodeId;
import java.time.Duration;

/** What nodes keep for each other, as far as it concerns whoever compares replicas. */
public interface Hints {
    /** How long after two nodes have met each has begun to hand over what it kept for the other, if anything. */
    Duration begunAfter();

    /** Whether this node still has to hand over something to the peer, or anybody to this node, as far as it can tell. */
    boolean areUnderWayWith(NodeId peer);
}
