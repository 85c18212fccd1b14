package dev.quorate.core.replication;

import dev.quorate.core.model.NodeId;
import java.util.ArrayList;
import java.util.List;

/**
 * Acknowledgements of one write, by position of its row: the owner there and a node that stands in for it count once together. Confined to
 * the coordinator's event loop.
 */
final class WriteQuorum {
    enum Decision {
        WAIT,
        /** Exactly once: enough hold it durably. */
        MET,
        /** Exactly once: so many positions are lost that the rest cannot make up for them. */
        OUT_OF_REACH
    }

    private final int positions;
    private final int required;
    private final int ownersRequired;
    private final List<NodeId> acknowledged;
    // Bit by bit, a position each.
    private int held;
    private int heldByOwner;
    private int lost;
    private int ownerFailed;
    private boolean settled;

    WriteQuorum(int positions, int required, int ownersRequired) {
        this.positions = positions;
        this.required = required;
        this.ownersRequired = ownersRequired;
        this.acknowledged = new ArrayList<>(positions);
    }

    /** @param asOwner false for a node that stands in */
    Decision acknowledged(int position, NodeId node, boolean asOwner) {
        // The network may deliver twice; a node counts once.
        if (!acknowledged.contains(node)) {
            acknowledged.add(node);
        }
        held |= 1 << position;
        if (asOwner) {
            heldByOwner |= 1 << position;
        }
        return decide();
    }

    /** The owner will not hold it; somebody else may, in its place. */
    Decision ownerFailed(int position) {
        ownerFailed |= 1 << position;
        return decide();
    }

    /** Nobody is left to ask. */
    Decision lost(int position) {
        lost |= 1 << position;
        ownerFailed |= 1 << position;
        return decide();
    }

    boolean isHeld(int position) {
        return (held & 1 << position) != 0;
    }

    boolean isSettled() {
        return settled;
    }

    List<NodeId> acknowledged() {
        return acknowledged;
    }

    int primaries() {
        return Integer.bitCount(heldByOwner);
    }

    private Decision decide() {
        if (settled) {
            return Decision.WAIT;
        }
        boolean met = Integer.bitCount(held) >= required && primaries() >= ownersRequired;
        boolean outOfReach = positions - Integer.bitCount(lost & ~held) < required
                || positions - Integer.bitCount(ownerFailed & ~heldByOwner) < ownersRequired;
        if (!met && !outOfReach) {
            return Decision.WAIT;
        }
        settled = true;
        return met ? Decision.MET : Decision.OUT_OF_REACH;
    }
}
