package dev.quorate.sdk;

import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Bounds the calls in flight and their bytes. It happens on the calling threads, before anything is handed to the loop: that is what bounds
 * the loop's queue, and with it every other queue of the client. Thread-safe.
 */
final class Admission {
    /** A call weighs more than its key and value. */
    private static final int OVERHEAD_BYTES = 256;

    private final int maxCalls;
    private final int maxBytes;
    private final Semaphore calls;
    private final Semaphore bytes;
    private final AtomicLong refused = new AtomicLong();

    Admission(int maxCalls, int maxBytes) {
        this.maxCalls = maxCalls;
        this.maxBytes = maxBytes;
        this.calls = new Semaphore(maxCalls);
        this.bytes = new Semaphore(maxBytes);
    }

    /**
     * Whether the call may start; otherwise its future has failed.
     *
     * @param wait for room up to the call's deadline: a thread that waits is its own bound
     */
    boolean admit(Call<?> call, int keyAndValueBytes, boolean wait) {
        int weight = Math.min(maxBytes, keyAndValueBytes + OVERHEAD_BYTES);
        try {
            if (acquired(call, weight, wait)) {
                call.admittedBytes = weight;
                return true;
            }
        } catch (InterruptedException interruption) {
            Thread.currentThread().interrupt();
            call.result.completeExceptionally(QuorateException.local(
                    QuorateException.Reason.INTERRUPTED, "interrupted before the request was sent", interruption));
            return false;
        }
        refused.incrementAndGet();
        call.result.completeExceptionally(new QuorateException(
                QuorateException.Reason.OVERLOADED,
                "this client has %d calls or %d bytes in flight, which is its limit".formatted(maxCalls, maxBytes),
                true,
                false,
                List.of(),
                Map.of("where", "client"),
                null));
        return false;
    }

    private boolean acquired(Call<?> call, int weight, boolean wait) throws InterruptedException {
        if (calls.tryAcquire()) {
            if (bytes.tryAcquire(weight)) {
                return true;
            }
            calls.release();
        }
        if (!wait || !calls.tryAcquire(call.deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            return false;
        }
        boolean complete = false;
        try {
            complete = bytes.tryAcquire(weight, call.deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS);
            return complete;
        } finally {
            if (!complete) {
                calls.release();
            }
        }
    }

    /** The call has ended. Does nothing for one that runs on the admission of another. */
    void release(Call<?> call) {
        if (call.admittedBytes > 0) {
            calls.release();
            bytes.release(call.admittedBytes);
            call.admittedBytes = 0;
        }
    }

    /** Calls refused for lack of room. */
    long refused() {
        return refused.get();
    }
}
