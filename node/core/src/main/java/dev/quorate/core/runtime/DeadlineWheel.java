package dev.quorate.core.runtime;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Many timeouts at the price of one timer a tick: tasks are kept in buckets of {@link #TICK_NANOS} and run at most one tick late, never early.
 * Most timeouts are cancelled, and cancelling costs nothing but a flag. Confined to the event loop.
 */
public final class DeadlineWheel {
    static final long TICK_NANOS = 4_000_000;

    /** One scheduled task. */
    public static final class Handle {
        public static final Handle NONE = new Handle(null);

        private @Nullable Runnable task;

        private Handle(@Nullable Runnable task) {
            this.task = task;
        }

        /** Without effect once the task has run. */
        public void cancel() {
            task = null;
        }
    }

    private final Clock clock;
    private final EventLoop loop;
    private final TreeMap<Long, List<Handle>> buckets = new TreeMap<>();
    private long armedFor = Long.MAX_VALUE;
    private int kept;

    public DeadlineWheel(Clock clock, EventLoop loop) {
        this.clock = clock;
        this.loop = loop;
    }

    public Handle after(Duration delay, Runnable task) {
        // Rounded up, and one tick more because "now" lies somewhere inside its tick.
        long tick = Math.floorDiv(clock.nanos() + Math.max(0, delay.toNanos()), TICK_NANOS) + 1;
        Handle handle = new Handle(task);
        buckets.computeIfAbsent(tick, t -> new ArrayList<>()).add(handle);
        kept++;
        arm();
        return handle;
    }

    /** Handles kept, cancelled ones included until their tick comes. */
    public int size() {
        return kept;
    }

    /** Sets a timer for the first bucket unless one at least as early is set. A later one that is superseded fires and finds nothing. */
    private void arm() {
        if (buckets.isEmpty() || buckets.firstKey() >= armedFor) {
            return;
        }
        long tick = buckets.firstKey();
        armedFor = tick;
        loop.after(Duration.ofNanos(Math.max(0, tick * TICK_NANOS - clock.nanos())), () -> fire(tick));
    }

    private void fire(long tick) {
        if (armedFor == tick) {
            armedFor = Long.MAX_VALUE;
        }
        long now = Math.floorDiv(clock.nanos(), TICK_NANOS);
        List<Handle> due = new ArrayList<>();
        while (!buckets.isEmpty() && buckets.firstKey() <= now) {
            due.addAll(buckets.pollFirstEntry().getValue());
        }
        kept -= due.size();
        arm();
        runAll(due);
    }

    /** All of them, also after one that meets a defect: the others' operations would never end. */
    private static void runAll(List<Handle> due) {
        RuntimeException defect = null;
        for (Handle handle : due) {
            Runnable task = handle.task;
            handle.task = null;
            try {
                if (task != null) {
                    task.run();
                }
            } catch (RuntimeException thrown) {
                if (defect == null) {
                    defect = thrown;
                } else {
                    defect.addSuppressed(thrown);
                }
            }
        }
        if (defect != null) {
            throw defect;
        }
    }
}
