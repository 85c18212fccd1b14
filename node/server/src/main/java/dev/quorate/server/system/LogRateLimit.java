package dev.quorate.server.system;

import dev.quorate.core.runtime.Clock;
import java.time.Duration;

/** Lets one line pass per interval, so that a fault that repeats a thousand times a second does not fill the disk. */
public final class LogRateLimit {
    private final Clock clock;
    private final long intervalNanos;
    private long nextNanos;
    private boolean used;

    public LogRateLimit(Clock clock, Duration interval) {
        this.clock = clock;
        this.intervalNanos = interval.toNanos();
    }

    /** Whether to log now. */
    public boolean permits() {
        long now = clock.nanos();
        if (used && now - nextNanos < 0) {
            return false;
        }
        used = true;
        nextNanos = now + intervalNanos;
        return true;
    }
}
