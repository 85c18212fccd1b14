package dev.quorate.sdk.transport;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The exchanges of one connection that were sent and have no answer yet. One that goes over the stream gets an id, a sequence number above
 * the index of a slot: finding the exchange of an answer is one array access, and an answer to a forgotten exchange does not match the
 * slot's next tenant. Calls of their own are only counted: each knows its exchange. Confined to the client's loop.
 */
final class Outstanding {
    private static final int SLOTS_AT_FIRST = 64;

    private @Nullable Exchange[] slots = new Exchange[SLOTS_AT_FIRST];
    private int[] freeSlots = new int[SLOTS_AT_FIRST];
    private int freeCount;
    private long nextSequence = 1;
    private int count;

    Outstanding() {
        reset(SLOTS_AT_FIRST);
    }

    /** Sent over the stream, or as a call. */
    int count() {
        return count;
    }

    /** The exchange goes over the stream: gives it an id. */
    void occupySlot(Exchange exchange) {
        if (freeCount == 0) {
            int size = slots.length;
            slots = Arrays.copyOf(slots, size * 2);
            freeSlots = new int[size * 2];
            for (int slot = size * 2 - 1; slot >= size; slot--) {
                freeSlots[freeCount++] = slot;
            }
        }
        int slot = freeSlots[--freeCount];
        slots[slot] = exchange;
        exchange.id = nextSequence++ << 20 | slot;
        count++;
    }

    /** Null when the exchange of that id has been released. */
    @Nullable
    Exchange tenant(long id) {
        int slot = (int) (id & 0xFFFFF);
        Exchange exchange = slot < slots.length ? slots[slot] : null;
        return exchange != null && exchange.id == id ? exchange : null;
    }

    /** @param exchange one that holds a slot */
    void release(Exchange exchange) {
        int slot = (int) (exchange.id & 0xFFFFF);
        slots[slot] = null;
        freeSlots[freeCount++] = slot;
        count--;
    }

    void callBegins() {
        count++;
    }

    void callEnds() {
        count--;
    }

    /** The stream is lost: returns and releases all that went over it. Calls in flight stay, and end by themselves. */
    List<Exchange> takeStreamed() {
        List<Exchange> streamed = new ArrayList<>();
        for (Exchange exchange : slots) {
            if (exchange != null) {
                streamed.add(exchange);
            }
        }
        int calls = count - streamed.size();
        reset(slots.length);
        count = calls;
        return streamed;
    }

    void clear() {
        reset(SLOTS_AT_FIRST);
    }

    private void reset(int size) {
        slots = new Exchange[size];
        freeSlots = new int[size];
        freeCount = 0;
        for (int slot = size - 1; slot >= 0; slot--) {
            freeSlots[freeCount++] = slot;
        }
        count = 0;
    }
}
