package dev.quorate.cli.bench;

import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/** What one simulated user does next. Not shared between users. */
interface Work {
    /** One operation on one key. */
    record Step(Operation operation, long key) {}

    /** @return null when there is nothing left to do */
    @Nullable
    Step next();

    /** Without an end. */
    static Work random(Mix mix, KeyDistribution.Chooser keys, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        return () -> new Step(mix.choose(random), keys.choose(random));
    }

    /** One operation on its share of the keys: {@code first}, {@code first + step} and so on. */
    static Work once(Operation operation, long first, long step, long endExclusive) {
        return new Work() {
            private long key = first;

            @Override
            public @Nullable Step next() {
                if (key >= endExclusive) {
                    return null;
                }
                Step next = new Step(operation, key);
                key += step;
                return next;
            }
        };
    }
}
