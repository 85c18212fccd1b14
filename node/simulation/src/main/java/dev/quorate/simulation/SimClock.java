package dev.quorate.simulation;

import dev.quorate.core.runtime.Clock;

/** One machine's idea of time: an offset of the calendar that jumps, and an oscillator that drifts. */
final class SimClock implements Clock {
    /** The wall clock of a machine without offset when the world begins: 2026-01-01. */
    private static final long EPOCH_MILLIS = 1_767_225_600_000L;

    private final SimWorld world;
    private final double rate;
    private long offsetMillis;

    /** @param rate seconds on this machine per second of the world */
    SimClock(SimWorld world, long offsetMillis, double rate) {
        this.world = world;
        this.offsetMillis = offsetMillis;
        this.rate = rate;
    }

    @Override
    public long nanos() {
        return (long) (world.now() * rate);
    }

    @Override
    public long wallMillis() {
        return EPOCH_MILLIS + offsetMillis + nanos() / 1_000_000;
    }

    void jump(long millis) {
        offsetMillis += millis;
    }

    /** The world's duration that is at least this long on this machine. */
    long worldNanos(long machineNanos) {
        // Rounded up by two, so that a timer never fires before this clock agrees that it is time.
        return (long) (machineNanos / rate) + 2;
    }
}
