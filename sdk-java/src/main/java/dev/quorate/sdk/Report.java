package dev.quorate.sdk;

import java.util.List;

/**
 * What was achieved for one operation.
 *
 * @param coordinator the node that coordinated, for example {@code n2}; empty in a {@link Versioned} that no node answered
 * @param acknowledgements replicas that answered a read, or held the write durably, when the answer was sent
 * @param primaries how many of those are owners of the key
 * @param required how many were asked for (R or W)
 * @param nodes the acknowledging nodes
 * @param hinted owners that a node keeps a write for, until they can be had
 */
public record Report(
        String coordinator,
        int acknowledgements,
        int primaries,
        int required,
        List<String> nodes,
        List<String> hinted) {
    static final Report NONE = new Report("", 0, 0, 0, List.of(), List.of());

    public Report {
        nodes = List.copyOf(nodes);
        hinted = List.copyOf(hinted);
    }

    /** How many of the acknowledging nodes stood in for owners. */
    public int fallbacks() {
        return acknowledgements - primaries;
    }

    /**
     * Whether as many owners as were asked for took part. What R + W &gt; N promises holds for such answers only: a read that is not strict and
     * finds nothing may have missed what an owner that could not be had holds.
     */
    public boolean strict() {
        return primaries >= required;
    }
}
