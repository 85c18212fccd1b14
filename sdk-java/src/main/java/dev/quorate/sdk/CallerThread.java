package dev.quorate.sdk;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;

/** Lets a thread that waits for a future run the program's own code for it, which would hold up everybody on the client's loop. */
final class CallerThread implements Executor {
    private final LinkedBlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();

    @Override
    public void execute(Runnable task) {
        tasks.add(task);
    }

    void runUntilDone(CompletableFuture<?> future) throws InterruptedException {
        var unused = future.whenComplete((answer, failure) -> tasks.add(() -> {}));
        while (!future.isDone()) {
            tasks.take().run();
        }
    }
}
