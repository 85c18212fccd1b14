package dev.quorate.core.handoff;

import dev.quorate.core.model.Check;
import java.time.Duration;

/**
 * How hints are handed over. The rates are what a node takes from all others together.
 *
 * @param settle an owner must have been reachable for this long, so that one that comes and goes is not met with everything at once
 * @param jitter added to {@code settle}, a random part of it, so that not all begin in the same moment
 * @param keysPerSecond taken from others
 * @param bytesPerSecond taken from others
 * @param senders that may send at a time
 * @param window age from which a hint is no longer kept for its owner but, outside the row, for all its other members
 */
public record HandoffConfig(
        Duration settle, Duration jitter, int keysPerSecond, long bytesPerSecond, int senders, Duration window) {
    public static final HandoffConfig DEFAULTS =
            new HandoffConfig(Duration.ofSeconds(5), Duration.ofSeconds(5), 5000, 16L << 20, 4, Duration.ofHours(24));

    public HandoffConfig {
        Check.argument(!settle.isNegative(), "settle %s is negative", settle);
        Check.argument(!jitter.isNegative(), "jitter %s is negative", jitter);
        Check.argument(keysPerSecond >= 1, "keysPerSecond %d is below 1", keysPerSecond);
        Check.argument(bytesPerSecond >= 1 << 20, "bytesPerSecond %d is below 1 MiB", bytesPerSecond);
        Check.argument(senders >= 1, "senders %d is below 1", senders);
        Check.argument(!window.isNegative() && !window.isZero(), "window %s is not positive", window);
    }
}
