package dev.quorate.core.antientropy;

import dev.quorate.core.runtime.Clock;
import java.time.Duration;

/** Spreads the work of all exchanges over time, so that they stay within keys and bytes per second together. Confined to the event loop. */
final class Pace {
    private final Clock clock;
    private int keysPerSecond;
    private long bytesPerSecond;
    private long freeAtNanos;

    Pace(Clock clock, AntiEntropyConfig config) {
        this.clock = clock;
        this.keysPerSecond = config.keysPerSecond();
        this.bytesPerSecond = config.bytesPerSecond();
        this.freeAtNanos = clock.nanos();
    }

    /** From now on. */
    void set(int newKeysPerSecond, long newBytesPerSecond) {
        keysPerSecond = newKeysPerSecond;
        bytesPerSecond = newBytesPerSecond;
    }

    /** How long whoever has just done that much waits before it goes on. */
    Duration pauseAfter(int keys, long bytes) {
        long now = clock.nanos();
        double seconds = Math.max((double) keys / keysPerSecond, (double) bytes / bytesPerSecond);
        freeAtNanos = Math.max(now, freeAtNanos) + (long) (seconds * 1e9);
        return Duration.ofNanos(freeAtNanos - now);
    }
}
