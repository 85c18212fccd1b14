package dev.quorate.sdk;

import java.util.concurrent.TimeUnit;

/**
 * The share of its calls that a node gets after its process has begun anew. Nothing is compiled there yet, nothing is in its caches, and it
 * may be busy catching up: with its full share at once all of that would be in front of callers, although its peers can serve the same
 * keys. The share grows with the square of time, because what is slow is mostly over after the first calls. Confined to the client's loop.
 */
final class SlowStart {
    static final long RAMP_NANOS = TimeUnit.SECONDS.toNanos(30);

    private boolean ramping;
    private long begunNanos;
    private double turn;

    void begin(long nowNanos) {
        ramping = true;
        begunNanos = nowNanos;
        turn = 0;
    }

    /** Whether the next call may go there. Asked once for every call that may; evenly spread rather than drawn, so that few calls are as fair as many. */
    boolean takesTurn(long nowNanos) {
        if (!ramping) {
            return true;
        }
        double passed = (double) (nowNanos - begunNanos) / RAMP_NANOS;
        if (passed >= 1) {
            ramping = false;
            return true;
        }
        turn += passed * passed;
        if (turn < 1) {
            return false;
        }
        turn--;
        return true;
    }
}
