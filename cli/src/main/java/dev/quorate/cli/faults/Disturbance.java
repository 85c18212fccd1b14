package dev.quorate.cli.faults;

import java.time.Duration;

/**
 * What happens to the bytes of one direction.
 *
 * @param cut nothing arrives, not even the end of a connection; what was sent is held and arrives after the heal, as TCP would send it again
 * @param delay by which everything arrives later
 * @param bytesPerSecond at most; 0 is no limit
 */
public record Disturbance(boolean cut, Duration delay, long bytesPerSecond) {
    public static final Disturbance NONE = new Disturbance(false, Duration.ZERO, 0);
    public static final Disturbance CUT = new Disturbance(true, Duration.ZERO, 0);

    public Disturbance {
        if (delay.isNegative() || bytesPerSecond < 0) {
            throw new IllegalArgumentException("a delay of " + delay + ", " + bytesPerSecond + " bytes per second");
        }
    }

    public static Disturbance delayedBy(Duration delay) {
        return new Disturbance(false, delay, 0);
    }

    public static Disturbance throttledTo(long bytesPerSecond) {
        return new Disturbance(false, Duration.ZERO, bytesPerSecond);
    }

    @Override
    public String toString() {
        if (cut) {
            return "cut";
        }
        String late = delay.isZero() ? "" : delay.toMillis() + " ms late";
        String slow = bytesPerSecond == 0 ? "" : "at most " + bytesPerSecond + " bytes per second";
        return late.isEmpty() ? slow : slow.isEmpty() ? late : late + ", " + slow;
    }
}
