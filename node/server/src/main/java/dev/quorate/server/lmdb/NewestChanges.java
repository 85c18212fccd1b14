package dev.quorate.server.lmdb;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.Storage.KeyRange;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch.Change;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.PrimitiveIterator;
import org.jspecify.annotations.Nullable;

/**
 * The newest change of every key of one table, laid out in byte arrays. One writer; once nobody writes any more, any thread may read.
 *
 * <p>As objects these changes were what the collector spent its time on: a busy node makes a hundred thousand a second, and they live
 * just long enough to be copied again and again. Arrays of primitives are copied rarely and never traced, and these are used again from
 * generation to generation: as garbage they would fill the old half of the heap before anybody looked at it.
 *
 * <p>Gets and puts find a key by hash, with open addressing. What they wait for is memory, not arithmetic: a place of the index holds a part of
 * the hash beside the address, so that a look-up touches the index once and then the entry it wants. Their order is
 * made by {@link Shelves}, when a flush or a scan asks for it.
 */
final class NewestChanges {
    /** What a key costs beyond the bytes of its entry: its places in the index and on a shelf. */
    static final int OVERHEAD_BYTES = 32;

    private static final int CHUNK_BITS = 20;
    private static final int CHUNK_BYTES = 1 << CHUNK_BITS;
    private static final int FIRST_CHUNK_BYTES = 1 << 12;
    private static final int SMALLEST_INDEX = 64;

    /** An index of more places than this for each entry was made for another load, and is not kept. */
    private static final int MOST_PLACES_PER_ENTRY = 16;

    /** Room for a value grows in steps, so that a value of about the same length finds room where the old one was. */
    private static final int ROOM_STEP = 32;

    private static final int DELETED = -1;

    /** The value, and those that follow it, are in another entry, whose address stands in the place of the value. */
    private static final int MOVED = -2;

    // An entry: u16 length of the key, i32 room for the value, i32 length of the value or one of the above, key, value.
    private static final int KEY_LENGTH_AT = 0;
    private static final int ROOM_AT = 2;
    private static final int VALUE_LENGTH_AT = 6;
    private static final int KEY_AT = 10;

    // A place of the index: 0 while free, else a part of the hash above one more than the address. An address is the
    // number
    // of a chunk above the position in it: only the first entry of a chunk may be longer than CHUNK_BYTES.
    private static final int ADDRESS_BITS = 40;
    private static final long ADDRESS = (1L << ADDRESS_BITS) - 1;
    private static final long NONE = -1;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

    private final Table table;
    private final Deque<byte[]> spareChunks;
    private byte[][] chunks = new byte[4][];
    private int chunkCount;
    private long[] index = new long[SMALLEST_INDEX];
    private int size;
    private int end;
    private long bytes;
    private final Shelves shelves;

    /** @param spareChunks where chunks are taken from, and returned to by {@link #clear} */
    NewestChanges(Table table, Deque<byte[]> spareChunks) {
        this.table = table;
        this.spareChunks = spareChunks;
        this.shelves = new Shelves(prefixBytes(table), this::compareKeys);
    }

    /** What many keys of a table have in common at their beginning. */
    private static int prefixBytes(Table table) {
        return switch (table) {
            case DATA, META, MERKLE -> 0;
            // The owner.
            case HINTS -> Integer.BYTES;
        };
    }

