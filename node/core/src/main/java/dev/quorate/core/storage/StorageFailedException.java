package dev.quorate.core.storage;

/** The storage cannot tell what became of an operation, or cannot go on. The process is about to stop. */
public final class StorageFailedException extends RuntimeException {
    public StorageFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}
