package dev.quorate.sdk;

import java.time.Instant;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * One of the concurrent values of a key.
 *
 * @param valueOrNull null when this sibling is a deletion
 * @param versionId identifies the write, the same on every replica; empty for a value that no node has answered yet
 * @param updateTime the coordinator's clock at the write; informative, no rule of the store orders writes by it
 */
public record Sibling<T>(@Nullable T valueOrNull, String versionId, Instant updateTime) {
    public boolean isDelete() {
        return valueOrNull == null;
    }

    /** The value of a sibling that is not a deletion. */
    public T value() {
        if (valueOrNull == null) {
            throw new NoSuchElementException("the sibling " + versionId + " is a deletion");
        }
        return valueOrNull;
    }
}
