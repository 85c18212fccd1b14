package dev.quorate.server.lmdb;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.Storage.KeyRange;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch.Change;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/**
 * The newest change of every key of one table, laid out in byte arrays. One writer; once nobody writes any more, any thread may read.
 *
 * <p>As objects these changes were what the collector spent its time on: a busy node makes a hundred thousand a second, and they live
 * just long enough to be copied again and again. Arrays of primitives are copied rarely and never traced, and these are used again from
 * generation to generation: as garbage they would fill the old half of the heap before anybody looked at it.
 *
 * <p>Gets and puts find a key by hash, with open addressing. Order is made when a flush or a scan asks for it, one shelf of keys with a common
 * prefix at a time, so that a page of a scan sorts little.
 */
final class NewestChanges {
    /** What a key costs beyond the bytes of its entry: hash, address and its places in the index and on a shelf. */
    static final int OVERHEAD_BYTES = 32;

    private static final int SHELF_BITS = 10;
    private static final int CHUNK_BITS = 20;
    private static final int CHUNK_BYTES = 1 << CHUNK_BITS;
    private static final int FIRST_CHUNK_BYTES = 1 << 12;
    private static final int SMALLEST_INDEX = 64;

    /** Room for a value grows in steps, so that a value of about the same length finds room where the old one was. */
    private static final int ROOM_STEP = 32;

    /** An index of more places than this for each entry was made for another load, and is not kept. */
    private static final int MOST_PLACES_PER_ENTRY = 16;

    private static final int DELETED = -1;

    // An entry: u16 length of the key, i32 room for the value, i32 length of the value or DELETED, key, value.
    private static final int KEY_LENGTH_AT = 0;
    private static final int ROOM_AT = 2;
    private static final int VALUE_LENGTH_AT = 6;
    private static final int KEY_AT = 10;

    private final Table table;
    private final Deque<byte[]> spareChunks;
    private final List<byte[]> chunks = new ArrayList<>();
    private int[] index = new int[SMALLEST_INDEX];
    private int[] hashes = new int[SMALLEST_INDEX / 2];
    private long[] addresses = new long[SMALLEST_INDEX / 2];
    private int size;
    private int end;
    private long bytes;
    private final int[][] shelves = new int[1 << SHELF_BITS][];
    private final int[] shelved = new int[1 << SHELF_BITS];
    private final boolean[] unsorted = new boolean[1 << SHELF_BITS];

    /** @param spareChunks where chunks are taken from, and returned to by {@link #clear} */
    NewestChanges(Table table, Deque<byte[]> spareChunks) {
        this.table = table;
        this.spareChunks = spareChunks;
    }

    /** Begins anew, in the arrays that are there. Nobody may read any more. */
    void clear() {
        for (byte[] chunk : chunks) {
            if (chunk.length == CHUNK_BYTES) {
                spareChunks.add(chunk);
            }
        }
        chunks.clear();
        if (index.length > MOST_PLACES_PER_ENTRY * Math.max(size, SMALLEST_INDEX)) {
            index = new int[SMALLEST_INDEX];
            hashes = new int[SMALLEST_INDEX / 2];
            addresses = new long[SMALLEST_INDEX / 2];
            Arrays.fill(shelves, null);
        } else {
            Arrays.fill(index, 0);
        }
        Arrays.fill(shelved, 0);
        Arrays.fill(unsorted, false);
        size = 0;
        end = 0;
        bytes = 0;
    }

    /** On the heap, roughly. */
    long bytes() {
        return bytes;
    }

    void put(Change change) {
        byte[] key = change.key().unsafeArray();
        Bytes value = change.value();
        int length = value == null ? 0 : value.length();
        int hash = spread(change.key().hashCode());
        int slot = slotOf(key, hash);
        int entry = index[slot] - 1;
        if (entry < 0) {
            entry = size++;
            index[slot] = size;
            if (entry == hashes.length) {
                hashes = Arrays.copyOf(hashes, 2 * entry);
                addresses = Arrays.copyOf(addresses, 2 * entry);
            }
            hashes[entry] = hash;
            addresses[entry] = append(key, length);
            bytes += OVERHEAD_BYTES;
            shelve(key, entry);
            if (2 * size > index.length) {
                rehash();
            }
        } else if (length > getInt(addresses[entry] + ROOM_AT)) {
            // The old place stays empty until the generation goes.
            addresses[entry] = append(key, length);
        }
        long address = addresses[entry];
        byte[] chunk = chunkOf(address);
        int at = offset(address);
        putInt(chunk, at + VALUE_LENGTH_AT, value == null ? DELETED : length);
        if (value != null) {
            System.arraycopy(value.unsafeArray(), 0, chunk, at + KEY_AT + key.length, length);
        }
    }

