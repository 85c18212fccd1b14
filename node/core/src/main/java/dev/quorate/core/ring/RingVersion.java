package dev.quorate.core.ring;

import dev.quorate.core.model.Check;

/**
 * How late a {@link RingState} is. Epochs grow by one with every committed change; a generation begins only when an operator recovers a ring
 * whose voters' majority is gone for good, and puts everything of the former ones behind it.
 */
public record RingVersion(int generation, long epoch) implements Comparable<RingVersion> {
    private static final int EPOCH_BITS = 48;

    public RingVersion {
        Check.argument(generation >= 0 && generation < 1 << 15, "generation %d", generation);
        Check.argument(epoch > 0 && epoch < 1L << EPOCH_BITS, "epoch %d", epoch);
    }

    /** One number in the same order, as messages carry it. */
    public long packed() {
        return (long) generation << EPOCH_BITS | epoch;
    }

    /** The version that {@link #packed} wrote. */
    public static RingVersion ofPacked(long packed) {
        return new RingVersion((int) (packed >>> EPOCH_BITS), packed & (1L << EPOCH_BITS) - 1);
    }

    public RingVersion next() {
        return new RingVersion(generation, epoch + 1);
    }

    @Override
    public int compareTo(RingVersion other) {
        return Long.compare(packed(), other.packed());
    }

    @Override
    public String toString() {
        return generation == 0 ? Long.toString(epoch) : generation + "." + epoch;
    }
}
