package dev.quorate.core.transfer;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import java.util.BitSet;
import java.util.concurrent.CompletionStage;

/**
 * The slots of which this node may hold records for itself. Set, durably, before there are any and until a purge has found none: so a restart
 * knows what is left over, and a slot of which only hints were kept is never taken for one. Confined to the event loop.
 */
final class HeldSlots {
    private static final Bytes KEY = Bytes.utf8("held-slots");

    private final Storage storage;
    private BitSet held = new BitSet();
    private int log2Slots;

    HeldSlots(Storage storage) {
        this.storage = storage;
    }

    /** Before the node serves; {@code null} from the stage if nothing was written before, and then all it owns is held. */
    CompletionStage<Boolean> load(int slotsNow) {
        log2Slots = slotsNow;
        return storage.get(Table.META, KEY).thenApply(bytes -> {
            if (bytes == null) {
                return false;
            }
            BitSet read = BitSet.valueOf(bytes.unsafeArray());
            // The last bit set says how many slots there were.
            int slots = read.length() - 1;
            read.clear(slots);
            held = read;
            int before = Integer.numberOfTrailingZeros(slots);
            log2Slots = before;
            cutInto(slotsNow);
            return true;
        });
    }

    /** The ring has been cut finer. */
    void cutInto(int log2SlotsNow) {
        if (log2SlotsNow > log2Slots) {
            int times = log2SlotsNow - log2Slots;
            BitSet finer = new BitSet();
            for (int slot = held.nextSetBit(0); slot >= 0; slot = held.nextSetBit(slot + 1)) {
                finer.set(slot << times, slot + 1 << times);
            }
            held = finer;
            log2Slots = log2SlotsNow;
        }
    }

    boolean contains(int slot) {
        return held.get(slot);
    }

    /** Ascending; a copy. */
    BitSet all() {
        return (BitSet) held.clone();
    }

    /** False if it was there already. */
    boolean add(int slot) {
        boolean added = !held.get(slot);
        held.set(slot);
        return added;
    }

    void remove(int slot) {
        held.clear(slot);
    }

    /** Adds to a batch what a restart has to know. */
    WriteBatch store(WriteBatch batch) {
        BitSet bits = (BitSet) held.clone();
        bits.set(1 << log2Slots);
        return batch.andPut(Table.META, KEY, Bytes.owning(bits.toByteArray()));
    }
}
