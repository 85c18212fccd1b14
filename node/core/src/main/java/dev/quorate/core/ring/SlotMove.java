package dev.quorate.core.ring;

import dev.quorate.core.model.NodeId;
import org.jspecify.annotations.Nullable;

/**
 * One replica of a slot changes hands.
 *
 * @param position the place in the current table's row; at or beyond its width when the row grows
 * @param from null when the row grows and nobody gives the place up
 * @param to null when the row shrinks and nobody takes the place
 */
public record SlotMove(
        int slot,
        int position,
        @Nullable NodeId from,
        @Nullable NodeId to) {}
