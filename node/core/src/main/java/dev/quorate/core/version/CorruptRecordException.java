package dev.quorate.core.version;

import org.jspecify.annotations.Nullable;

/**
 * A stored record that is not what was written. It must never be read as absent: to other nodes an absent record means that this
 * one has nothing to add.
 */
public final class CorruptRecordException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CorruptRecordException(String why, @Nullable Throwable cause) {
        super("corrupt record: " + why, cause);
    }
}
