package dev.quorate.core.topology;

import dev.quorate.core.model.Check;

/**
 * How many owners the operations of a bucket wait for by default: what has to be known to say whether a dead owner can be replaced without
 * missing an acknowledged write.
 *
 * @param n owners per key, the first so many of the slot's row
 */
public record Quorums(String bucket, int n, int r, int w) {
    public Quorums {
        Check.argument(n > 0 && r > 0 && w > 0 && r <= n && w <= n, "bucket %s: n=%d r=%d w=%d", bucket, n, r, w);
    }

    /** Other owners that must know the new row before the dead one's successor may count (rules.md A18). */
    public int fence() {
        return n - Math.min(w, r) + 1;
    }
}
