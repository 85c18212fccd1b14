package dev.quorate.sdk.transport;

/** How long a call to a node is expected to take, from what earlier ones took. Confined to the client's loop. */
final class ExpectedLatency {
    private static final double NEW_SAMPLE_WEIGHT = 0.05;
    private static final double TIMEOUT_SAMPLE_WEIGHT = 0.5;
    /** Of a node that nothing is known of: low enough to be tried. */
    private static final double UNKNOWN_NANOS = 100_000;
    /** Of the same node while its first answer is awaited: one call shall find out, and not all that come before that answer does. */
    private static final double UNANSWERED_NANOS = 1e9;

    // 0 when nothing is known.
    private double nanos;

    void answeredAfter(double sample) {
        nanos = nanos == 0 ? sample : nanos + NEW_SAMPLE_WEIGHT * (sample - nanos);
    }

    /** There was no answer in this time. */
    void waitedInVain(double waited) {
        nanos = Math.max(nanos, nanos + TIMEOUT_SAMPLE_WEIGHT * (waited - nanos));
    }

    /** No answer for a while: a node that was slow long ago must get another chance. */
    void fade() {
        nanos /= 2;
        if (nanos < UNKNOWN_NANOS) {
            // Not yet lower: it would seem the fastest of all only because it has not been asked.
            nanos = 0;
        }
    }

    /** What was measured says nothing about what comes. */
    void forget() {
        nanos = 0;
    }

    /** @param inFlight calls that wait for an answer now */
    double nanos(int inFlight) {
        if (nanos != 0) {
            return nanos;
        }
        return inFlight == 0 ? UNKNOWN_NANOS : UNANSWERED_NANOS;
    }
}
