package dev.quorate.server.log;

/**
 * Bytes that were synced cannot be read back. The node must not start on them: what it would serve lacks acknowledged writes. The message
 * names the file, the place and what to do.
 */
public final class CorruptStorageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public CorruptStorageException(String message) {
        super(message);
    }

    public CorruptStorageException(String message, Throwable cause) {
        super(message, cause);
    }
}
