package dev.quorate.cli.faults;

/** One direction as it is at present, and how much of its bandwidth is left. Confined to the proxy's thread. */
final class Way {
    /** Of a second's bandwidth: what may pass at once after a pause. */
    private static final double BURST_SECONDS = 0.05;

    private static final double NANOS = 1e9;

    private Disturbance disturbance = Disturbance.NONE;
    private double allowance;
    private long countedNanos;
    private long forwardedBytes;

    void become(Disturbance next, long nowNanos) {
        if (!next.equals(disturbance)) {
            disturbance = next;
            allowance = 0;
            countedNanos = nowNanos;
        }
    }

    Disturbance disturbance() {
        return disturbance;
    }

    boolean cut() {
        return disturbance.cut();
    }

    long delayNanos() {
        return disturbance.delay().toNanos();
    }

    long forwardedBytes() {
        return forwardedBytes;
    }

    /** Bytes that may pass now; 0 if some have to wait. */
    int allowance(long nowNanos) {
        if (disturbance.bytesPerSecond() == 0) {
            return Integer.MAX_VALUE;
        }
        double perSecond = disturbance.bytesPerSecond();
        double most = Math.max(1, perSecond * BURST_SECONDS);
        allowance = Math.min(most, allowance + (nowNanos - countedNanos) / NANOS * perSecond);
        countedNanos = nowNanos;
        return (int) allowance;
    }

    void forwarded(int bytes) {
        forwardedBytes += bytes;
        allowance -= bytes;
    }

    /** When the next byte may pass. */
    long allowedAtNanos(long nowNanos) {
        double missing = Math.max(0, 1 - allowance);
        return nowNanos + (long) Math.ceil(missing / disturbance.bytesPerSecond() * NANOS);
    }
}
