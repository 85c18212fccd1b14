package dev.quorate.server.lmdb;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.LeafDelta;
import dev.quorate.core.storage.LeafSums;
import dev.quorate.core.storage.Storage.KeyRange;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.core.storage.WriteBatch.Change;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The newest change of every key that was written during one generation. The event loop writes it until it is frozen; from then on it does not
 * change and other threads may read it, until it is flushed and its last reader is gone: then it is used again for a later generation.
 */
final class MemoryTable {
    private final Deque<byte[]> spareChunks = new ArrayDeque<>();
    private final List<NewestChanges> tables;
    // Of combining tables only the sum is kept: at most one entry per leaf, whatever is written.
    private final LeafSums leaves = new LeafSums();
    private long writtenBytes;
    private long generation;
    private long lastLsn;
    private boolean frozen;
    // Of the loop.
    private int readers;

    MemoryTable(long generation) {
        this.generation = generation;
        this.tables = Stream.of(Table.values())
                .map(table -> new NewestChanges(table, spareChunks))
                .toList();
    }

    /** Forgets everything and begins another generation. It is flushed, and nobody reads it. */
    void beginAgain(long newGeneration) {
        tables.forEach(NewestChanges::clear);
        leaves.clear();
        generation = newGeneration;
        writtenBytes = 0;
        lastLsn = 0;
        frozen = false;
    }

    /** Keeps it as it is until {@link #unpin}, flushed or not. */
    void pin() {
        readers++;
    }

    void unpin() {
        readers--;
    }

    boolean isPinned() {
        return readers > 0;
    }

    void apply(long lsn, WriteBatch batch) {
        for (Change change : batch.changes()) {
            Bytes value = change.value();
            if (change.table().combining() && value != null) {
                LeafDelta delta = LeafDelta.of(change.key(), value);
                leaves.add(delta.leaf(), delta.xor(), delta.count());
            } else {
                tables.get(change.table().ordinal()).put(change);
            }
            writtenBytes += payloadBytes(change);
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

    /** Null when this table knows nothing of the key; a change without a value says that it was deleted. Not of a combining table. */
    @Nullable
    Change get(Table table, Bytes key) {
        return tables.get(table.ordinal()).get(key);
    }

    /**
     * In key order; of a combining table, what this generation added. While the table is not frozen, the iterator is good until the next
     * change.
     */
    Iterator<Change> range(Table table, KeyRange range) {
        if (table.combining()) {
            List<Change> deltas = new ArrayList<>();
            leaves.visit(0, LeafSums.LEAVES, (leaf, xor, count) -> {
                LeafDelta delta = new LeafDelta(leaf, xor, count);
                Bytes key = delta.key();
                if (range.contains(key)) {
                    deltas.add(new Change(table, key, delta.value()));
                }
            });
            return deltas.iterator();
        }
        return tables.get(table.ordinal()).range(range, frozen);
    }

    boolean isEmpty() {
        return lastLsn == 0;
    }

    /** Grows by one with every table. */
    long generation() {
        return generation;
    }

    /** On the heap, with overhead, without the leaves: these are bounded. */
    long bytes() {
        long sum = 0;
        for (NewestChanges changes : tables) {
            sum += changes.bytes();
        }
        return sum;
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
