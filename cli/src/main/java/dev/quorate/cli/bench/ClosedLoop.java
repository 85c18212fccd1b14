package dev.quorate.cli.bench;

import dev.quorate.cli.bench.Work.Step;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A fixed number of users, each of which waits for its answer before it asks again. Finds the capacity. */
final class ClosedLoop implements Load {
    private static final long PAUSE_AFTER_FAILURE_MILLIS = 5;

    private final Target target;
    private final Recording recording = new Recording();
    private final List<User> users = new ArrayList<>();
    private final CountDownLatch finished;
    private final ScheduledExecutorService pauses = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "bench-pauses");
        thread.setDaemon(true);
        return thread;
    });
    private volatile boolean stopping;

    ClosedLoop(Target target, List<Work> work) {
        this.target = target;
        finished = new CountDownLatch(work.size());
        work.forEach(each -> users.add(new User(each)));
    }

    @Override
    public void start() {
        users.forEach(User::proceed);
    }

    @Override
    public Recording recording() {
        return recording;
    }

    @Override
    public void stop() throws InterruptedException {
        stopping = true;
        awaitEnd();
    }

    /** Until every user has run out of work, or answers stop coming. */
    void awaitEnd() throws InterruptedException {
        long ended = -1;
        while (!finished.await(10, TimeUnit.SECONDS)) {
            long now = recording.inFlight();
            if (stopping && now == ended) {
                break;
            }
            ended = now;
        }
        pauses.shutdownNow();
    }

    private final class User implements Target.Completion {
        private final Work work;
        // Above zero while a thread is in proceed(): an answer that comes before start() returned is taken up by the
        // loop there instead of by recursion, which could be as deep as there are failures in a row.
        private final AtomicInteger turns = new AtomicInteger();
        private long startNanos;

        User(Work work) {
            this.work = work;
        }

        void proceed() {
            if (turns.getAndIncrement() != 0) {
                return;
            }
            do {
                @Nullable Step step = stopping ? null : work.next();
                if (step == null) {
                    finished.countDown();
                    return;
                }
                recording.start();
                startNanos = System.nanoTime();
                target.start(step.operation(), BenchKey.of(step.key()), this);
            } while (turns.decrementAndGet() != 0);
        }

        @Override
        public void completed(@Nullable String failure) {
            if (failure == null) {
                recording.success(startNanos, startNanos, System.nanoTime());
                proceed();
            } else {
                recording.failure(failure);
                pause();
            }
        }

        /** Failures can be quick: without a pause a refused connection would be asked a hundred thousand times a second. */
        private void pause() {
            if (stopping) {
                proceed();
                return;
            }
            var scheduled = pauses.schedule(this::proceed, PAUSE_AFTER_FAILURE_MILLIS, TimeUnit.MILLISECONDS);
            if (scheduled.isCancelled()) {
                proceed();
            }
        }
    }
}
