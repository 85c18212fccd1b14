package dev.quorate.core;

import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.peer.Handover;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.replication.Handovers;
import dev.quorate.core.transfer.Transfers;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Lets replication know of hand-overs, which are made after it and of it. */
final class HandoversOfTransfers implements Handovers {
    private @Nullable Transfers transfers;

    void introduce(Transfers made) {
        transfers = made;
    }

    @Override
    public boolean admits(int slot, Handover handover) {
        return transfers != null && transfers.admits(slot, handover);
    }

    @Override
    public boolean receives(int slot) {
        return transfers != null && transfers.receives(slot);
    }

    @Override
    public boolean mustNotStandIn(int slot) {
        return transfers != null && transfers.mustNotStandIn(slot);
    }

    @Override
    public boolean proxiesReads(int slot) {
        return transfers != null && transfers.proxiesReads(slot);
    }

    @Override
    public void read(Key key, KeyHash hash, Consumer<PeerReply> answer) {
        if (transfers != null) {
            transfers.read(key, hash, answer);
        }
    }
}
