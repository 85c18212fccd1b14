package dev.quorate.core.antientropy;

import dev.quorate.core.model.Check;
import java.time.Duration;

/**
 * Settings of anti-entropy.
 *
 * @param enabled false exchanges nothing, and then also trusts a disk that was found empty
 * @param interval between two exchanges with one peer, and a tenth more or less
 * @param settle between the two comparisons of one exchange, so that writes under way are not taken for differences
 * @param retry after an exchange that could not be completed
 * @param callTimeout of one message
 * @param sessions exchanges that this node leads at a time
 * @param keysPerSecond compared, over all exchanges that this node leads
 * @param bytesPerSecond of records fetched or sent by them
 * @param scrubPeriod in which every record is read and every leaf computed once
 */
public record AntiEntropyConfig(
        boolean enabled,
        Duration interval,
        Duration settle,
        Duration retry,
        Duration callTimeout,
        int sessions,
        int keysPerSecond,
        long bytesPerSecond,
        Duration scrubPeriod) {
    public static final AntiEntropyConfig DEFAULTS = new AntiEntropyConfig(
            true,
            Duration.ofMinutes(10),
            Duration.ofSeconds(2),
            Duration.ofSeconds(1),
            Duration.ofSeconds(10),
            4,
            50_000,
            32L << 20,
            Duration.ofDays(14));

    public AntiEntropyConfig {
        Check.argument(sessions > 0, "%s exchanges at a time", sessions);
        Check.argument(
                keysPerSecond > 0 && bytesPerSecond > 0, "%s keys, %s bytes a second", keysPerSecond, bytesPerSecond);
    }

    /** For stories that are about something else. */
    public static AntiEntropyConfig disabled() {
        AntiEntropyConfig d = DEFAULTS;
        return new AntiEntropyConfig(
                false,
                d.interval,
                d.settle,
                d.retry,
                d.callTimeout,
                d.sessions,
                d.keysPerSecond,
                d.bytesPerSecond,
                d.scrubPeriod);
    }
}
