package dev.quorate.cli.bench;

import java.util.random.RandomGenerator;

/** Which keys are asked for how often. */
enum KeyDistribution {
    /** All alike. */
    uniform,
    /** As popularity goes: the second most popular half as often as the first, and so on; scattered over the ring. */
    zipf,
    /** Nine of ten operations on one key of a hundred. */
    hot;

    /** Draws key numbers; may be used by several threads when they bring their own random generators. */
    interface Chooser {
        long choose(RandomGenerator random);
    }

    Chooser over(long keys) {
        return switch (this) {
            case uniform -> random -> random.nextLong(keys);
            case zipf -> new Zipf(keys);
            case hot -> hot(keys);
        };
    }

    private static Chooser hot(long keys) {
        long hotKeys = Math.max(1, keys / 100);
        return random -> random.nextInt(10) == 0 ? random.nextLong(keys) : random.nextLong(hotKeys);
    }

    /** Gray et al., "Quickly generating billion-record synthetic databases", with YCSB's exponent. */
    private static final class Zipf implements Chooser {
        private static final double EXPONENT = 0.99;

        private final long keys;
        private final double zeta;
        private final double alpha;
        private final double eta;

        Zipf(long keys) {
            this.keys = keys;
            double sum = 0;
            for (long rank = 1; rank <= keys; rank++) {
                sum += 1 / Math.pow(rank, EXPONENT);
            }
            zeta = sum;
            alpha = 1 / (1 - EXPONENT);
            double two = 1 + Math.pow(0.5, EXPONENT);
            eta = (1 - Math.pow(2.0 / keys, 1 - EXPONENT)) / (1 - two / zeta);
        }

        @Override
        public long choose(RandomGenerator random) {
            double drawn = random.nextDouble();
            double scaled = drawn * zeta;
            long rank;
            if (scaled < 1) {
                rank = 0;
            } else if (scaled < 1 + Math.pow(0.5, EXPONENT)) {
                rank = 1;
            } else {
                rank = (long) (keys * Math.pow(eta * drawn - eta + 1, alpha));
            }
            return Math.floorMod(scatter(Math.min(rank, keys - 1)), keys);
        }

        /** Popular keys must not be neighbours by number; the finaliser of MurmurHash3. */
        private static long scatter(long rank) {
            long mixed = (rank ^ (rank >>> 33)) * 0xff51afd7ed558ccdL;
            mixed = (mixed ^ (mixed >>> 33)) * 0xc4ceb9fe1a85ec53L;
            return mixed ^ (mixed >>> 33);
        }
    }
}
