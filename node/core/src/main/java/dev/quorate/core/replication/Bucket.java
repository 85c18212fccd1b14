package dev.quorate.core.replication;

import dev.quorate.core.model.Check;
import dev.quorate.core.peer.Mode;

/**
 * A bucket and its defaults.
 *
 * @param id part of the hashed data, so it never changes
 * @param n replicas; at most the width of the slot table
 * @param r default read quorum
 * @param w default write quorum
 * @param readMode who counts towards R unless a request says otherwise
 * @param writeMode who counts towards W unless a request says otherwise
 * @param readRepair whether a read waits for the repair of stale replicas
 */
public record Bucket(
        String name,
        int id,
        int n,
        int r,
        int w,
        BlindWrites blindWrites,
        Mode readMode,
        Mode writeMode,
        Repair readRepair) {
    /** What a write without a context does to the values its coordinator holds. */
    public enum BlindWrites {
        /** Supersedes them, so that {@code put a; put b; get} gives b. */
        OVERWRITE_SEEN,
        /** Stands beside them. */
        SIBLING,
        /** Is refused, unless on the condition that the key is absent. */
        REJECT
    }

    /** When a read that finds a stale replica answers. */
    public enum Repair {
        /** At once; the replica is repaired afterwards. */
        ASYNC,
        /** When R replicas hold what the answer shows: what one read showed, the next one shows too. */
        BLOCKING
    }

    public static final String DEFAULT_NAME = "default";

    /** With sloppy writes and strict reads: a write is taken wherever it can be, a read never misses a strict one before it. */
    public Bucket(String name, int id, int n, int r, int w, BlindWrites blindWrites) {
        this(name, id, n, r, w, blindWrites, Mode.STRICT, Mode.SLOPPY, Repair.ASYNC);
    }

    public Bucket {
        Check.argument(
                name.matches("[A-Za-z0-9._-]{1,64}"), "bucket name '%s' is not 1 to 64 of A-Z a-z 0-9 . _ -", name);
        Check.argument(id >= 1, "bucket '%s': id %d is below 1", name, id);
        Check.argument(n >= 1 && n <= 16, "bucket '%s': n %d is not 1 to 16", name, n);
        Check.argument(r >= 1 && r <= n, "bucket '%s': r %d is not 1 to n %d", name, r, n);
        Check.argument(w >= 1 && w <= n, "bucket '%s': w %d is not 1 to n %d", name, w, n);
    }
}
