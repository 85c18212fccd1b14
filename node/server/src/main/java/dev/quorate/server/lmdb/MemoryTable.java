package dev.quorate.server.lmdb;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.Storage.KeyRange;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.core.storage.WriteBatch.Change;
import java.util.Iterator;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The newest change of every key that was written during one generation. The event loop writes it until it is frozen; from then on it never
 * changes and other threads may read it. Readers that hold a reference keep it alive after its flush.
 */
final class MemoryTable {
    /** A map entry, the change, two byte strings and their arrays: what a key costs on the heap beyond its bytes. */
    private static final int ENTRY_OVERHEAD_BYTES = 144;

    private final long generation;
    private final List<NavigableMap<Bytes, Change>> tables;
    private long bytes;
    private long writtenBytes;
    private long lastLsn;

    MemoryTable(long generation) {
        this.generation = generation;
        this.tables = Stream.of(Table.values())
                .<NavigableMap<Bytes, Change>>map(table -> new TreeMap<>())
                .toList();
    }

    void apply(long lsn, WriteBatch batch) {
        for (Change change : batch.changes()) {
            @Nullable Change before = changes(change.table()).put(change.key(), change);
            long size = payloadBytes(change);
            writtenBytes += size;
            bytes += before == null ? size + ENTRY_OVERHEAD_BYTES : size - payloadBytes(before);
        }
        lastLsn = lsn;
    }

    static long payloadBytes(Change change) {
        Bytes value = change.value();
        return (long) change.key().length() + (value == null ? 0 : value.length());
    }

    /** Null when this table knows nothing of the key; a change without a value says that it was deleted. */
    @Nullable
    Change get(Table table, Bytes key) {
        return changes(table).get(key);
    }

    Iterator<Change> range(Table table, KeyRange range) {
        Bytes end = range.endExclusive();
        NavigableMap<Bytes, Change> changes = changes(table);
        return (end == null ? changes.tailMap(range.from(), true) : changes.subMap(range.from(), true, end, false))
                .values()
                .iterator();
    }

    /** Of one table in key order. */
    NavigableMap<Bytes, Change> changes(Table table) {
        return tables.get(table.ordinal());
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
}