    /** Null when nothing was ever put under the key; a change without a value says that it was deleted. */
    @Nullable
    Change get(Bytes key) {
        if (size == 0) {
            return null;
        }
        int entry = index[slotOf(key.unsafeArray(), spread(key.hashCode()))] - 1;
        return entry < 0 ? null : new Change(table, key, valueOf(addresses[entry]));
    }

    /** In key order. With {@code frozen} any number of threads may iterate; without, it is good until the next put. */
    Iterator<Change> range(KeyRange range, boolean frozen) {
        return new Range(range, frozen);
    }

    private Change changeOf(int entry) {
        return new Change(table, Bytes.owning(keyOf(entry)), valueOf(addresses[entry]));
    }

    private byte[] keyOf(int entry) {
        long address = addresses[entry];
        byte[] chunk = chunkOf(address);
        int at = offset(address);
        return Arrays.copyOfRange(chunk, at + KEY_AT, at + KEY_AT + keyLength(chunk, at));
    }

    private @Nullable Bytes valueOf(long address) {
        byte[] chunk = chunkOf(address);
        int at = offset(address);
        int length = getInt(address + VALUE_LENGTH_AT);
        if (length == DELETED) {
            return null;
        }
        int from = at + KEY_AT + keyLength(chunk, at);
        return Bytes.owning(Arrays.copyOfRange(chunk, from, from + length));
    }

    /** The place in the index that holds the key, or the free one where it belongs. */
    private int slotOf(byte[] key, int hash) {
        int mask = index.length - 1;
        int slot = hash & mask;
        while (index[slot] != 0) {
            int entry = index[slot] - 1;
            if (hashes[entry] == hash && isKeyOf(entry, key)) {
                return slot;
            }
            slot = slot + 1 & mask;
        }
        return slot;
    }

    private boolean isKeyOf(int entry, byte[] key) {
        long address = addresses[entry];
        byte[] chunk = chunkOf(address);
        int at = offset(address);
        int length = keyLength(chunk, at);
        return Arrays.equals(chunk, at + KEY_AT, at + KEY_AT + length, key, 0, key.length);
    }

    private void rehash() {
        index = new int[2 * index.length];
        int mask = index.length - 1;
        for (int entry = 0; entry < size; entry++) {
            int slot = hashes[entry] & mask;
            while (index[slot] != 0) {
                slot = slot + 1 & mask;
            }
            index[slot] = entry + 1;
        }
    }

    /** Byte strings that count up hash to neighbours, which open addressing suffers from. */
    private static int spread(int hash) {
        int mixed = hash * 0x9e3779b9;
        return mixed ^ mixed >>> 15;
    }

    /** Room for a new entry with this key, without a value yet. Returns its address. */
    private long append(byte[] key, int valueLength) {
        int room = (valueLength + ROOM_STEP - 1) / ROOM_STEP * ROOM_STEP;
        int needed = KEY_AT + key.length + room;
        int last = chunks.size() - 1;
        if (last < 0 || end + needed > chunks.get(last).length) {
            // Small first, because most tables of most generations stay nearly empty.
            int usual = chunks.isEmpty() ? FIRST_CHUNK_BYTES : CHUNK_BYTES;
            chunks.add(newChunk(Math.max(usual, needed)));
            last++;
            end = 0;
        }
        byte[] chunk = chunks.get(last);
        chunk[end + KEY_LENGTH_AT] = (byte) (key.length >>> 8);
        chunk[end + KEY_LENGTH_AT + 1] = (byte) key.length;
        putInt(chunk, end + ROOM_AT, room);
        System.arraycopy(key, 0, chunk, end + KEY_AT, key.length);
        long address = (long) last << 32 | end;
        end += needed;
        bytes += needed;
        return address;
    }

    private byte[] newChunk(int length) {
        byte[] spare = length == CHUNK_BYTES ? spareChunks.poll() : null;
        return spare == null ? new byte[length] : spare;
    }

