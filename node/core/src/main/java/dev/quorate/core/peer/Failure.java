package dev.quorate.core.peer;

import java.util.Collection;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Why an operation failed, as a value.
 *
 * @param details the numbers and names a person needs to act, keyed as the API publishes them
 */
public record Failure(Kind kind, SortedMap<String, String> details) {
    /** The published reasons. {@link #nothingWritten} says whether a write may be tried again elsewhere without a doubt. */
    public enum Kind {
        /** Fewer than R or W answers, and no more to come, of this attempt or of an earlier one. A write is not rolled back. */
        QUORUM_NOT_MET(false),
        /** Too few owners reachable, decided before anything was written. */
        NOT_ENOUGH_REPLICAS_ALIVE(true),
        NODE_DRAINING(true),
        NODE_STARTING(true),
        OVERLOADED(true),
        BUCKET_NOT_FOUND(true),
        KEY_EMPTY(true),
        KEY_TOO_LARGE(true),
        VALUE_TOO_LARGE(true),
        TOO_MANY_SIBLINGS(true),
        CONTEXT_INVALID(true),
        CONTEXT_REQUIRED(true),
        PRECONDITION_FAILED(true),
        QUORUM_INVALID(true),
        REQUEST_INVALID(true),
        STORAGE_FULL(true),
        /** Every replica that could answer holds a damaged record. */
        RECORD_CORRUPT(true),
        /** The deadline passed, or the coordinator's answer was lost: a write may or may not have been applied. */
        DEADLINE(false);

        private final boolean nothingWritten;

        Kind(boolean nothingWritten) {
            this.nothingWritten = nothingWritten;
        }

        public boolean nothingWritten() {
            return nothingWritten;
        }
    }

    public Failure {
        details = Collections.unmodifiableSortedMap(new TreeMap<>(details));
    }

    public static Failure of(Kind kind) {
        return new Failure(kind, new TreeMap<>());
    }

    /** Adds a detail. */
    public Failure with(String name, Object value) {
        SortedMap<String, String> more = new TreeMap<>(details);
        more.put(name, String.valueOf(value));
        return new Failure(kind, more);
    }

    /** Adds a list, joined by commas as the API publishes lists. */
    public Failure with(String name, Collection<?> values) {
        return with(name, values.stream().map(String::valueOf).collect(Collectors.joining(",")));
    }

    @Override
    public String toString() {
        return kind + (details.isEmpty() ? "" : " " + details);
    }
}
