package dev.quorate.sdk;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The builder's choices, checked. */
record ClientSettings(
        List<String> seeds,
        Duration requestTimeout,
        Duration attemptTimeout,
        Transport transport,
        int maxInFlight,
        int maxInFlightBytes,
        int maxCarriedContexts,
        long maxCarriedContextBytes,
        int retryReserve,
        @Nullable String clusterId,
        @Nullable RequestListener listener) {}
