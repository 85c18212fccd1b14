package dev.quorate.core.transfer;

import dev.quorate.core.model.NodeId;
import org.jspecify.annotations.Nullable;

/**
 * What this node does about one slot, in numbers for people.
 *
 * @param moveId 0 for a purge
 * @param from the old owner; null for a purge
 * @param to the new owner; null for a purge
 * @param keys sent so far by the old owner; held so far at the new one; left of a purge
 * @param bytes sent so far by the old owner
 * @param keysLeft records that may still have to be sent, as far as known
 * @param millisLeft from the pace so far; -1 while there is none
 * @param problem why it does not go on; empty if it does
 */
public record TransferStatus(
        int slot,
        long moveId,
        int attempt,
        @Nullable NodeId from,
        @Nullable NodeId to,
        State state,
        long keys,
        long bytes,
        long keysLeft,
        long millisLeft,
        String problem) {
    /** How far it is. */
    public enum State {
        /** Its turn has not come, or something is in its way. */
        WAITING,
        /** The old owner copies; it serves as if nothing was. */
        SCAN,
        /** The old owner also forwards changes, and compares once more. */
        SYNC,
        /** The new owner may stand in the row any moment. */
        FLIPPING,
        /** This node takes the slot. */
        RECEIVING,
        /** The slot is another's; what is left of it here stays for a while. */
        GONE,
        /** What is left of it here is cleared away. */
        PURGING
    }
}
