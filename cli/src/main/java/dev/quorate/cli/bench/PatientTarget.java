package dev.quorate.cli.bench;

import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Asks again, a little later, what nodes refused because they had too much to do. For filling, which is faster than a flush once there is much
 * to flush, and never for measuring. The target behind it stays open.
 */
final class PatientTarget implements Target {
    private static final String REFUSED = "OVERLOADED";
    private static final long PAUSE_MILLIS = 100;
    /** A minute: a node that takes nothing for so long takes nothing. */
    private static final int MOST_ATTEMPTS = 600;

    private final Target target;
    private final ScheduledExecutorService pauses = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "bench-patience");
        thread.setDaemon(true);
        return thread;
    });

    PatientTarget(Target target) {
        this.target = target;
    }

    @Override
    public void start(Operation operation, byte[] key, Completion completion) {
        attempt(operation, key, completion, 1);
    }

    private void attempt(Operation operation, byte[] key, Completion completion, int number) {
        target.start(operation, key, failure -> {
            if (number == MOST_ATTEMPTS || !REFUSED.equals(failure)) {
                completion.completed(failure);
            } else {
                again(operation, key, completion, number + 1);
            }
        });
    }

    private void again(Operation operation, byte[] key, Completion completion, int number) {
        var scheduled =
                pauses.schedule(() -> attempt(operation, key, completion, number), PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        if (scheduled.isCancelled()) {
            completion.completed(REFUSED);
        }
    }

    @Override
    public void close() {
        pauses.shutdownNow();
    }
}
