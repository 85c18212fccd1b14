package dev.quorate.core.handoff;

import dev.quorate.core.runtime.Clock;
import java.time.Duration;

/**
 * How many hints a second this node takes now. Begins with a tenth of the most and grows by a tenth a second while the node is at ease, holds when
 * it is no longer, and halves when clients would notice: nobody waits for hints, and what fits beside the load of a cluster nobody can know
 * beforehand. Never less than it begins with, so that handing over comes to an end under any load. Confined to the event loop.
 */
final class IntakeRate {
    static final Duration EASY_LAG = Duration.ofMillis(5);
    static final Duration BUSY_LAG = Duration.ofMillis(10);
    static final int BUSY_LOAD = 50;

    private static final int LEAST_PART = 10;
    private static final double GROWTH = 1.1;
    private static final double CUT = 0.5;
    private static final long STEP_NANOS = Duration.ofSeconds(1).toNanos();
    /** After a pause as long as this, the load may be another one. */
    private static final long FORGOTTEN_NANOS = Duration.ofSeconds(30).toNanos();

    private final Clock clock;
    private final int most;
    private final double least;
    private double rate;
    private long lookedAt;
    private long steppedAt;
    private long cuts;

    IntakeRate(Clock clock, int most) {
        this.clock = clock;
        this.most = most;
        this.least = Math.max(1, (double) most / LEAST_PART);
        this.rate = least;
        this.lookedAt = clock.nanos();
        this.steppedAt = lookedAt;
    }

    /**
     * Call whenever somebody wants to hand over.
     *
     * @param load as the node tells it, 0 to 100
     * @param lag of its event loop
     */
    void look(int load, Duration lag) {
        long now = clock.nanos();
        if (now - lookedAt > FORGOTTEN_NANOS) {
            rate = least;
            steppedAt = now;
        }
        lookedAt = now;
        if (now - steppedAt < STEP_NANOS) {
            return;
        }
        steppedAt = now;
        if (load >= BUSY_LOAD || lag.compareTo(BUSY_LAG) > 0) {
            rate = Math.max(least, rate * CUT);
            cuts++;
        } else if (lag.compareTo(EASY_LAG) < 0) {
            rate = Math.min(most, rate * GROWTH);
        }
    }

    double keysPerSecond() {
        return rate;
    }

    /** Of the most that this node ever takes, 0 to 1. */
    double part() {
        return rate / most;
    }

    /** Times it was halved. */
    long cuts() {
        return cuts;
    }
}
