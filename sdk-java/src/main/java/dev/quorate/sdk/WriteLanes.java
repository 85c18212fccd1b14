package dev.quorate.sdk;

import com.google.protobuf.ByteString;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * One lane per key: a client's writes of a key go one after the other, each with the context that the one before it was answered. So a
 * client's own sequence of writes never conflicts with itself, in the order in which the program made the calls. Keys that nobody writes
 * just now keep their context until newer keys push them out. Confined to the client's loop.
 */
final class WriteLanes {
    /** Which key. Hashed by the thread that makes the call, and compared without following more references than it must. */
    static final class LaneKey {
        private final String bucket;
        private final byte[] key;
        private final int hash;

        LaneKey(String bucket, byte[] key) {
            this.bucket = bucket;
            this.key = key;
            this.hash = 31 * bucket.hashCode() + Arrays.hashCode(key);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof LaneKey that
                    && hash == that.hash
                    && Arrays.equals(key, that.key)
                    && bucket.equals(that.bucket);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    /** The writes of one key. */
    static final class Lane {
        private final LaneKey key;
        private ByteString context = ByteString.EMPTY;
        private boolean taken;
        private boolean usedLately;
        private final ArrayDeque<Runnable> waiting = new ArrayDeque<>(0);

        private Lane(LaneKey key) {
            this.key = key;
        }

        /** Of this client's last answered write of the key; empty when there is none. */
        ByteString context() {
            return context;
        }
    }

    // In the order of their making, with a mark for those used since eviction last came by: an order of last
    // use would touch the memory of three lanes per write instead of one.
    private final LinkedHashMap<LaneKey, Lane> lanes = new LinkedHashMap<>();
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
        } else {
            lane.usedLately = true;
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

    /** The writer gives up its place: its time was over before its turn came. */
    void withdraw(Lane lane, Runnable writer) {
        lane.waiting.remove(writer);
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

    // The second chance of a lane used lately is to be made young again. Lanes in use get as many as they need:
    // there are no more of them than calls in flight, so that an unused one comes up before all have been seen.
    private void evict() {
        int unseen = 2 * lanes.size();
        while (unseen-- > 0 && (lanes.size() > maxContexts || contextBytes > maxContextBytes)) {
            Iterator<Lane> oldest = lanes.values().iterator();
            Lane lane = oldest.next();
            oldest.remove();
            if (lane.taken || lane.usedLately) {
                lane.usedLately = false;
                lanes.put(lane.key, lane);
            } else {
                contextBytes -= lane.context.size();
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
