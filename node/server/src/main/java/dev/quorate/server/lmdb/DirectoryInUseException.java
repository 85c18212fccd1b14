package dev.quorate.server.lmdb;

/** Another storage, here or in another process, has the directory. */
public final class DirectoryInUseException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    DirectoryInUseException(String message) {
        super(message);
    }
}
