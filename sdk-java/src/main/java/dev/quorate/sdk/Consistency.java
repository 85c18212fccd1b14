package dev.quorate.sdk;

/** How many replicas must take part in an operation; explicit numbers in the options override it. */
public enum Consistency {
    /** The bucket's own R or W. */
    DEFAULT,
    /** One replica. */
    ONE,
    /** More than half of the replicas. */
    QUORUM,
    /** All replicas. */
    ALL
}
