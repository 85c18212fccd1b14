package dev.quorate.server.lmdb;

import dev.quorate.core.runtime.EventLoop;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A real event loop of one thread, for tests that run the real storage. */
public final class TestLoop implements EventLoop, AutoCloseable {
    private static final long PATIENCE_SECONDS = 60;

    private final ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1, task -> {
        Thread thread = new Thread(task, "test-loop");
        thread.setDaemon(true);
        return thread;
    });
    private volatile @Nullable Thread thread;

    public TestLoop() {
        executor.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        execute(() -> thread = Thread.currentThread());
    }

    @Override
    public void execute(Runnable task) {
        executor.execute(task);
    }

    @Override
    public Timer after(Duration delay, Runnable task) {
        Future<?> scheduled = executor.schedule(task, delay.toNanos(), TimeUnit.NANOSECONDS);
        return () -> scheduled.cancel(false);
    }

    public boolean isCurrent() {
        return Thread.currentThread() == thread;
    }

    /** Runs the work on the loop and returns what it returns. */
    public <T extends @Nullable Object> T call(Supplier<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        execute(() -> {
            try {
                result.complete(work.get());
            } catch (RuntimeException | Error failure) {
                result.completeExceptionally(failure);
            }
        });
        return await(result);
    }

    /** Throws what the stage failed with. */
    public <T extends @Nullable Object> T await(CompletionStage<T> stage) {
        try {
            return stage.toCompletableFuture().get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException failure) {
            if (failure.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new AssertionError(failure.getCause());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new AssertionError(interrupted);
        } catch (TimeoutException late) {
            throw new AssertionError("nothing happened for " + PATIENCE_SECONDS + " s", late);
        }
    }

    @Override
    public void close() {
        executor.shutdownNow();
    }
}
