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
 */
public record Report(String coordinator, int acknowledgements, int primaries, int required, List<String> nodes) {
    static final Report NONE = new Report("", 0, 0, 0, List.of());

    public Report {
        nodes = List.copyOf(nodes);
    }
}
