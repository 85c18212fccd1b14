package dev.quorate.core.replication;

import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.peer.Handover;
import dev.quorate.core.peer.PeerReply;
import java.util.function.Consumer;

/** What replication has to know of slots that change hands. That changes wait for a new owner, storage sees to. */
public interface Handovers {
    /** Nothing ever changes hands. */
    Handovers NONE = new Handovers() {
        @Override
        public boolean admits(int slot, Handover handover) {
            return false;
        }

        @Override
        public boolean receives(int slot) {
            return false;
        }

        @Override
        public boolean mustNotStandIn(int slot) {
            return false;
        }

        @Override
        public boolean proxiesReads(int slot) {
            return false;
        }

        @Override
        public void read(Key key, KeyHash hash, Consumer<PeerReply> answer) {
            answer.accept(new PeerReply.Refused(PeerReply.Refusal.NOT_READY));
        }
    };

    /** Whether this node takes part in that very hand-over as the new owner, and so does what its old owner asks, owner or not yet. */
    boolean admits(int slot, Handover handover);

    /** Whether this node is about to be an owner of the slot. */
    boolean receives(int slot);

    /** Whether this node still holds what it handed over, or is about to own the slot (rules.md A12). */
    boolean mustNotStandIn(int slot);

    /** Whether another may be the owner by now in this node's place, so that only that one can tell what is held. */
    boolean proxiesReads(int slot);

    /** Lets the other one answer. */
    void read(Key key, KeyHash hash, Consumer<PeerReply> answer);
}
