package dev.quorate.sdk;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How one read is done. Null means the bucket's or the client's default.
 *
 * @param r replicas that must answer; overrides the level
 * @param pr owners among them that must answer
 * @param timeout the deadline of the whole call, retries included
 * @param mode who counts
 */
public record ReadOptions(
        Consistency consistency,
        @Nullable Integer r,
        @Nullable Integer pr,
        @Nullable Duration timeout,
        Mode mode) {
    public static final ReadOptions DEFAULT = new ReadOptions(Consistency.DEFAULT, null, null, null, Mode.DEFAULT);

    public ReadOptions {
        Options.checkQuorum("r", r);
        Options.checkQuorum("pr", pr);
        Options.checkTimeout(timeout);
    }

    public ReadOptions withConsistency(Consistency level) {
        return new ReadOptions(level, r, pr, timeout, mode);
    }

    public ReadOptions withR(int replicas) {
        return new ReadOptions(consistency, replicas, pr, timeout, mode);
    }

    public ReadOptions withPr(int owners) {
        return new ReadOptions(consistency, r, owners, timeout, mode);
    }

    public ReadOptions withTimeout(Duration limit) {
        return new ReadOptions(consistency, r, pr, limit, mode);
    }

    public ReadOptions withMode(Mode counted) {
        return new ReadOptions(consistency, r, pr, timeout, counted);
    }
}
