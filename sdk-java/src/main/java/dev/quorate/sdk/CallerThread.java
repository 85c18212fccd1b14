package dev.quorate.sdk;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;

/** Lets a thread that waits for a future run the program's own code for it, which would hold up everybody on the client's loop. */
final class CallerThread implements Executor {
    private final LinkedBlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
    private volatile boolean gone;

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
        if (gone && tasks.remove(task)) {
            throw new RejectedExecutionException("the thread that waited was interrupted");
        }
    }

    /** Whether tasks that still run do so only to come to an end. */
    boolean isGone() {
        return gone;
    }

    void runUntilDone(CompletableFuture<?> future) throws InterruptedException {
        var unused = future.whenComplete((answer, failure) -> tasks.add(() -> {}));
        try {
            while (!future.isDone()) {
                tasks.take().run();
            }
        } finally {
            gone = true;
            // Nobody else will run these, and a future that never ends would hold its key's lane for ever.
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                task.run();
            }
        }
    }
}
