package dev.quorate.core.replication;

import dev.quorate.core.model.Check;

/**
 * A bucket and its defaults.
 *
 * @param id part of the hashed data, so it never changes
 * @param n replicas; at most the width of the slot table
 * @param r default read quorum
 * @param w default write quorum
 */
public record Bucket(String name, int id, int n, int r, int w, BlindWrites blindWrites) {
    /** What a write without a context does to the values its coordinator holds. */
    public enum BlindWrites {
        /** Supersedes them, so that {@code put a; put b; get} gives b. */
        OVERWRITE_SEEN,
        /** Stands beside them. */
        SIBLING,
        /** Is refused, unless on the condition that the key is absent. */
        REJECT
    }

    public static final String DEFAULT_NAME = "default";

    public Bucket {
        Check.argument(
                name.matches("[A-Za-z0-9._-]{1,64}"), "bucket name '%s' is not 1 to 64 of A-Z a-z 0-9 . _ -", name);
        Check.argument(id >= 1, "bucket '%s': id %d is below 1", name, id);
        Check.argument(n >= 1 && n <= 16, "bucket '%s': n %d is not 1 to 16", name, n);
        Check.argument(r >= 1 && r <= n, "bucket '%s': r %d is not 1 to n %d", name, r, n);
        Check.argument(w >= 1 && w <= n, "bucket '%s': w %d is not 1 to n %d", name, w, n);
    }
}
