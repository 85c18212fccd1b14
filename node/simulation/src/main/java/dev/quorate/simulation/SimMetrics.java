package dev.quorate.simulation;

import dev.quorate.core.runtime.Metrics;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/** Adds up the counters of all nodes and all their lives in one run. Gauges and histograms have no reader here. */
final class SimMetrics implements Metrics {
    private static final class Total implements Counter {
        private long value;

        @Override
        public void add(long amount) {
            value += amount;
        }
    }

    private static final Histogram UNREAD = value -> {};

    private final TreeMap<String, Total> totals = new TreeMap<>();

    @Override
    public Counter counter(String name, String help) {
        return totals.computeIfAbsent(name, absent -> new Total());
    }

    @Override
    public void gauge(String name, String help, LongSupplier value) {}

    @Override
    public Histogram histogram(String name, String help) {
        return UNREAD;
    }

    /** Zero for a counter that nobody made. */
    long total(String name) {
        Total total = totals.get(name);
        return total == null ? 0 : total.value;
    }

    TreeMap<String, Long> totals() {
        TreeMap<String, Long> values = new TreeMap<>();
        totals.forEach((name, total) -> values.put(name, total.value));
        return values;
    }
}
