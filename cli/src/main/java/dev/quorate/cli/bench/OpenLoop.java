package dev.quorate.cli.bench;

import dev.quorate.cli.bench.Work.Step;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Operations begin at a fixed rate whether or not earlier ones were answered, as independent users would. Response time
 * counts from the intended start: when the system stalls, those who would have come meanwhile are counted as waiting.
 */
final class OpenLoop implements Load {
    /** Beyond this the system is overloaded for good, and more waiting would measure our memory. */
    static final String TOO_MANY_WAITING = "NOT_STARTED_TOO_MANY_WAITING";

    static final int MOST_IN_FLIGHT = 20_000;
    private static final long LAST_ANSWERS_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final long NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);

    private final Target target;
    private final Work work;
    private final double intervalNanos;
    private final int mostInFlight;
    private final Recording recording = new Recording();
    private final Thread pacer = new Thread(this::pace, "bench-pacer");
    private volatile boolean stopping;

    OpenLoop(Target target, Work work, double operationsPerSecond) {
        this(target, work, operationsPerSecond, MOST_IN_FLIGHT);
    }

    /** @param mostInFlight operations that would begin above it are counted as {@link #TOO_MANY_WAITING} and left out */
    OpenLoop(Target target, Work work, double operationsPerSecond, int mostInFlight) {
        this.target = target;
        this.work = work;
        this.mostInFlight = mostInFlight;
        intervalNanos = NANOS_PER_SECOND / operationsPerSecond;
        pacer.setDaemon(true);
    }

    @Override
    public void start() {
        pacer.start();
    }

    @Override
    public Recording recording() {
        return recording;
    }

    private void pace() {
        long begin = System.nanoTime();
        for (long number = 0; !stopping; number++) {
            long intended = begin + (long) (number * intervalNanos);
            long wait = intended - System.nanoTime();
            while (wait > 0 && !stopping) {
                LockSupport.parkNanos(wait);
                wait = intended - System.nanoTime();
            }
            if (recording.inFlight() >= mostInFlight) {
                recording.notStarted(TOO_MANY_WAITING);
                continue;
            }
            @Nullable Step step = work.next();
            if (step == null) {
                return;
            }
            long start = System.nanoTime();
            recording.start();
            target.start(step.operation(), BenchKey.of(step.key()), failure -> {
                if (failure == null) {
                    recording.success(intended, start, System.nanoTime());
                } else {
                    recording.failure(failure);
                }
            });
        }
    }

    @Override
    public void stop() throws InterruptedException {
        stopping = true;
        pacer.join();
        long giveUpAt = System.nanoTime() + LAST_ANSWERS_NANOS;
        while (recording.inFlight() > 0 && System.nanoTime() < giveUpAt) {
            Thread.sleep(10);
        }
    }
}
