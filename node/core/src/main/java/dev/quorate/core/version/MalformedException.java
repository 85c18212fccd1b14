package dev.quorate.core.version;

/** Bytes that are not the canonical encoding of anything. Thrown for input of peers and clients: an answer, not a defect of ours. */
public final class MalformedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int offset;

    MalformedException(String why, int offset) {
        super(why + " at offset " + offset);
        this.offset = offset;
    }

    /** Where reading stopped, in bytes from the start of what was given. */
    public int offset() {
        return offset;
    }
}
