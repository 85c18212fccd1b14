package dev.quorate.cli.bench;

import java.time.Duration;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/** What a running load has measured since it was last asked. Written by the client's thread, read by another. */
final class Recording {
    private static final long LONGEST_NANOS = Duration.ofMinutes(2).toNanos();
    /** Significant digits of every histogram here: 0.1 %. */
    static final int DIGITS = 3;

    private final Recorder service = new Recorder(LONGEST_NANOS, DIGITS);
    private final Recorder response = new Recorder(LONGEST_NANOS, DIGITS);
    private final ConcurrentHashMap<String, LongAdder> failures = new ConcurrentHashMap<>();
    private final LongAdder started = new LongAdder();
    private final LongAdder ended = new LongAdder();

    void start() {
        started.increment();
    }

    /** @param intendedNanos before {@code startNanos} when the generator or the system was late */
    void success(long intendedNanos, long startNanos, long endNanos) {
        ended.increment();
        service.recordValue(Math.min(LONGEST_NANOS, endNanos - startNanos));
        response.recordValue(Math.min(LONGEST_NANOS, endNanos - intendedNanos));
    }

    void failure(String reason) {
        ended.increment();
        failures.computeIfAbsent(reason, any -> new LongAdder()).increment();
    }

    /** Operations without an outcome so far; exact once nothing starts any more. */
    long inFlight() {
        return started.sum() - ended.sum();
    }

    /** A failure of the generator itself, which never started the operation. */
    void notStarted(String reason) {
        failures.computeIfAbsent(reason, any -> new LongAdder()).increment();
    }

    record Interval(Histogram service, Histogram response, SortedMap<String, Long> failures) {}

    /** What is recorded from now on is all that the next call of {@link #take} returns. */
    void forget() {
        Interval unused = take();
    }

    /** Everything since the last call, which is forgotten here. */
    Interval take() {
        SortedMap<String, Long> taken = new TreeMap<>();
        for (Map.Entry<String, LongAdder> entry : failures.entrySet()) {
            long count = entry.getValue().sumThenReset();
            if (count > 0) {
                taken.put(entry.getKey(), count);
            }
        }
        return new Interval(service.getIntervalHistogram(), response.getIntervalHistogram(), taken);
    }
}
