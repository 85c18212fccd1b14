package dev.quorate.core.version;

/** A context token that this cluster did not give out for this key. An answer to the client, not a defect of ours. */
public final class InvalidContextException extends RuntimeException {
    /** What is wrong with it. */
    public enum Reason {
        TOO_LARGE,
        MALFORMED,
        OTHER_VERSION,
        OTHER_KEY,
        BAD_SIGNATURE
    }

    private static final long serialVersionUID = 1L;

    private final Reason reason;

    InvalidContextException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    public Reason reason() {
        return reason;
    }
}
