package dev.quorate.core.version;

import dev.quorate.core.model.Check;

/**
 * Since which of its own dots this node has held the record without a gap. Stored beside the object and never sent: only while it
 * lasts may the next write claim all dots from {@code from} on, for then each of them that belongs to this key is in the record's
 * context. Whoever removes the record removes this with it, and the next write claims nothing about the past.
 */
public record OwnInterval(long boot, long from) {
    public OwnInterval {
        Check.argument(from > 0, "sequence %s is not positive", from);
    }
}
