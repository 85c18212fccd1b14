package dev.quorate.sdk;

/**
 * Lets retries be a tenth of the requests, with a small reserve for the moment a node dies with many requests on it. Without it, clients
 * multiply the load of a cluster exactly when it has too much. Confined to the client's loop.
 */
final class RetryBudget {
    private static final double PER_REQUEST = 0.1;

    private final double capacity;
    private double tokens;
    private long refused;

    RetryBudget(int reserve) {
        capacity = reserve;
        tokens = reserve;
    }

    void requestStarted() {
        tokens = Math.min(capacity, tokens + PER_REQUEST);
    }

    boolean tryRetry() {
        if (tokens < 1) {
            refused++;
            return false;
        }
        tokens--;
        return true;
    }

    /** Retries that were not made for lack of budget. */
    long refused() {
        return refused;
    }
}
