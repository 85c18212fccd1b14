package dev.quorate.core.model;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Checks that stay on in production. */
public final class Check {
    private Check() {}

    /** A caller's mistake. */
    public static void argument(boolean holds, String message, @Nullable Object... values) {
        if (!holds) {
            throw new IllegalArgumentException(String.format(Locale.ROOT, message, values));
        }
    }

    /** A defect of ours: the process must not go on with this state. */
    public static void state(boolean holds, String message, @Nullable Object... values) {
        if (!holds) {
            throw new IllegalStateException(String.format(Locale.ROOT, message, values));
        }
    }
}
