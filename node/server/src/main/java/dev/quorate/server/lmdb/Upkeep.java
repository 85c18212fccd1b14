package dev.quorate.server.lmdb;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Runs one task every second, and soon after somebody asks for it, on a thread of its own. The first time is a second after the start: until then
 * the node needs the disk for itself, and what was found or made when the storage was opened is enough.
 */
final class Upkeep {
    private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Runnable task;
    private final Thread thread;
    private volatile boolean asked;
    private volatile boolean closed;

    /** The task handles its own failures. */
    Upkeep(Runnable task) {
        this.task = task;
        this.thread = new Thread(this::run, "quorate-upkeep");
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** From any thread, cheap. */
    void soon() {
        asked = true;
        LockSupport.unpark(thread);
    }

    /** Returns when the task runs no more. */
    void close() throws InterruptedException {
        closed = true;
        LockSupport.unpark(thread);
        thread.join();
    }

    private void run() {
        asked = false;
        if (!closed) {
            LockSupport.parkNanos(this, PERIOD_NANOS);
        }
        while (!closed) {
            asked = false;
            task.run();
            if (!asked && !closed) {
                LockSupport.parkNanos(this, PERIOD_NANOS);
            }
        }
    }
}
