package dev.quorate.integration;

import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/** How long requests took, to within a tenth. Written by many threads. */
final class Latencies {
    private static final double STEP = 1.1;
    private static final int BUCKETS = 300;

    private final AtomicLongArray counts = new AtomicLongArray(BUCKETS);
    private final AtomicLong slowest = new AtomicLong();

    void add(long nanos) {
        counts.incrementAndGet((int) Math.min(BUCKETS - 1, Math.log(Math.max(1, nanos)) / Math.log(STEP)));
        slowest.accumulateAndGet(nanos, Math::max);
    }

    long slowestNanos() {
        return slowest.get();
    }

    /** @param share of the requests that took no longer, from 0 to 1 */
    long nanosAt(double share) {
        long all = 0;
        for (int bucket = 0; bucket < BUCKETS; bucket++) {
            all += counts.get(bucket);
        }
        long left = (long) Math.ceil(all * share);
        for (int bucket = 0; bucket < BUCKETS; bucket++) {
            left -= counts.get(bucket);
            if (left <= 0) {
                return Math.min(slowest.get(), (long) Math.pow(STEP, bucket + 1));
            }
        }
        return slowest.get();
    }
}
