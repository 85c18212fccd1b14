package dev.quorate.core.replication;

/** How many of the N replicas of a key must take part. */
public enum Consistency {
    /** The bucket's R or W. */
    DEFAULT,
    ONE,
    /** More than half. */
    QUORUM,
    ALL;

    /** The number among {@code n} replicas. */
    public int of(int n, int bucketDefault) {
        return switch (this) {
            case DEFAULT -> bucketDefault;
            case ONE -> 1;
            case QUORUM -> n / 2 + 1;
            case ALL -> n;
        };
    }
}
