package dev.quorate.core.storage;

import dev.quorate.core.version.StoredRecord;

/**
 * The decisions about hand-overs of slots on which safety rests (rules.md A12), each in one method, each without state. Overridden only by
 * planted mistakes, which laws and the simulation must catch.
 */
public class TransferRules {
    /** Whether the old owner lets the new one answer reads, from the moment in which the new one may have taken over without it knowing. */
    public boolean proxiesReads() {
        return true;
    }

    /** Whether a change is acknowledged only when the new owner has it as well. */
    public boolean waitsForReceiver() {
        return true;
    }

    /** Whether all is compared once more after changes began to be forwarded: what came in before is found only so. */
    public boolean comparesAfterSync() {
        return true;
    }

    /** Whether a restart finds that the slot may have changed hands. */
    public boolean persistsFlipping() {
        return true;
    }

    /** Whether a node that does not hold a hand-over says so, and does nothing. */
    public boolean refusesUnknownMoves() {
        return true;
    }

    /** Whether the old owner may acknowledge a change that the new one did not take. */
    public boolean mayAcknowledgeAlone(boolean flipping) {
        return !flipping;
    }

    /** Whether a record goes with the slot: not what is kept for an owner, as nobody else may have that (rules.md A8). */
    public boolean mayPurge(StoredRecord record) {
        return record.hints().isEmpty();
    }

    /** Whether a purge ends where the slot comes back, before anything of it is taken in again. */
    public boolean purgeGivesWay() {
        return true;
    }
}
