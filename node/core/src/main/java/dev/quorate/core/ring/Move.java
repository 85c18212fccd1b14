package dev.quorate.core.ring;

import dev.quorate.core.model.Check;
import dev.quorate.core.model.NodeId;

/**
 * A replica of a slot changes hands, and has not finished doing so.
 *
 * @param id unique in the ring, for ever
 * @param attempt grows whenever the hand-over begins again from its start, so that messages of an earlier one are known as such (rules.md A12)
 * @param position in the slot's row
 * @param sinceEpoch of the ring in which this attempt began
 * @param unsafe whether an operator wants a dead owner's successor to count although too few of the others are left to be sure that no
 *     acknowledged write is missed
 */
public record Move(
        long id,
        int attempt,
        Kind kind,
        int slot,
        int position,
        NodeId from,
        NodeId to,
        long sinceEpoch,
        boolean unsafe) {
    /** How it changes hands. */
    public enum Kind {
        /**
         * The old owner lives and hands over: it stays in the row until the new one has everything, and drives the move. Protocols.md 7.1.
         */
        MOVE,
        /**
         * The old owner is dead: the new one stands in the row from the beginning, takes writes, and answers no reads before it has
         * heard out the other owners. Protocols.md 7.2, rules.md A18.
         */
        RECOVER
    }

    /** One that misses no acknowledged write. */
    public Move(long id, int attempt, Kind kind, int slot, int position, NodeId from, NodeId to, long sinceEpoch) {
        this(id, attempt, kind, slot, position, from, to, sinceEpoch, false);
    }

    public Move {
        Check.argument(!from.equals(to), "move %d from %s to itself", id, from);
    }

    /** The same, begun again in the given epoch. */
    public Move again(long epoch) {
        return new Move(id, attempt + 1, kind, slot, position, from, to, epoch, unsafe);
    }
}
