package dev.quorate.core.runtime;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Many timeouts at the price of one timer a tick: tasks are kept in buckets of {@link #TICK_NANOS} and run at most one tick late, never early.
 * Most timeouts are cancelled soon; a cancelled one is unlinked at once, so that it dies young and not as old garbage seconds later.
 * Confined to the event loop.
 */
public final class DeadlineWheel {
    static final long TICK_NANOS = 4_000_000;

    /** One scheduled task. */
    public static final class Handle {
        public static final Handle NONE = new Handle(null, null);

        private final @Nullable Bucket bucket;
        private @Nullable Runnable task;
        private @Nullable Handle before;
        private @Nullable Handle after;

        private Handle(@Nullable Bucket bucket, @Nullable Runnable task) {
            this.bucket = bucket;
            this.task = task;
        }

        /** Without effect once the task has run. */
        public void cancel() {
            if (task != null && bucket != null) {
                task = null;
                bucket.unlink(this);
            }
        }
    }

    /** Tasks of one tick, in the order they were scheduled. */
    private final class Bucket {
        private @Nullable Handle first;
        private @Nullable Handle last;

        Handle add(Runnable task) {
            Handle handle = new Handle(this, task);
            Handle tail = last;
            handle.before = tail;
            if (tail == null) {
                first = handle;
            } else {
                tail.after = handle;
            }
            last = handle;
            kept++;
            return handle;
        }

        void unlink(Handle handle) {
            Handle before = handle.before;
            Handle after = handle.after;
            if (before == null) {
                first = after;
            } else {
                before.after = after;
            }
            if (after == null) {
                last = before;
            } else {
                after.before = before;
            }
            handle.before = null;
            handle.after = null;
            kept--;
        }
    }

    private final Clock clock;
    private final EventLoop loop;
    private final TreeMap<Long, Bucket> buckets = new TreeMap<>();
    // The bucket of the latest timeout: most operations have the same one, so most follow it into the same tick.
    private long latestTick = Long.MIN_VALUE;
    private Bucket latest = new Bucket();
    private long armedFor = Long.MAX_VALUE;
    private int kept;

    public DeadlineWheel(Clock clock, EventLoop loop) {
        this.clock = clock;
        this.loop = loop;
    }

    public Handle after(Duration delay, Runnable task) {
        // Rounded up, and one tick more because "now" lies somewhere inside its tick.
        long tick = Math.floorDiv(clock.nanos() + Math.max(0, delay.toNanos()), TICK_NANOS) + 1;
        if (tick != latestTick) {
            latest = buckets.computeIfAbsent(tick, t -> new Bucket());
            latestTick = tick;
            arm();
        }
        return latest.add(task);
    }

    /** Timeouts neither run nor cancelled. */
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
        List<Bucket> due = new ArrayList<>();
        while (!buckets.isEmpty() && buckets.firstKey() <= now) {
            due.add(buckets.pollFirstEntry().getValue());
        }
        if (latestTick <= now) {
            latestTick = Long.MIN_VALUE;
        }
        arm();
        runAll(due);
    }

    /** All of them, also after one that meets a defect: the others' operations would never end. */
    private static void runAll(List<Bucket> due) {
        RuntimeException defect = null;
        for (Bucket bucket : due) {
            for (Handle handle = bucket.first; handle != null; handle = bucket.first) {
                Runnable task = handle.task;
                handle.task = null;
                bucket.unlink(handle);
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
        }
        if (defect != null) {
            throw defect;
        }
    }
}
