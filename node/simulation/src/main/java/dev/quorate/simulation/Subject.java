package dev.quorate.simulation;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.SafetyRules;
import dev.quorate.core.runtime.Metrics;

/** What is put to the test: production's rules on honest machines. Tests of the checker override one method with one mistake. */
public class Subject {
    /** The rules of every node. */
    public SafetyRules rules(Metrics metrics) {
        return SafetyRules.production(metrics);
    }

    /**
     * The boot number of a start.
     *
     * @param last that of the start before; 0 for the first start
     * @param fresh one never used before
     * @param lostData whether the end of the life before lost batches
     */
    public long boot(int machine, long last, long fresh, boolean lostData) {
        return fresh;
    }

    /** Who the node on this machine thinks it is. */
    public NodeId identity(int machine) {
        return new NodeId(machine);
    }
}
