package dev.quorate.core.antientropy;

import dev.quorate.core.runtime.Clock;
import java.time.Duration;

/** Spreads the work of all exchanges over time, so that they stay within keys and bytes per second together. Confined to the event loop. */
final class Pace {
    private final Clock clock;
    private final AntiEntropyConfig config;
    private long freeAtNanos;

    Pace(Clock clock, AntiEntropyConfig config) {
        this.clock = clock;
        this.config = config;
        this.freeAtNanos = clock.nanos();
    }

    /** How long whoever has just done that much waits before it goes on. */
    Duration pauseAfter(int keys, long bytes) {
        long now = clock.nanos();
        double seconds = Math.max((double) keys / config.keysPerSecond(), (double) bytes / config.bytesPerSecond());
        freeAtNanos = Math.max(now, freeAtNanos) + (long) (seconds * 1e9);
        return Duration.ofNanos(freeAtNanos - now);
    }
}
