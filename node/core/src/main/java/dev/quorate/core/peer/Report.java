package dev.quorate.core.peer;

import dev.quorate.core.model.NodeId;
import java.util.List;

/**
 * What was achieved when the answer was sent.
 *
 * @param acknowledged the nodes that answered the read, or that hold the write durably, in the order they did
 * @param required R or W
 * @param primaries how many of {@code acknowledged} own the key; the others stand in for owners
 * @param hinted for a write, owners that somebody keeps it for until they can be had
 */
public record Report(NodeId coordinator, List<NodeId> acknowledged, int required, int primaries, List<NodeId> hinted) {
    /** Nodes that stood in for owners. */
    public int fallbacks() {
        return acknowledged.size() - primaries;
    }

    /** Whether as many owners took part as were asked for: what R + W &gt; N promises holds for such answers only. */
    public boolean strict() {
        return primaries >= required;
    }
}
