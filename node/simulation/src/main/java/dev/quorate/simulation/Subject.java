package dev.quorate.simulation;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.SafetyRules;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.topology.RegisterRules;

/** What is put to the test: production's rules on honest machines. Tests of the checker override one method with one mistake. */
public class Subject {
    /** The rules of every node. */
    public SafetyRules rules(Metrics metrics) {
        return SafetyRules.production(metrics);
    }

    /** The rules by which nodes agree about the ring. */
    public RegisterRules registerRules() {
        return new RegisterRules();
    }

    /**
     * A start of a process.
     *
     * @param last the boot number in the identity file; 0 where there is none
     * @param fresh one never used before
     * @param lostData whether the end of the life before lost batches
     * @param diskReplaced whether this is another disk than that of the life before, or an older image of it
     */
    public record Start(int machine, long last, long fresh, boolean lostData, boolean diskReplaced) {}

    /** The boot number of a start. */
    public long boot(Start start) {
        return start.fresh();
    }

    /** Who the node on this machine thinks it is. */
    public NodeId identity(int machine) {
        return new NodeId(machine);
    }
}