    /** Begins anew, in the arrays that are there. Nobody may read any more. */
    void clear() {
        for (int i = 0; i < chunkCount; i++) {
            if (chunks[i].length == CHUNK_BYTES) {
                spareChunks.add(chunks[i]);
            }
        }
        Arrays.fill(chunks, null);
        chunkCount = 0;
        boolean keepArrays = index.length <= MOST_PLACES_PER_ENTRY * Math.max(size, SMALLEST_INDEX);
        if (keepArrays) {
            Arrays.fill(index, 0);
        } else {
            index = new long[SMALLEST_INDEX];
        }
        shelves.clear(keepArrays);
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
        long hash = hash(key, 0, key.length);
        int place = placeOf(key, hash);
        long address;
        if (index[place] == 0) {
            address = append(key, length);
            index[place] = inIndex(hash, address);
            size++;
            bytes += OVERHEAD_BYTES;
            shelves.add(key, address);
            if (2 * size > index.length) {
                enlargeIndex();
            }
        } else {
            address = addressIn(index[place]);
            if (length > getInt(address, ROOM_AT)) {
                // The old place stays as it is until the generation goes: a shelf knows it.
                long wider = append(key, length);
                byte[] old = chunkOf(address);
                int at = offset(address);
                INT.set(old, at + VALUE_LENGTH_AT, MOVED);
                LONG.set(old, at + KEY_AT + key.length, wider);
                index[place] = inIndex(hash, wider);
                address = wider;
            }
        }
        byte[] chunk = chunkOf(address);
        int at = offset(address);
        INT.set(chunk, at + VALUE_LENGTH_AT, value == null ? DELETED : length);
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
        byte[] array = key.unsafeArray();
        long found = index[placeOf(array, hash(array, 0, array.length))];
        return found == 0 ? null : new Change(table, key, valueOf(addressIn(found)));
    }

    /** In key order. With {@code frozen} any number of threads may iterate; without, it is good until the next put. */
    Iterator<Change> range(KeyRange range, boolean frozen) {
        return new Range(range, frozen);
    }

    private Change changeOf(long address) {
        return new Change(table, Bytes.owning(keyOf(address)), valueOf(address));
    }

    private byte[] keyOf(long address) {
        byte[] chunk = chunkOf(address);
        int at = offset(address);
        return Arrays.copyOfRange(chunk, at + KEY_AT, at + KEY_AT + keyLength(chunk, at));
    }

    private @Nullable Bytes valueOf(long address) {
        byte[] chunk = chunkOf(address);
        int at = offset(address);
        int from = at + KEY_AT + keyLength(chunk, at);
        int length = (int) INT.get(chunk, at + VALUE_LENGTH_AT);
        if (length == MOVED) {
            return valueOf((long) LONG.get(chunk, from));
        }
        return length == DELETED ? null : Bytes.owning(Arrays.copyOfRange(chunk, from, from + length));
    }

    /** The place in the index that holds the key, or the free one where it belongs. */
    private int placeOf(byte[] key, long hash) {
        int mask = index.length - 1;
        int place = (int) hash & mask;
        for (long found = index[place]; found != 0; found = index[place]) {
            if ((found ^ hash) >>> ADDRESS_BITS == 0 && isKeyAt(addressIn(found), key)) {
                return place;
            }
            place = place + 1 & mask;
        }
        return place;
    }

    private static long inIndex(long hash, long address) {
        return hash & ~ADDRESS | address + 1;
    }

    private static long addressIn(long found) {
        return (found & ADDRESS) - 1;
    }

    private boolean isKeyAt(long address, byte[] key) {
        byte[] chunk = chunkOf(address);
        int at = offset(address);
        int length = keyLength(chunk, at);
        return Arrays.equals(chunk, at + KEY_AT, at + KEY_AT + length, key, 0, key.length);
    }

    private void enlargeIndex() {
        long[] old = index;
        index = new long[2 * old.length];
        int mask = index.length - 1;
        for (long found : old) {
            if (found != 0) {
                byte[] chunk = chunkOf(addressIn(found));
                int at = offset(addressIn(found));
                int place = (int) hash(chunk, at + KEY_AT, keyLength(chunk, at)) & mask;
                while (index[place] != 0) {
                    place = place + 1 & mask;
                }
                index[place] = found;
            }
        }
    }

    /** Its low bits choose the place, its high ones tell keys apart. Most keys are keyed hashes, whose words are as good as random. */
    private static long hash(byte[] array, int from, int length) {
        long hash = length;
        int at = from;
        int endOfWords = from + (length & -Long.BYTES);
        for (; at < endOfWords; at += Long.BYTES) {
            hash = (hash ^ (long) LONG.get(array, at)) * 0x9e3779b97f4a7c15L;
            hash ^= hash >>> 32;
        }
        for (; at < from + length; at++) {
            hash = (hash ^ array[at]) * 0x9e3779b97f4a7c15L;
            hash ^= hash >>> 32;
        }
        return hash;
    }

