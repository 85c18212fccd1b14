package dev.quorate.core.storage;

import dev.quorate.core.version.VersionedObject;

/**
 * The decisions about hints on which safety rests, each in one method, each without state. Overridden only by the simulation's
 * planted mistakes.
 */
public class HintRules {
    /**
     * Whether an owner that acknowledged {@code sent} has everything that {@code held} would give it (rules.md A8). If the object changed
     * on the way it is sent again.
     */
    public boolean delivered(VersionedObject sent, VersionedObject held) {
        return sent.equals(held);
    }

    /** Whether a hint stays until its owner has acknowledged what it stands for. */
    public boolean waitsForAcknowledgement() {
        return true;
    }

    /** Whether a node that has no room for another hint may do without: comparing replicas finds what an owner's hint would have brought (A9). */
    public boolean mayDoWithout(boolean ownsKey) {
        return ownsKey;
    }

    /** Whether an object stored in an owner's stead is remembered as such: nothing else ever brings it back into the row (A10). */
    public boolean remembersWhoseItIs() {
        return true;
    }
}
