package dev.quorate.core.runtime;

/** Randomness, seeded in the simulation. */
public interface RandomSource {
    long nextLong();

    /** From 0 to {@code boundExclusive - 1}. */
    int nextInt(int boundExclusive);

    /** From 0 inclusive to 1 exclusive. */
    double nextDouble();
}
