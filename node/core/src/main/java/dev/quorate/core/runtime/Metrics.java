package dev.quorate.core.runtime;

import java.util.function.LongSupplier;

/** Where core counts. Names are lower_snake_case, counters end in {@code _total}; the server publishes them under {@code quorate_}. */
public interface Metrics {
    /** The counter of that name, the same one at each call; keep it in a field. */
    Counter counter(String name, String help);

    /** A value read on the loop when somebody asks. */
    void gauge(String name, String help, LongSupplier value);

    /** Latency or size distribution. */
    Histogram histogram(String name, String help);

    /** Only grows. */
    interface Counter {
        void add(long amount);

        default void increment() {
            add(1);
        }
    }

    /** Records values in nanoseconds or plain units, as its name says. */
    interface Histogram {
        void record(long value);
    }
}
