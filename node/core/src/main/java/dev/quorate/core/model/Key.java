package dev.quorate.core.model;

/** A user key in a bucket. */
public record Key(int bucketId, Bytes bytes) {
    /** Longest user key, in bytes. */
    public static final int MAX_LENGTH = 2048;

    @Override
    public String toString() {
        return bucketId + "/" + bytes;
    }
}
