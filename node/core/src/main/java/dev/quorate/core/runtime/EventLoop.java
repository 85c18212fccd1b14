package dev.quorate.core.runtime;

import java.time.Duration;
import java.util.concurrent.Executor;

/** The one loop that owns all state of a node. {@link #execute} may be called from any thread; everything else in core runs on the loop. */
public interface EventLoop extends Executor {
    /** Runs the task on the loop after at least {@code delay}. */
    Timer after(Duration delay, Runnable task);

    /** A task not run yet. */
    interface Timer {
        /** Without effect once the task has run. */
        void cancel();
    }
}
