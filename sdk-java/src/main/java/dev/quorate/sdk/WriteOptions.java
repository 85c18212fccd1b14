package dev.quorate.sdk;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * How one write is done. Null means the bucket's or the client's default.
 *
 * @param w replicas that must hold the write durably before the answer; overrides the level
 * @param pw owners among them
 * @param timeout the deadline of the whole call, retries included
 * @param ifAbsent refuse with {@link QuorateException.Reason#PRECONDITION_FAILED} when the coordinator holds a value. Not a lock: two
 *     coordinators may both accept
 * @param returnSiblings answer with what the coordinator holds after the write, and a context that has seen all of it
 * @param allowDuplicates retry at another node although an earlier attempt may have been applied. Such a retry never loses another
 *     write, but the key may come to hold the value twice, as siblings; without it the call ends with
 *     {@link QuorateException#outcomeUnknown()}
 * @param carryContext whether a write without a context of its own continues this client's previous write of the key (see
 *     {@link Bucket}); false sends it blind, neither waiting for earlier writes of the key nor remembered for later ones
 * @param mode who counts
 */
public record WriteOptions(
        Consistency consistency,
        @Nullable Integer w,
        @Nullable Integer pw,
        @Nullable Duration timeout,
        boolean ifAbsent,
        boolean returnSiblings,
        boolean allowDuplicates,
        boolean carryContext,
        Mode mode) {
    public static final WriteOptions DEFAULT =
            new WriteOptions(Consistency.DEFAULT, null, null, null, false, false, false, true, Mode.DEFAULT);

    public WriteOptions {
        Options.checkQuorum("w", w);
        Options.checkQuorum("pw", pw);
        Options.checkTimeout(timeout);
    }

    public WriteOptions withConsistency(Consistency level) {
        return new WriteOptions(level, w, pw, timeout, ifAbsent, returnSiblings, allowDuplicates, carryContext, mode);
    }

    public WriteOptions withW(int replicas) {
        return new WriteOptions(
                consistency, replicas, pw, timeout, ifAbsent, returnSiblings, allowDuplicates, carryContext, mode);
    }

    public WriteOptions withPw(int owners) {
        return new WriteOptions(
                consistency, w, owners, timeout, ifAbsent, returnSiblings, allowDuplicates, carryContext, mode);
    }

    public WriteOptions withTimeout(Duration limit) {
        return new WriteOptions(
                consistency, w, pw, limit, ifAbsent, returnSiblings, allowDuplicates, carryContext, mode);
    }

    public WriteOptions withIfAbsent(boolean only) {
        return new WriteOptions(consistency, w, pw, timeout, only, returnSiblings, allowDuplicates, carryContext, mode);
    }

    public WriteOptions withReturnSiblings(boolean wanted) {
        return new WriteOptions(consistency, w, pw, timeout, ifAbsent, wanted, allowDuplicates, carryContext, mode);
    }

    public WriteOptions withAllowDuplicates(boolean allowed) {
        return new WriteOptions(consistency, w, pw, timeout, ifAbsent, returnSiblings, allowed, carryContext, mode);
    }

    public WriteOptions withCarryContext(boolean carried) {
        return new WriteOptions(consistency, w, pw, timeout, ifAbsent, returnSiblings, allowDuplicates, carried, mode);
    }

    public WriteOptions withMode(Mode counted) {
        return new WriteOptions(
                consistency, w, pw, timeout, ifAbsent, returnSiblings, allowDuplicates, carryContext, counted);
    }
}
