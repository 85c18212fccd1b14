package dev.quorate.core.replication;

import dev.quorate.core.model.NodeId;
import java.util.ArrayList;
import java.util.List;

/** Acknowledgements of one write. Confined to the coordinator's event loop. */
final class WriteQuorum {
    enum Decision {
        WAIT,
        /** Exactly once: enough hold it durably. */
        MET,
        /** Exactly once: so many replicas failed that the rest cannot make up for them. */
        OUT_OF_REACH
    }

    private final int replicas;
    private final int required;
    private final List<NodeId> acknowledged;
    private int failures;
    private boolean settled;

    WriteQuorum(int replicas, int required) {
        this.replicas = replicas;
        this.required = required;
        this.acknowledged = new ArrayList<>(replicas);
    }

    Decision acknowledged(NodeId replica) {
        // The network may deliver twice; a replica counts once.
        if (!acknowledged.contains(replica)) {
            acknowledged.add(replica);
        }
        return decide();
    }

    Decision failed() {
        failures++;
        return decide();
    }

    List<NodeId> acknowledged() {
        return acknowledged;
    }

    private Decision decide() {
        boolean met = acknowledged.size() >= required;
        boolean outOfReach = replicas - failures < required;
        if (settled || !(met || outOfReach)) {
            return Decision.WAIT;
        }
        settled = true;
        return met ? Decision.MET : Decision.OUT_OF_REACH;
    }
}
