package dev.quorate.core.runtime;

/** Time, as this node sees it. No rule of the store orders writes by it. */
public interface Clock {
    /** Monotonic, in nanoseconds from an arbitrary origin. */
    long nanos();

    /** Unix time in milliseconds; may jump either way. */
    long wallMillis();
}
