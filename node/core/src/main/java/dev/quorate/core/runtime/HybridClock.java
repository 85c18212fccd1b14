package dev.quorate.core.runtime;

/**
 * Hybrid logical clock: 48 bits of Unix milliseconds, 16 bits of counter. Never goes back in a process, follows what it observes, and
 * orders nothing that safety rests on. After Kulkarni et al., "Logical Physical Clocks", 2014. Confined to the event loop.
 */
public final class HybridClock {
    /** A remote time further ahead than this is not followed: one wrong clock must not drag the others along. */
    public static final long MAX_AHEAD_MILLIS = 60_000;

    private final Clock clock;
    private final Metrics.Counter tooFarAhead;
    private long last;

    public HybridClock(Clock clock, Metrics metrics) {
        this.clock = clock;
        this.tooFarAhead =
                metrics.counter("clock_too_far_ahead_total", "Remote hybrid times more than 60 s ahead, not followed");
    }

    /** A time before which nothing may be issued: a former process of this node issued up to it (rules.md A15). */
    public void startAt(long hybridTime) {
        last = Math.max(last, hybridTime);
    }

    /** Greater than everything issued or followed so far. */
    public long next() {
        last = Math.max(ofMillis(clock.wallMillis()), last + 1);
        return last;
    }

    /** The present: at least everything issued or followed so far. Issues nothing. */
    public long last() {
        return Math.max(last, ofMillis(clock.wallMillis()));
    }

    /** The present by the wall clock alone. */
    public long wall() {
        return ofMillis(clock.wallMillis());
    }

    /** Follows a time that another node issued. */
    public void observe(long remote) {
        if (remote > last) {
            if (millisOf(remote) > clock.wallMillis() + MAX_AHEAD_MILLIS) {
                tooFarAhead.increment();
            } else {
                last = remote;
            }
        }
    }

    public static long ofMillis(long unixMillis) {
        return unixMillis << 16;
    }

    public static long millisOf(long hybridTime) {
        return hybridTime >>> 16;
    }
}
