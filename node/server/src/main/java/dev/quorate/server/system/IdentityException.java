package dev.quorate.server.system;

/** The data directory belongs to somebody else, or its identity cannot be read or renewed. The text says what to do. */
public final class IdentityException extends Exception {
    private static final long serialVersionUID = 1L;

    public IdentityException(String message) {
        super(message);
    }

    public IdentityException(String message, Throwable cause) {
        super(message, cause);
    }
}