    private byte[] chunkOf(long address) {
        return chunks.get((int) (address >>> 32));
    }

    private static int offset(long address) {
        return (int) address;
    }

    private static int keyLength(byte[] chunk, int at) {
        return (chunk[at + KEY_LENGTH_AT] & 0xff) << 8 | chunk[at + KEY_LENGTH_AT + 1] & 0xff;
    }

    private int getInt(long address) {
        byte[] chunk = chunkOf(address);
        int at = offset(address);
        return chunk[at] << 24 | (chunk[at + 1] & 0xff) << 16 | (chunk[at + 2] & 0xff) << 8 | chunk[at + 3] & 0xff;
    }

    private static void putInt(byte[] chunk, int at, int value) {
        chunk[at] = (byte) (value >>> 24);
        chunk[at + 1] = (byte) (value >>> 16);
        chunk[at + 2] = (byte) (value >>> 8);
        chunk[at + 3] = (byte) value;
    }

    private void shelve(byte[] key, int entry) {
        int shelf = shelfOf(key);
        int[] entries = shelves[shelf];
        int count = shelved[shelf];
        if (entries == null) {
            entries = new int[4];
        } else if (count == entries.length) {
            entries = Arrays.copyOf(entries, 2 * count);
        }
        entries[count] = entry;
        shelves[shelf] = entries;
        shelved[shelf] = count + 1;
        unsorted[shelf] = true;
    }

    /** Keys of a lower shelf sort before keys of a higher one. */
    private static int shelfOf(byte[] key) {
        int first = key.length == 0 ? 0 : key[0] & 0xff;
        int second = key.length < 2 ? 0 : key[1] & 0xff;
        return (first << 8 | second) >>> 16 - SHELF_BITS;
    }

    /** The entries of a shelf in key order. Frozen changes are read by two threads, so their shelves are sorted in a copy. */
    private int[] sorted(int shelf, boolean frozen) {
        int[] entries = shelves[shelf];
        int count = shelved[shelf];
        if (entries == null || !unsorted[shelf]) {
            return entries == null ? new int[0] : Arrays.copyOf(entries, count);
        }
        Integer[] order = new Integer[count];
        for (int i = 0; i < count; i++) {
            order[i] = entries[i];
        }
        Arrays.sort(order, this::compareKeys);
        int[] result = new int[count];
        for (int i = 0; i < count; i++) {
            result[i] = order[i];
        }
        if (!frozen) {
            System.arraycopy(result, 0, entries, 0, count);
            unsorted[shelf] = false;
        }
        return result;
    }

    private int compareKeys(int left, int right) {
        byte[] leftChunk = chunkOf(addresses[left]);
        byte[] rightChunk = chunkOf(addresses[right]);
        int leftAt = offset(addresses[left]);
        int rightAt = offset(addresses[right]);
        return Arrays.compareUnsigned(
                leftChunk,
                leftAt + KEY_AT,
                leftAt + KEY_AT + keyLength(leftChunk, leftAt),
                rightChunk,
                rightAt + KEY_AT,
                rightAt + KEY_AT + keyLength(rightChunk, rightAt));
    }

    private int compareKey(int entry, byte[] key) {
        byte[] chunk = chunkOf(addresses[entry]);
        int at = offset(addresses[entry]);
        return Arrays.compareUnsigned(chunk, at + KEY_AT, at + KEY_AT + keyLength(chunk, at), key, 0, key.length);
    }

    private final class Range implements Iterator<Change> {
        private final @Nullable Bytes endExclusive;
        private final boolean frozen;
        private int shelf;
        private int[] entries;
        private int next;

        Range(KeyRange range, boolean frozen) {
            byte[] from = range.from().unsafeArray();
            this.endExclusive = range.endExclusive();
            this.frozen = frozen;
            this.shelf = shelfOf(from);
            this.entries = sorted(shelf, frozen);
            while (next < entries.length && compareKey(entries[next], from) < 0) {
                next++;
            }
        }

        @Override
        public boolean hasNext() {
            while (next == entries.length && shelf < shelves.length - 1) {
                entries = sorted(++shelf, frozen);
                next = 0;
            }
            return next < entries.length
                    && (endExclusive == null || compareKey(entries[next], endExclusive.unsafeArray()) < 0);
        }

        @Override
        public Change next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return changeOf(entries[next++]);
        }
    }
}
