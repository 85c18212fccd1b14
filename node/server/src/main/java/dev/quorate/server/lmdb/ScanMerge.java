package dev.quorate.server.lmdb;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.LeafDelta;
import dev.quorate.core.storage.Storage.Entry;
import dev.quorate.core.storage.Storage.KeyRange;
import dev.quorate.core.storage.Storage.Page;
import dev.quorate.core.storage.Storage.ScanBudget;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch.Change;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One page of a scan from what LMDB has and what the memory tables know better. */
final class ScanMerge {
    /** An iterator whose next element can be looked at. */
    private static final class Peeking<T> {
        private final Iterator<T> source;
        private @Nullable T head;

        Peeking(Iterator<T> source) {
            this.source = source;
            advance();
        }

        @Nullable
        T head() {
            return head;
        }

        void advance() {
            head = source.hasNext() ? source.next() : null;
        }
    }

    private final Table table;
    private final List<Peeking<Change>> newestFirst;
    private final Peeking<Entry> onDisk;

    private ScanMerge(Table table, List<Peeking<Change>> newestFirst, Peeking<Entry> onDisk) {
        this.table = table;
        this.newestFirst = newestFirst;
        this.onDisk = onDisk;
    }

    /** The range is not empty. */
    static Page page(
            List<MemoryTable> newestFirst, Table table, KeyRange range, ScanBudget budget, LmdbReader.Found found) {
        List<Peeking<Change>> inMemory = newestFirst.stream()
                // What LMDB has from a table already must not be added to it again.
                .filter(each -> !table.combining() || each.lastLsn() > found.checkpoint())
                .map(each -> new Peeking<>(each.range(table, range)))
                .toList();
        return new ScanMerge(table, inMemory, new Peeking<>(found.entries().iterator()))
                .page(budget, found.coveredTo());
    }

    private Page page(ScanBudget budget, @Nullable Bytes coveredTo) {
        List<Entry> entries = new ArrayList<>();
        int looked = 0;
        long bytes = 0;
        @Nullable Bytes last = null;
        while (true) {
            @Nullable Bytes key = smallestKey();
            if (key == null || coveredTo != null && key.compareTo(coveredTo) > 0) {
                // Beyond that key LMDB may have entries that were not read.
                return new Page(entries, coveredTo);
            }
            if (looked >= budget.maxEntries() || bytes >= budget.maxBytes()) {
                return new Page(entries, last);
            }
            @Nullable Bytes value = take(key);
            if (value != null) {
                entries.add(new Entry(key, value));
                bytes += value.length();
            }
            bytes += key.length();
            looked++;
            last = key;
        }
    }

    private @Nullable Bytes smallestKey() {
        @Nullable Entry entry = onDisk.head();
        @Nullable Bytes smallest = entry == null ? null : entry.key();
        for (Peeking<Change> each : newestFirst) {
            @Nullable Change change = each.head();
            if (change != null && (smallest == null || change.key().compareTo(smallest) < 0)) {
                smallest = change.key();
            }
        }
        return smallest;
    }

    /** The newest value of the key, null if deleted; moves every source beyond it. */
    private @Nullable Bytes take(Bytes key) {
        if (table.combining()) {
            return takeSum(key);
        }
        @Nullable Bytes value = null;
        boolean known = false;
        for (Peeking<Change> each : newestFirst) {
            @Nullable Change change = each.head();
            if (change != null && change.key().equals(key)) {
                if (!known) {
                    value = change.value();
                    known = true;
                }
                each.advance();
            }
        }
        @Nullable Entry entry = onDisk.head();
        if (entry != null && entry.key().equals(key)) {
            if (!known) {
                value = entry.value();
            }
            onDisk.advance();
        }
        return value;
    }

    private @Nullable Bytes takeSum(Bytes key) {
        @Nullable Entry entry = onDisk.head();
        @Nullable Bytes sum = null;
        if (entry != null && entry.key().equals(key)) {
            sum = entry.value();
            onDisk.advance();
        }
        for (Peeking<Change> each : newestFirst) {
            @Nullable Change change = each.head();
            if (change != null && change.key().equals(key)) {
                Bytes added = change.value();
                if (added != null) {
                    sum = LeafDelta.combine(sum, added);
                }
                each.advance();
            }
        }
        return sum;
    }
}
