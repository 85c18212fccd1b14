package dev.quorate.sdk;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Why a call has no answer. The message is complete on its own: what was missing, which nodes were tried at which addresses, and what each
 * said.
 */
public final class QuorateException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** The published reasons of the API, and those that arise in the client. */
    public enum Reason {
        /** Fewer than R or W replicas answered in time. A write that reached some of them is not rolled back. */
        QUORUM_NOT_MET,
        /** Too few replicas are reachable, known before anything was written. */
        NOT_ENOUGH_REPLICAS_ALIVE,
        /** The node is shutting down. */
        NODE_DRAINING,
        /** The node is not ready yet. */
        NODE_STARTING,
        /** A node, or this client ({@code details()} has {@code where=client}), has too much to do. */
        OVERLOADED,
        /** No bucket of that name is configured. */
        BUCKET_NOT_FOUND,
        /** The key is empty. */
        KEY_EMPTY,
        /** The key is longer than the limit. */
        KEY_TOO_LARGE,
        /** Key and value together are larger than the record limit. */
        VALUE_TOO_LARGE,
        /** The key holds too many concurrent values: read, merge and write with the context, as {@code update} does. */
        TOO_MANY_SIBLINGS,
        /** The context is malformed, or belongs to another key, bucket or cluster. */
        CONTEXT_INVALID,
        /** {@code ifAbsent} was asked for and the key has a value. */
        PRECONDITION_FAILED,
        /** R, W, PR or PW cannot be met by this bucket, or contradict each other. */
        QUORUM_INVALID,
        /** A required field is missing or malformed. */
        REQUEST_INVALID,
        /** The coordinator's disk is nearly full; reads and deletes go on. */
        STORAGE_FULL,
        /** The node belongs to another cluster than the one this client spoke to first. */
        CLUSTER_MISMATCH,
        /** Every replica that answered holds a damaged record. */
        RECORD_CORRUPT,
        /** The bucket refuses writes without a context. */
        CONTEXT_REQUIRED,
        /** The node does not offer this operation, or the address is not that of a client port. */
        NOT_BUILT,
        /** No node of that id belongs to the ring. */
        NODE_NOT_FOUND,
        /** The deadline passed. */
        DEADLINE,
        /** A defect of the node; its log has the details. */
        INTERNAL,
        /** No node could be reached. */
        CONNECT_FAILED,
        /** The connection broke after the request had been sent. */
        CONNECTION_LOST,
        /** The key holds several concurrent values and the bucket has no resolver; see {@code Versioned.siblings()}. */
        CONFLICT,
        /** The codec or the resolver of the bucket threw. */
        CODEC_FAILED,
        /** The waiting thread was interrupted. */
        INTERRUPTED,
        /** The client was closed. */
        CLIENT_CLOSED,
        /** A reason that this version of the client does not know; the message has the node's words. */
        UNKNOWN
    }

    /**
     * One try at one node.
     *
     * @param node its id, empty when it never said who it is
     * @param possiblyApplied whether a write may have taken effect through this attempt
     */
    public record Attempt(String node, String address, String cause, boolean possiblyApplied) {
        private String at() {
            return node.isEmpty() ? address : node + " " + address;
        }

        @Override
        public String toString() {
            return at() + ": " + cause;
        }
    }

    private final Reason reason;
    private final boolean retryable;
    private final boolean outcomeUnknown;

    @SuppressWarnings("serial") // List.copyOf is serializable, as are strings and the map
    private final List<Attempt> attempts;

    @SuppressWarnings("serial")
    private final Map<String, String> details;

    QuorateException(
            Reason reason,
            String summary,
            boolean retryable,
            boolean outcomeUnknown,
            List<Attempt> attempts,
            Map<String, String> details,
            @Nullable Throwable cause) {
        super(message(summary, outcomeUnknown, attempts), cause);
        this.reason = reason;
        this.retryable = retryable;
        this.outcomeUnknown = outcomeUnknown;
        this.attempts = List.copyOf(attempts);
        this.details = Map.copyOf(details);
    }

    static QuorateException local(Reason reason, String summary, @Nullable Throwable cause) {
        return new QuorateException(reason, summary, false, false, List.of(), Map.of(), cause);
    }

    static QuorateException codecFailed(String step, Exception failure) {
        if (failure instanceof QuorateException known) {
            return known;
        }
        return local(Reason.CODEC_FAILED, "cannot " + step + " the value: " + failure, failure);
    }

    private static String message(String summary, boolean outcomeUnknown, List<Attempt> attempts) {
        StringBuilder text = new StringBuilder(summary);
        String separator = " (";
        for (Attempt attempt : attempts) {
            text.append(separator).append(attempt.cause().equals(summary) ? attempt.at() : attempt);
            separator = "; ";
        }
        if (!attempts.isEmpty()) {
            text.append(')');
        }
        if (outcomeUnknown) {
            text.append("; the write may have been applied");
        }
        return text.toString();
    }

    public Reason reason() {
        return reason;
    }

    /** Whether the same call may succeed later. With {@link #outcomeUnknown()} a repeated write may leave two siblings of one value. */
    public boolean retryable() {
        return retryable;
    }

    /** Whether a write may have taken effect, now or later, although this call failed. False means that nothing was written. */
    public boolean outcomeUnknown() {
        return outcomeUnknown;
    }

    /** Every try at a node, in order, the last at the end. */
    public List<Attempt> attempts() {
        return attempts;
    }

    /** Numbers and names from the node, such as {@code required}, {@code alive}, {@code written} or {@code replicas}. */
    public Map<String, String> details() {
        return details;
    }
}
