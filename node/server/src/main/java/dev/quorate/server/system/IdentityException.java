package dev.quorate.server.system;

import org.jspecify.annotations.Nullable;

/** The data directory belongs to somebody else, or its identity cannot be read or renewed. The text says what to do. */
public final class IdentityException extends Exception {
    private static final long serialVersionUID = 1L;

    public IdentityException(String message) {
        super(message);
    }

    public IdentityException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
