package dev.quorate.server.system;

import dev.quorate.core.runtime.RandomSource;
import java.security.SecureRandom;
import java.util.SplittableRandom;

/** Quick randomness for jitter and sampling, seeded by the machine. Confined to the event loop. */
public final class SystemRandom implements RandomSource {
    private final SplittableRandom random = new SplittableRandom(new SecureRandom().nextLong());

    @Override
    public long nextLong() {
        return random.nextLong();
    }

    @Override
    public int nextInt(int boundExclusive) {
        return random.nextInt(boundExclusive);
    }

    @Override
    public double nextDouble() {
        return random.nextDouble();
    }
}
