package dev.quorate.core.runtime;

import java.time.Duration;

/**
 * How long what arrives at the event loop now would wait before its turn, on average over the last second or so. Whoever does work that nobody
 * waits for looks here first: a late loop is late for clients too. It is measured by a timer that ought to run on time, and only while
 * somebody has asked lately. Confined to the event loop.
 */
public final class LoopLag {
    private static final Duration SAMPLE = Duration.ofMillis(20);
    private static final double AVERAGED_NANOS = 1e9;
    private static final long ASKED_FOR_NANOS = Duration.ofSeconds(3).toNanos();

    /** A timeout of the wheel may run so much late on a loop with nothing to do. */
    private static final long ROUNDING_NANOS = 2 * DeadlineWheel.TICK_NANOS;

    private final Clock clock;
    private final DeadlineWheel wheel;
    private double averageNanos;
    private boolean measuring;
    private long askedAt;
    private long sampledAt;

    public LoopLag(Clock clock, DeadlineWheel wheel, Metrics metrics) {
        this.clock = clock;
        this.wheel = wheel;
        metrics.gauge(
                "loop_lag_micros",
                "How long what arrives waits for the event loop, measured while hints or slots are handed over",
                () -> (long) (averageNanos / 1000));
    }

    /** Nothing is known yet at the first call: then it is 0. */
    public Duration average() {
        askedAt = clock.nanos();
        if (!measuring) {
            measuring = true;
            averageNanos = 0;
            again();
        }
        return Duration.ofNanos((long) averageNanos);
    }

    private void again() {
        sampledAt = clock.nanos();
        wheel.after(SAMPLE, this::sample);
    }

    private void sample() {
        long now = clock.nanos();
        long passed = now - sampledAt;
        double late = Math.max(0, passed - SAMPLE.toNanos() - ROUNDING_NANOS);
        // A long stall is one sample, but it was there for all who came during it.
        averageNanos += Math.min(1, passed / AVERAGED_NANOS) * (late - averageNanos);
        if (now - askedAt > ASKED_FOR_NANOS) {
            measuring = false;
            averageNanos = 0;
        } else {
            again();
        }
    }
}
