package dev.quorate.core.model;

import org.jspecify.annotations.Nullable;

/** Checks that stay on in production. */
public final class Check {
    private Check() {}

    /** A caller's mistake. */
    public static void argument(boolean holds, String message, @Nullable Object... values) {
        if (!holds) {
            throw new IllegalArgumentException(message.formatted(values));
        }
    }

    /** A defect of ours: the process must not go on with this state. */
    public static void state(boolean holds, String message, @Nullable Object... values) {
        if (!holds) {
            throw new IllegalStateException(message.formatted(values));
        }
    }
}
