package dev.quorate.server.lmdb;

import dev.quorate.core.runtime.Metrics;
import java.util.function.LongSupplier;

/** For tests that do not look at metrics. */
public final class SilentMetrics implements Metrics {
    @Override
    public Counter counter(String name, String help) {
        return amount -> {};
    }

    @Override
    public void gauge(String name, String help, LongSupplier value) {}

    @Override
    public Histogram histogram(String name, String help) {
        return value -> {};
    }
}
