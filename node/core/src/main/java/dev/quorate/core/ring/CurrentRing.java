package dev.quorate.core.ring;

import java.util.ArrayList;
import java.util.List;

/**
 * The latest ring that a node has adopted. Whoever works with rows asks here each time, and keeps what it needs for one operation. Confined to
 * the event loop.
 */
public final class CurrentRing {
    /** Told after the ring has changed; whoever listens sees the new one everywhere. */
    public interface Listener {
        void changed(RingState before, RingState now);
    }

    private final List<Listener> listeners = new ArrayList<>();
    private RingState state;

    public CurrentRing(RingState first) {
        this.state = first;
    }

    public RingState state() {
        return state;
    }

    public SlotTable table() {
        return state.table();
    }

    /** Those who began to listen first are told first. */
    public void onChange(Listener listener) {
        listeners.add(listener);
    }

    /** Takes a committed state if it is later. Whoever calls this has made it durable. */
    public boolean adopt(RingState committed) {
        RingState before = state;
        if (committed.version().compareTo(before.version()) <= 0) {
            return false;
        }
        state = committed;
        listeners.forEach(listener -> listener.changed(before, committed));
        return true;
    }
}
