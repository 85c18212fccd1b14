package dev.quorate.core.replication;

import dev.quorate.core.model.Check;

/** Permits that accrue and are spent: by a clock (repairs per second) or by events (hedges per read). Confined to the event loop. */
final class TokenBucket {
    private final double capacity;
    private double permits;

    TokenBucket(double capacity) {
        Check.argument(capacity >= 0, "capacity %s is negative", capacity);
        this.capacity = capacity;
        this.permits = capacity;
    }

    void accrue(double amount) {
        permits = Math.min(capacity, permits + amount);
    }

    boolean take() {
        if (permits < 1) {
            return false;
        }
        permits--;
        return true;
    }
}
