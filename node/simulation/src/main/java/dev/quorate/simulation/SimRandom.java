package dev.quorate.simulation;

import dev.quorate.core.runtime.RandomSource;
import java.util.List;

/**
 * A seeded stream (SplitMix64). Each direction of a link, each disk and each node has its own, forked by name and number: taking one
 * fault out of a plan leaves the draws of everything else as they were, which is what makes shrinking work.
 */
public final class SimRandom implements RandomSource {
    private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;

    private long state;

    public SimRandom(long seed) {
        this.state = mix(seed);
    }

    /** The stream that belongs to {@code name} and {@code number} under this seed. */
    public static SimRandom fork(long seed, String name, long number) {
        return new SimRandom(mix(mix(seed) ^ mix(name.hashCode()) * 31) + mix(number + GOLDEN_GAMMA));
    }

    /** A good 64-bit hash of one number. */
    static long mix(long value) {
        long z = value;
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }

    @Override
    public long nextLong() {
        state += GOLDEN_GAMMA;
        return mix(state);
    }

    @Override
    public int nextInt(int boundExclusive) {
        // The bias of a remainder is below 2^-30 for the small bounds used here.
        return (int) ((nextLong() >>> 1) % boundExclusive);
    }

    @Override
    public double nextDouble() {
        return (nextLong() >>> 11) * 0x1.0p-53;
    }

    /** True with this probability. */
    boolean chance(double probability) {
        return nextDouble() < probability;
    }

    /** From {@code low} to {@code high}, both included. */
    long between(long low, long high) {
        return low + Math.floorMod(nextLong(), high - low + 1);
    }

    /** Like {@link #between}, but each order of magnitude is equally likely: small is as interesting as large. */
    long betweenByMagnitude(long low, long high) {
        double exponent = Math.log(low) + nextDouble() * (Math.log(high) - Math.log(low));
        return Math.max(low, Math.min(high, Math.round(Math.exp(exponent))));
    }

    <T> T pick(List<T> choices) {
        return choices.get(nextInt(choices.size()));
    }
}
