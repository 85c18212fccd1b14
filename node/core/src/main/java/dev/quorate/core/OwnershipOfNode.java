package dev.quorate.core;

import dev.quorate.core.antientropy.RecoveringSlots;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.Coordinator;
import dev.quorate.core.transfer.Surroundings;

/** Lets hand-overs know what this node is to hold, and may have lost. */
final class OwnershipOfNode implements Surroundings.Ownership {
    private final NodeId self;
    private final Coordinator coordinator;
    private final RecoveringSlots recovering;
    private final boolean recovers;

    /** @param recovers false where nothing is ever taken for lost */
    OwnershipOfNode(NodeId self, Coordinator coordinator, RecoveringSlots recovering, boolean recovers) {
        this.self = self;
        this.coordinator = coordinator;
        this.recovering = recovering;
        this.recovers = recovers;
    }

    @Override
    public boolean owns(Key key, KeyHash hash) {
        return coordinator.owns(self, key, hash);
    }

    @Override
    public boolean recovering(int slot) {
        return recovers && recovering.contains(slot);
    }

    @Override
    public void recover(int slot) {
        recovering.begin(slot);
    }
}
