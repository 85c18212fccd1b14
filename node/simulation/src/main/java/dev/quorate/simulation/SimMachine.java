package dev.quorate.simulation;

import org.jspecify.annotations.Nullable;

/** A machine: what survives its processes, and the one that runs on it now. */
final class SimMachine {
    private final int number;
    private final SimClock clock;
    private final SimRandom random;
    private SimDisk disk = new SimDisk();
    private @Nullable SimProcess process;
    private boolean lostData;
    /** Its disk was replaced by an older, or another, one since the last start. */
    private boolean diskReplaced;
    /** Not to be started again by a fault that ends. */
    private boolean lost;

    /** @param number from 1 */
    SimMachine(int number, SimClock clock, SimRandom random) {
        this.number = number;
        this.clock = clock;
        this.random = random;
    }

    int number() {
        return number;
    }

    SimClock clock() {
        return clock;
    }

    SimRandom random() {
        return random;
    }

    SimDisk disk() {
        return disk;
    }

    void replaceDisk(SimDisk other) {
        disk = other;
        diskReplaced = true;
    }

    /** Null while nothing runs. */
    @Nullable
    SimProcess process() {
        return process;
    }

    /** A boot number never used before: takes a start number from the disk, and draws. */
    long freshBoot() {
        return SimBoots.fresh(disk, random);
    }

    /** What a process that starts now would find. */
    Subject.Start begins(long freshBoot) {
        return new Subject.Start(number, disk.boot(), freshBoot, lostData, diskReplaced);
    }

    void started(SimProcess started) {
        process = started;
        lostData = false;
        diskReplaced = false;
    }

    /** @param lostBatches whether the process leaves less on the disk than it had taken */
    void ended(boolean lostBatches) {
        process = null;
        lostData |= lostBatches;
    }

    boolean isLost() {
        return lost;
    }

    void lost(boolean now) {
        lost = now;
    }
}
