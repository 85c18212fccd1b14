package dev.quorate.server.lmdb;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.Storage.KeyRange;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.core.storage.WriteBatch.Change;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The newest change of every key that was written during one generation. The event loop writes it until it is frozen; from then on it never
 * changes and other threads may read it. Readers that hold a reference keep it alive after its flush.
 *
 * <p>Gets and puts, which the loop does for every operation, use a hash table; that costs a fifth of a sorted map. Order is made when a flush or
 * a scan asks for it, one shelf of keys with a common prefix at a time, so that a page of a scan sorts little.
 */
final class MemoryTable {
    /** A hash entry, the change, two byte strings and their arrays: what a key costs on the heap beyond its bytes. */
    private static final int ENTRY_OVERHEAD_BYTES = 144;

    private final long generation;
    private final List<Changes> tables;
    private long bytes;
    private long writtenBytes;
    private long lastLsn;
    private boolean frozen;

    MemoryTable(long generation) {
        this.generation = generation;
        this.tables = Stream.of(Table.values()).map(table -> new Changes()).toList();
    }

    void apply(long lsn, WriteBatch batch) {
        for (Change change : batch.changes()) {
            @Nullable Change before = tables.get(change.table().ordinal()).put(change);
            long size = payloadBytes(change);
            writtenBytes += size;
            bytes += before == null ? size + ENTRY_OVERHEAD_BYTES : size - payloadBytes(before);
        }
        lastLsn = lsn;
    }

    /** After the last {@link #apply}, on the thread that called it. */
    void freeze() {
        frozen = true;
    }

    static long payloadBytes(Change change) {
        Bytes value = change.value();
        return (long) change.key().length() + (value == null ? 0 : value.length());
    }

    /** Null when this table knows nothing of the key; a change without a value says that it was deleted. */
    @Nullable
    Change get(Table table, Bytes key) {
        return tables.get(table.ordinal()).newest.get(key);
    }

    /** In key order. While the table is not frozen, the iterator is good until the next change. */
    Iterator<Change> range(Table table, KeyRange range) {
        return new Range(tables.get(table.ordinal()), range, frozen);
    }

    boolean isEmpty() {
        return lastLsn == 0;
    }

    /** Grows by one with every table. */
    long generation() {
        return generation;
    }

    /** On the heap, with overhead. */
    long bytes() {
        return bytes;
    }

    /** All that was ever applied, also what was overwritten since: roughly what the log holds for this table. */
    long writtenBytes() {
        return writtenBytes;
    }

    /** 0 while empty. */
    long lastLsn() {
        return lastLsn;
    }

    /** Of one table. */
    private static final class Changes {
        private static final int SHELF_BITS = 10;

        private final Map<Bytes, Change> newest = new HashMap<>();
        private final List<List<Bytes>> shelves = Stream.<List<Bytes>>generate(() -> new ArrayList<>(0))
                .limit(1 << SHELF_BITS)
                .toList();
        private final boolean[] unsorted = new boolean[1 << SHELF_BITS];

        @Nullable
        Change put(Change change) {
            @Nullable Change before = newest.put(change.key(), change);
            if (before == null) {
                int shelf = shelf(change.key());
                shelves.get(shelf).add(change.key());
                unsorted[shelf] = true;
            }
            return before;
        }

        /** Keys of a lower shelf sort before keys of a higher one. */
        static int shelf(Bytes key) {
            int first = key.isEmpty() ? 0 : key.at(0) & 0xff;
            int second = key.length() < 2 ? 0 : key.at(1) & 0xff;
            return (first << 8 | second) >>> 16 - SHELF_BITS;
        }

        /** A frozen table is read by two threads, so its shelves are sorted in a copy. */
        List<Bytes> sorted(int shelf, boolean frozen) {
            List<Bytes> keys = shelves.get(shelf);
            if (!unsorted[shelf]) {
                return keys;
            }
            if (frozen) {
                return keys.stream().sorted().toList();
            }
            Collections.sort(keys);
            unsorted[shelf] = false;
            return keys;
        }
    }

    private static final class Range implements Iterator<Change> {
        private final Changes changes;
        private final @Nullable Bytes endExclusive;
        private final boolean frozen;
        private int shelf;
        private List<Bytes> keys;
        private int index;

        Range(Changes changes, KeyRange range, boolean frozen) {
            this.changes = changes;
            this.endExclusive = range.endExclusive();
            this.frozen = frozen;
            this.shelf = Changes.shelf(range.from());
            this.keys = changes.sorted(shelf, frozen);
            int found = Collections.binarySearch(keys, range.from());
            this.index = found < 0 ? -found - 1 : found;
        }

        @Override
        public boolean hasNext() {
            while (index == keys.size() && shelf < changes.shelves.size() - 1) {
                keys = changes.sorted(++shelf, frozen);
                index = 0;
            }
            return index < keys.size()
                    && (endExclusive == null || keys.get(index).compareTo(endExclusive) < 0);
        }

        @Override
        public Change next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            Change change = changes.newest.get(keys.get(index++));
            if (change == null) {
                throw new IllegalStateException("a key without a change: the table was written during an iteration");
            }
            return change;
        }
    }
}
