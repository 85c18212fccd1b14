package dev.quorate.simulation;

import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * Virtual time. Events run in the order of (time, a seeded coin per lane, sequence); a lane is a node, a client or the world itself, and
 * within a lane and an instant they run in the order they were made. Every event is hashed into the trace, so that two runs
 * are the same run exactly when their hashes are equal.
 */
public final class SimWorld {
    /** The lane of faults and of the phases of a run. Nodes are lanes 1 and up, clients {@link #CLIENT_LANES} and up. */
    static final int WORLD_LANE = 0;

    static final int CLIENT_LANES = 100;

    /** Something that happens at an instant. */
    static final class Event implements Comparable<Event> {
        private final long time;
        private final long tie;
        private final long sequence;
        private final int lane;
        private final int kind;
        private final Runnable task;
        private boolean cancelled;

        private Event(long time, long tie, long sequence, int lane, int kind, Runnable task) {
            this.time = time;
            this.tie = tie;
            this.sequence = sequence;
            this.lane = lane;
            this.kind = kind;
            this.task = task;
        }

        void cancel() {
            cancelled = true;
        }

        @Override
        public int compareTo(Event other) {
            if (time != other.time) {
                return time < other.time ? -1 : 1;
            }
            if (tie != other.tie) {
                return tie < other.tie ? -1 : 1;
            }
            return Long.compare(sequence, other.sequence);
        }
    }

    /** What an event is, for the trace. */
    enum Kind {
        TASK,
        TIMER,
        REQUEST,
        REPLY,
        LINK,
        DISK,
        CLIENT,
        FAULT
    }

    private final long seed;
    private final PriorityQueue<Event> queue = new PriorityQueue<>(256);
    private long now;
    private long sequence;
    private long events;
    private @Nullable Throwable defect;
    private long trace = 0x51ed_270b_7a1f_3c55L;

    public SimWorld(long seed) {
        this.seed = seed;
    }

    long seed() {
        return seed;
    }

    /** Nanoseconds since the world began. */
    public long now() {
        return now;
    }

    /** Events run so far. */
    public long events() {
        return events;
    }

    /** The rolling hash of everything that has happened. */
    public long trace() {
        return trace;
    }

    /** The stream of that name in this world. */
    SimRandom random(String name, long number) {
        return SimRandom.fork(seed, name, number);
    }

    Event at(long time, int lane, Kind kind, Runnable task) {
        long when = Math.max(time, now);
        // The coin depends on nothing that was drawn before, so a removed event leaves the order of the others alone.
        long tie = SimRandom.mix(seed + when * 31 + lane);
        Event event = new Event(when, tie, sequence++, lane, kind.ordinal(), task);
        queue.add(event);
        return event;
    }

    Event after(long delayNanos, int lane, Kind kind, Runnable task) {
        return at(now + delayNanos, lane, kind, task);
    }

    /** Ends the run with this, where an exception would be lost. The first one counts. */
    void defect(Throwable found) {
        if (defect == null) {
            defect = found;
        }
    }

    /** Adds a fact to the trace. */
    void note(int lane, long fact) {
        trace = SimRandom.mix(trace ^ (now * 0x9e3779b97f4a7c15L) ^ ((long) lane << 48) ^ fact);
    }

    /** Runs one event; false when nothing is left to happen. */
    public boolean step() {
        while (true) {
            Event event = queue.poll();
            if (event == null) {
                return false;
            }
            if (event.cancelled) {
                continue;
            }
            now = event.time;
            events++;
            note(event.lane, event.kind + 1);
            event.task.run();
            Throwable found = defect;
            if (found != null) {
                throw new IllegalStateException("something that must not throw did", found);
            }
            return true;
        }
    }

    /** Runs everything up to and including that instant. */
    public void runUntil(long time) {
        while (true) {
            Event next = queue.peek();
            if (next == null || next.time > time) {
                break;
            }
            if (next.cancelled) {
                queue.poll();
                continue;
            }
            step();
        }
        now = Math.max(now, time);
    }
}
