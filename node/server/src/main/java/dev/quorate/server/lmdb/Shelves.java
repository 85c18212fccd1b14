package dev.quorate.server.lmdb;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.PrimitiveIterator;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The entries of {@link NewestChanges} in the order of their keys, which is made when somebody asks for it. An entry lies on the shelf of the
 * first bits of its key, and a shelf is sorted when it is read, so that a page of a scan sorts little. That holds as long as keys are spread
 * over the shelves, so where all keys begin alike, those bits come after the beginning, and each beginning has shelves of its own.
 */
final class Shelves {
    private static final int BITS = 10;
    private static final int COUNT = 1 << BITS;
    private static final int MOST_PREFIX_BYTES = Integer.BYTES;

    private final int prefixBytes;
    private final Comparator<Long> byKey;
    private final TreeMap<Integer, Rack> racks = new TreeMap<>(Integer::compareUnsigned);
    private @Nullable Rack lastUsed;

    /** The shelves of the keys that begin alike. */
    private static final class Rack {
        private final int prefix;
        private final long[][] entries = new long[COUNT][];
        private final int[] counts = new int[COUNT];
        private final boolean[] unsorted = new boolean[COUNT];

        Rack(int prefix) {
            this.prefix = prefix;
        }
    }

    /**
     * @param prefixBytes how many bytes at the beginning of a key many others share, 0 to 4
     * @param byKey orders two entries, given by their addresses
     */
    Shelves(int prefixBytes, Comparator<Long> byKey) {
        if (prefixBytes < 0 || prefixBytes > MOST_PREFIX_BYTES) {
            throw new IllegalArgumentException("a prefix of " + prefixBytes + " bytes; 0 to " + MOST_PREFIX_BYTES);
        }
        this.prefixBytes = prefixBytes;
        this.byKey = byKey;
    }

    /** @param keepArrays for a load like the one before; what was empty in it goes in any case */
    void clear(boolean keepArrays) {
        lastUsed = null;
        racks.values()
                .removeIf(rack -> !keepArrays || Arrays.stream(rack.counts).allMatch(count -> count == 0));
        for (Rack rack : racks.values()) {
            Arrays.fill(rack.counts, 0);
            Arrays.fill(rack.unsorted, false);
        }
    }

    void add(byte[] key, long address) {
        Rack rack = rackOf(prefixOf(key));
        int shelf = shelfOf(key);
        long[] entries = rack.entries[shelf];
        int count = rack.counts[shelf];
        if (entries == null) {
            entries = new long[4];
        } else if (count == entries.length) {
            entries = Arrays.copyOf(entries, 2 * count);
        }
        entries[count] = address;
        rack.entries[shelf] = entries;
        rack.counts[shelf] = count + 1;
        rack.unsorted[shelf] = true;
    }

    private Rack rackOf(int prefix) {
        Rack rack = lastUsed;
        if (rack == null || rack.prefix != prefix) {
            rack = racks.computeIfAbsent(prefix, Rack::new);
            lastUsed = rack;
        }
        return rack;
    }

    /**
     * The addresses in key order, from the first shelf that can hold the key or a greater one: what comes first may be smaller.
     *
     * @param frozen any number of threads may iterate; without, it is good until the next {@link #add}
     */
    PrimitiveIterator.OfLong from(byte[] key, boolean frozen) {
        return new Walk(key, frozen);
    }

    /** Bytes that a short key lacks count as zero: it sorts before all keys that it is the beginning of. */
    private int prefixOf(byte[] key) {
        int prefix = 0;
        for (int i = 0; i < prefixBytes; i++) {
            prefix = prefix << Byte.SIZE | byteOf(key, i);
        }
        return prefix;
    }

    /** Of keys with the same prefix, those of a lower shelf sort before those of a higher one. */
    private int shelfOf(byte[] key) {
        return (byteOf(key, prefixBytes) << Byte.SIZE | byteOf(key, prefixBytes + 1)) >>> 2 * Byte.SIZE - BITS;
    }

    private static int byteOf(byte[] key, int at) {
        return at < key.length ? key[at] & 0xff : 0;
    }

    /** The entries of a shelf in key order. Frozen ones are read by two threads, so they are sorted in a copy. */
    private long[] sorted(Rack rack, int shelf, boolean frozen) {
        long[] entries = rack.entries[shelf];
        int count = rack.counts[shelf];
        if (entries == null || !rack.unsorted[shelf]) {
            return entries == null ? new long[0] : Arrays.copyOf(entries, count);
        }
        Long[] order = new Long[count];
        for (int i = 0; i < count; i++) {
            order[i] = entries[i];
        }
        Arrays.sort(order, byKey);
        long[] result = new long[count];
        for (int i = 0; i < count; i++) {
            result[i] = order[i];
        }
        if (!frozen) {
            System.arraycopy(result, 0, entries, 0, count);
            rack.unsorted[shelf] = false;
        }
        return result;
    }

    private final class Walk implements PrimitiveIterator.OfLong {
        private final boolean frozen;
        private @Nullable Rack rack;
        private int shelf;
        private long[] entries = new long[0];
        private int next;

        Walk(byte[] key, boolean frozen) {
            this.frozen = frozen;
            int prefix = prefixOf(key);
            Map.@Nullable Entry<Integer, Rack> first = racks.ceilingEntry(prefix);
            enter(first, first != null && first.getKey() == prefix ? shelfOf(key) : 0);
        }

        private void enter(Map.@Nullable Entry<Integer, Rack> found, int firstShelf) {
            rack = found == null ? null : found.getValue();
            shelf = firstShelf;
            next = 0;
            entries = rack == null ? new long[0] : sorted(rack, shelf, frozen);
        }

        @Override
        public boolean hasNext() {
            while (rack != null && next == entries.length) {
                if (shelf == COUNT - 1) {
                    enter(racks.higherEntry(rack.prefix), 0);
                } else {
                    entries = sorted(rack, ++shelf, frozen);
                    next = 0;
                }
            }
            return next < entries.length;
        }

        @Override
        public long nextLong() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return entries[next++];
        }
    }
}
