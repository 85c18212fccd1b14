package dev.quorate.core.antientropy;

/** How far an exchange has come, in numbers for people. Confined to the event loop. */
final class ExchangeProgress {
    private final int slots;
    private final long beganNanos;
    private int slotsDone;
    private long expected;
    private long passed;
    private long leafComparisons;
    private long compared;
    private long pulled;
    private long pushed;
    private long pushedBytes;
    private long pushesRefused;
    private long leavesCorrected;

    ExchangeProgress(int slots, long beganNanos) {
        this.slots = slots;
        this.beganNanos = beganNanos;
    }

    void slotDone() {
        slotsDone++;
    }

    void expect(long keys) {
        expected += keys;
    }

    void passed(int keys) {
        passed += keys;
    }

    void compared(int keys) {
        compared += keys;
    }

    void leavesCompared() {
        leafComparisons++;
    }

    long leafComparisons() {
        return leafComparisons;
    }

    void onePulled() {
        pulled++;
    }

    void onePushed(int bytes) {
        pushed++;
        pushedBytes += bytes;
    }

    void pushRefused() {
        pushesRefused++;
    }

    void leafCorrected() {
        leavesCorrected++;
    }

    boolean allPushed() {
        return pushesRefused == 0;
    }

    int slots() {
        return slots;
    }

    int slotsDone() {
        return slotsDone;
    }

    long compared() {
        return compared;
    }

    long pulled() {
        return pulled;
    }

    long pushed() {
        return pushed;
    }

    long leavesCorrected() {
        return leavesCorrected;
    }

    long pushedBytes() {
        return pushedBytes;
    }

    /** Records under leaves that differ and are not passed yet. */
    long left() {
        return Math.max(0, expected - passed);
    }

    /** From the pace so far; -1 while there is none. */
    long millisLeft(long nowNanos) {
        if (left() == 0) {
            return 0;
        }
        return passed == 0 ? -1 : (long) ((nowNanos - beganNanos) / 1e6 / passed * left());
    }
}
