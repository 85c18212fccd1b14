package dev.quorate.sdk;

import com.google.protobuf.ByteString;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executor;

/**
 * One lane per key: a client's writes of a key go one after the other, each with the context that the one before it was answered. So a
 * client's own sequence of writes never conflicts with itself, in the order in which the program made the calls. Keys that nobody writes
 * just now keep their context until newer keys push them out. Confined to the client's loop.
 */
final class WriteLanes {
    /** Which key; byte strings remember their hash. */
    record LaneKey(String bucket, ByteString key) {}

    /** The writes of one key. */
    static final class Lane {
        private final LaneKey key;
        private ByteString context = ByteString.EMPTY;
        private boolean taken;
        private final ArrayDeque<Runnable> waiting = new ArrayDeque<>(0);

        private Lane(LaneKey key) {
            this.key = key;
        }

        /** Of this client's last answered write of the key; empty when there is none. */
        ByteString context() {
            return context;
        }
    }

    // Idle lanes that remember a context, longest unused first. Busy lanes are not in it: their number is bounded by
    // the calls in flight.
    private final LinkedHashMap<LaneKey, Lane> idle = new LinkedHashMap<>();
    private final Map<LaneKey, Lane> busy = new HashMap<>();
    private final Executor loop;
    private final int maxContexts;
    private final long maxContextBytes;
    private long contextBytes;
    private long evictions;

    WriteLanes(Executor loop, int maxContexts, long maxContextBytes) {
        this.loop = loop;
        this.maxContexts = maxContexts;
        this.maxContextBytes = maxContextBytes;
    }

    /** The lane of a key, to be entered at once. */
    Lane lane(LaneKey key) {
        Lane lane = busy.get(key);
        if (lane == null) {
            lane = idle.remove(key);
            if (lane == null) {
                lane = new Lane(key);
            } else {
                contextBytes -= lane.context.size();
            }
            busy.put(key, lane);
        }
        return lane;
    }

    /** Runs the writer when all writers of the key before it have left. */
    void enter(Lane lane, Runnable writer) {
        if (lane.taken) {
            lane.waiting.add(writer);
        } else {
            lane.taken = true;
            writer.run();
        }
    }

    /** A writer gave up before its turn. */
    void withdraw(Lane lane, Runnable writer) {
        lane.waiting.remove(writer);
    }

    /** Remembers what the lane's last write was answered. */
    void answered(Lane lane, ByteString context) {
        lane.context = context;
    }

    /** The node no longer takes the remembered context. */
    void forget(Lane lane) {
        lane.context = ByteString.EMPTY;
    }

    /** The writer is done; the next one runs soon, not at once: a thousand that fail in turn would nest a thousand deep. */
    void leave(Lane lane) {
        Runnable next = lane.waiting.poll();
        if (next != null) {
            loop.execute(next);
            return;
        }
        lane.taken = false;
        busy.remove(lane.key);
        if (lane.context.isEmpty()) {
            return;
        }
        idle.put(lane.key, lane);
        contextBytes += lane.context.size();
        Iterator<Lane> oldest = idle.values().iterator();
        while (idle.size() > maxContexts || contextBytes > maxContextBytes) {
            contextBytes -= oldest.next().context.size();
            oldest.remove();
            evictions++;
        }
    }

    int contexts() {
        return idle.size() + busy.size();
    }

    /** Contexts dropped for the bounds; the next write of such a key goes without one. */
    long evictions() {
        return evictions;
    }
}
