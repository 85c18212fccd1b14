package dev.quorate.sdk;

import dev.quorate.sdk.transport.Failure;
import java.util.concurrent.TimeUnit;

/**
 * What follows a failed attempt. Knows neither nodes nor time, so that the whole matrix can be tested: reads go anywhere; a write goes to
 * another node only while nothing of it can have been applied, and afterwards only back to the same boot of the same coordinator, which
 * remembers its request id. At any other coordinator the retry could bring a value back that another client has meanwhile read and
 * replaced.
 */
final class RetryPolicy {
    static final int MAX_ATTEMPTS = 5;

    private static final long BASE_DELAY_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long LONGEST_DELAY_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    /** Where the next attempt goes. */
    enum Next {
        /** The call ends. */
        FAIL,
        /** A node not tried yet, if there is one. */
        OTHER_NODE,
        /** The coordinator that may have applied the write, at the boot that got it. */
        SAME_BOOT
    }

    /**
     * @param delayNanos to wait before
     * @param costsBudget false when the attempt put no load on any node
     */
    record Decision(Next next, long delayNanos, boolean costsBudget) {
        static final Decision FAIL = new Decision(Next.FAIL, 0, false);
    }

    /** What is known of the call so far, this failure included. */
    record Situation(boolean write, boolean allowDuplicates, boolean possiblyApplied, int answeredAttempts) {}

    private RetryPolicy() {}

    /** Whether a write that failed so may have taken effect. */
    static boolean possiblyApplied(Failure failure) {
        return switch (failure.kind()) {
            case NOT_CONNECTED, WRONG_CLUSTER -> false;
            case LOST, SILENT -> true;
            case ANSWERED -> !nothingWritten(reason(failure));
        };
    }

    static Decision decide(Situation situation, Failure failure) {
        boolean pinned = situation.write() && situation.possiblyApplied() && !situation.allowDuplicates();
        return switch (failure.kind()) {
            case NOT_CONNECTED, WRONG_CLUSTER ->
                // Once a write may have been applied, its coordinator is the only one to ask, and it cannot be asked.
                pinned ? Decision.FAIL : new Decision(Next.OTHER_NODE, 0, false);
            case LOST -> new Decision(pinned ? Next.SAME_BOOT : Next.OTHER_NODE, 0, true);
            case SILENT -> pinned ? Decision.FAIL : new Decision(Next.OTHER_NODE, 0, true);
            case ANSWERED -> answered(situation, pinned, failure);
        };
    }

    private static Decision answered(Situation situation, boolean pinned, Failure failure) {
        QuorateException.Reason reason = reason(failure);
        if (!mayPass(reason) || situation.answeredAttempts() >= MAX_ATTEMPTS) {
            return Decision.FAIL;
        }
        long delay = Math.max(
                failure.retryAfterNanos(),
                switch (reason) {
                    case NODE_DRAINING, NODE_STARTING -> pinned ? backoff(situation.answeredAttempts()) : 0;
                    default -> backoff(situation.answeredAttempts());
                });
        return new Decision(pinned ? Next.SAME_BOOT : Next.OTHER_NODE, delay, true);
    }

    private static long backoff(int attempts) {
        return Math.min(LONGEST_DELAY_NANOS, BASE_DELAY_NANOS << Math.min(10, Math.max(0, attempts - 1)));
    }

    /** Whether another attempt may fare better. */
    static boolean mayPass(QuorateException.Reason reason) {
        return switch (reason) {
            case QUORUM_NOT_MET,
                    NOT_ENOUGH_REPLICAS_ALIVE,
                    NODE_DRAINING,
                    NODE_STARTING,
                    OVERLOADED,
                    DEADLINE,
                    RECORD_CORRUPT,
                    CONNECT_FAILED,
                    CONNECTION_LOST -> true;
            case BUCKET_NOT_FOUND,
                    KEY_EMPTY,
                    KEY_TOO_LARGE,
                    VALUE_TOO_LARGE,
                    TOO_MANY_SIBLINGS,
                    CONTEXT_INVALID,
                    PRECONDITION_FAILED,
                    QUORUM_INVALID,
                    REQUEST_INVALID,
                    STORAGE_FULL,
                    CLUSTER_MISMATCH,
                    CONTEXT_REQUIRED,
                    NOT_BUILT,
                    NODE_NOT_FOUND,
                    INTERNAL,
                    CONFLICT,
                    CODEC_FAILED,
                    INTERRUPTED,
                    CLIENT_CLOSED,
                    UNKNOWN -> false;
        };
    }

    /** The answers by which a node vouches that it has written nothing. */
    private static boolean nothingWritten(QuorateException.Reason reason) {
        return switch (reason) {
            case NOT_ENOUGH_REPLICAS_ALIVE,
                    NODE_DRAINING,
                    NODE_STARTING,
                    OVERLOADED,
                    BUCKET_NOT_FOUND,
                    KEY_EMPTY,
                    KEY_TOO_LARGE,
                    VALUE_TOO_LARGE,
                    TOO_MANY_SIBLINGS,
                    CONTEXT_INVALID,
                    PRECONDITION_FAILED,
                    QUORUM_INVALID,
                    REQUEST_INVALID,
                    STORAGE_FULL,
                    CLUSTER_MISMATCH,
                    CONTEXT_REQUIRED,
                    NOT_BUILT,
                    NODE_NOT_FOUND -> true;
            case QUORUM_NOT_MET,
                    RECORD_CORRUPT,
                    DEADLINE,
                    INTERNAL,
                    CONNECT_FAILED,
                    CONNECTION_LOST,
                    CONFLICT,
                    CODEC_FAILED,
                    INTERRUPTED,
                    CLIENT_CLOSED,
                    UNKNOWN -> false;
        };
    }

    /** The published reason of a failure. */
    static QuorateException.Reason reason(Failure failure) {
        return switch (failure.kind()) {
            case NOT_CONNECTED ->
                failure.reason().isEmpty() ? QuorateException.Reason.CONNECT_FAILED : parse(failure.reason());
            case WRONG_CLUSTER -> QuorateException.Reason.CLUSTER_MISMATCH;
            case LOST -> QuorateException.Reason.CONNECTION_LOST;
            case SILENT -> QuorateException.Reason.DEADLINE;
            case ANSWERED -> parse(failure.reason());
        };
    }

    private static QuorateException.Reason parse(String reason) {
        for (QuorateException.Reason known : QuorateException.Reason.values()) {
            if (known.name().equals(reason)) {
                return known;
            }
        }
        return QuorateException.Reason.UNKNOWN;
    }
}
