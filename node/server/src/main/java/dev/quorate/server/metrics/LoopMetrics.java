package dev.quorate.server.metrics;

import dev.quorate.core.model.Check;
import dev.quorate.core.runtime.Metrics;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Counts on the event loop in plain fields, which cost an addition and nothing else. Whoever publishes them reads them on the loop
 * too. Registration may come from any thread, before the loop serves.
 */
public final class LoopMetrics implements Metrics {
    /** One counter. */
    static final class LoopCounter implements Counter {
        private long value;

        @Override
        public void add(long amount) {
            value += amount;
        }

        long value() {
            return value;
        }
    }

    /** Values counted by power of two: bucket i holds those in {@code (2^(i-1), 2^i]}. */
    static final class LoopHistogram implements Histogram {
        static final int BUCKETS = 40;

        private final long[] counts = new long[BUCKETS];
        private double sum;

        @Override
        public void record(long value) {
            int bucket = value <= 1 ? 0 : 64 - Long.numberOfLeadingZeros(value - 1);
            counts[Math.min(bucket, BUCKETS - 1)]++;
            sum += value;
        }

        long count(int bucket) {
            return counts[bucket];
        }

        double sum() {
            return sum;
        }

        private LoopHistogram copy() {
            LoopHistogram copy = new LoopHistogram();
            System.arraycopy(counts, 0, copy.counts, 0, BUCKETS);
            copy.sum = sum;
            return copy;
        }

        static double upperBound(int bucket) {
            return bucket == BUCKETS - 1 ? Double.POSITIVE_INFINITY : (double) (1L << bucket);
        }
    }

    /** A registered metric of any kind. */
    private record Named<T>(String name, String help, T metric) {}

    private final Map<String, Named<?>> byName = new LinkedHashMap<>();

    @Override
    public synchronized Counter counter(String name, String help) {
        Named<?> named = byName.computeIfAbsent(name, n -> new Named<>(n, help, new LoopCounter()));
        Check.state(named.metric() instanceof Counter, "metric %s is not a counter", name);
        return (Counter) named.metric();
    }

    @Override
    public synchronized void gauge(String name, String help, LongSupplier value) {
        byName.put(name, new Named<>(name, help, value));
    }

    @Override
    public synchronized Histogram histogram(String name, String help) {
        Named<?> named = byName.computeIfAbsent(name, n -> new Named<>(n, help, new LoopHistogram()));
        Check.state(named.metric() instanceof Histogram, "metric %s is not a histogram", name);
        return (Histogram) named.metric();
    }

    /** One metric as it was at one moment. */
    sealed interface Value {
        String name();

        String help();

        record Counted(String name, String help, long value) implements Value {}

        record Gauged(String name, String help, long value) implements Value {}

        record Distributed(String name, String help, LoopHistogram values) implements Value {}
    }

    /** Everything at this moment. Call on the loop; what it answers changes no more and may go to any thread. */
    synchronized List<Value> snapshot() {
        List<Value> values = new ArrayList<>(byName.size());
        for (Named<?> named : byName.values()) {
            if (named.metric() instanceof LoopCounter counter) {
                values.add(new Value.Counted(named.name(), named.help(), counter.value()));
            } else if (named.metric() instanceof LongSupplier gauge) {
                values.add(new Value.Gauged(named.name(), named.help(), gauge.getAsLong()));
            } else if (named.metric() instanceof LoopHistogram histogram) {
                values.add(new Value.Distributed(named.name(), named.help(), histogram.copy()));
            }
        }
        return values;
    }

    /** The value of a counter or gauge, for tests and status. Zero if nobody registered it. Call on the loop. */
    public synchronized long value(String name) {
        Named<?> named = byName.get(name);
        if (named == null) {
            return 0;
        }
        if (named.metric() instanceof LoopCounter counter) {
            return counter.value();
        }
        return named.metric() instanceof LongSupplier gauge ? gauge.getAsLong() : 0;
    }
}