    /** Room for a new entry with this key, without a value yet. Returns its address. */
    private long append(byte[] key, int valueLength) {
        // An address must find room where the value was.
        int room = Math.max(Long.BYTES, (valueLength + ROOM_STEP - 1) / ROOM_STEP * ROOM_STEP);
        int needed = KEY_AT + key.length + room;
        if (chunkCount == 0 || end + needed > chunks[chunkCount - 1].length) {
            // Small first, because most tables of most generations stay nearly empty.
            int usual = chunkCount == 0 ? FIRST_CHUNK_BYTES : CHUNK_BYTES;
            if (chunkCount == chunks.length) {
                chunks = Arrays.copyOf(chunks, 2 * chunkCount);
            }
            chunks[chunkCount++] = newChunk(Math.max(usual, needed));
            end = 0;
        }
        byte[] chunk = chunks[chunkCount - 1];
        chunk[end + KEY_LENGTH_AT] = (byte) (key.length >>> 8);
        chunk[end + KEY_LENGTH_AT + 1] = (byte) key.length;
        INT.set(chunk, end + ROOM_AT, room);
        System.arraycopy(key, 0, chunk, end + KEY_AT, key.length);
        long address = (long) (chunkCount - 1) << CHUNK_BITS | end;
        end += needed;
        bytes += needed;
        return address;
    }

    private byte[] newChunk(int length) {
        byte[] spare = length == CHUNK_BYTES ? spareChunks.poll() : null;
        return spare == null ? new byte[length] : spare;
    }

    private byte[] chunkOf(long address) {
        return chunks[(int) (address >>> CHUNK_BITS)];
    }

    private static int offset(long address) {
        return (int) address & CHUNK_BYTES - 1;
    }

    private static int keyLength(byte[] chunk, int at) {
        return (chunk[at + KEY_LENGTH_AT] & 0xff) << 8 | chunk[at + KEY_LENGTH_AT + 1] & 0xff;
    }

    private int getInt(long address, int field) {
        return (int) INT.get(chunkOf(address), offset(address) + field);
    }

    private int compareKeys(long left, long right) {
        byte[] leftChunk = chunkOf(left);
        byte[] rightChunk = chunkOf(right);
        int leftAt = offset(left);
        int rightAt = offset(right);
        return Arrays.compareUnsigned(
                leftChunk,
                leftAt + KEY_AT,
                leftAt + KEY_AT + keyLength(leftChunk, leftAt),
                rightChunk,
                rightAt + KEY_AT,
                rightAt + KEY_AT + keyLength(rightChunk, rightAt));
    }

    private int compareKey(long address, byte[] key) {
        byte[] chunk = chunkOf(address);
        int at = offset(address);
        return Arrays.compareUnsigned(chunk, at + KEY_AT, at + KEY_AT + keyLength(chunk, at), key, 0, key.length);
    }

    private final class Range implements Iterator<Change> {
        private final @Nullable Bytes endExclusive;
        private final PrimitiveIterator.OfLong addresses;
        private long next = NONE;

        Range(KeyRange range, boolean frozen) {
            byte[] from = range.from().unsafeArray();
            this.endExclusive = range.endExclusive();
            this.addresses = shelves.from(from, frozen);
            do {
                advance();
            } while (next != NONE && compareKey(next, from) < 0);
        }

        private void advance() {
            next = addresses.hasNext() ? addresses.nextLong() : NONE;
        }

        @Override
        public boolean hasNext() {
            return next != NONE && (endExclusive == null || compareKey(next, endExclusive.unsafeArray()) < 0);
        }

        @Override
        public Change next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            Change change = changeOf(next);
            advance();
            return change;
        }
    }
}
