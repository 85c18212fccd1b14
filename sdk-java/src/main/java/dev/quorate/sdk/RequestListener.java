package dev.quorate.sdk;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Hooks for metrics and tracing. Called on the client's one event loop: return at once and never block. What a listener throws is logged
 * and dropped, since the request it was told about is not to blame.
 */
public interface RequestListener {
    /** A call ended, retries included. */
    default void completed(Request request, Duration latency, int attempts, @Nullable QuorateException failure) {}

    /** One attempt of a call failed; another may follow. */
    default void attemptFailed(Request request, QuorateException.Attempt attempt) {}

    /** Which call. */
    record Request(Operation operation, String bucket, String key) {}

    /** What the call does. */
    enum Operation {
        GET,
        PUT,
        DELETE
    }
}
