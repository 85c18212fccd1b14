package dev.quorate.sdk;

import com.google.protobuf.ByteString;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
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

    // In the order of their last use. One look-up per write is all that a write of a remembered key costs here.
    private final LinkedHashMap<LaneKey, Lane> lanes = new LinkedHashMap<>(16, 0.75f, true);
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
        Lane lane = lanes.get(key);
        if (lane == null) {
            lane = new Lane(key);
            lanes.put(key, lane);
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

    /** Remembers what the lane's last write was answered. */
    void answered(Lane lane, ByteString context) {
        contextBytes += context.size() - lane.context.size();
        lane.context = context;
    }

    /** The node no longer takes the remembered context. */
    void forget(Lane lane) {
        answered(lane, ByteString.EMPTY);
    }

    /** The writer is done; the next one runs soon, not at once: a thousand that fail in turn would nest a thousand deep. */
    void leave(Lane lane) {
        Runnable next = lane.waiting.poll();
        if (next != null) {
            loop.execute(next);
            return;
        }
        lane.taken = false;
        if (lane.context.isEmpty()) {
            lanes.remove(lane.key);
        } else if (lanes.size() > maxContexts || contextBytes > maxContextBytes) {
            evict();
        }
    }

    // Lanes in use are passed over: there are no more of them than calls in flight, and they come here again when they
    // are left.
    private void evict() {
        Iterator<Lane> longestUnused = lanes.values().iterator();
        while (longestUnused.hasNext() && (lanes.size() > maxContexts || contextBytes > maxContextBytes)) {
            Lane lane = longestUnused.next();
            if (!lane.taken) {
                contextBytes -= lane.context.size();
                longestUnused.remove();
                evictions++;
            }
        }
    }

    int contexts() {
        return lanes.size();
    }

    /** Contexts dropped for the bounds; the next write of such a key goes without one. */
    long evictions() {
        return evictions;
    }
}
