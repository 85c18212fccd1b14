package dev.quorate.server.lmdb;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.Storage.Entry;
import dev.quorate.core.storage.Storage.KeyRange;
import dev.quorate.core.storage.Storage.ScanBudget;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Cursor;
import org.lmdbjava.GetOp;
import org.lmdbjava.Txn;

/**
 * Reads LMDB with one transaction that is renewed for each read and reset after it, which is cheaper than a new one and pins no old pages.
 * Used by one thread at a time. All bytes are copied before the transaction is reset.
 */
final class LmdbReader {
    private final LmdbTables tables;
    private final Txn<ByteBuffer> txn;
    private final ByteBuffer key = ByteBuffer.allocateDirect(WriteBatch.MAX_KEY_LENGTH);

    LmdbReader(LmdbTables tables, Txn<ByteBuffer> txn) {
        this.tables = tables;
        this.txn = txn;
        txn.reset();
    }

    /**
     * Entries in key order. {@code coveredTo}: there is none but these from the start of the range to this key; null: to its end. The
     * checkpoint says which batches are in them; it is not looked up where nobody needs it.
     */
    record Found(List<Entry> entries, @Nullable Bytes coveredTo, long checkpoint) {}

    @Nullable
    Bytes get(Table table, Bytes wanted) {
        if (wanted.isEmpty() || wanted.length() > WriteBatch.MAX_KEY_LENGTH) {
            return null;
        }
        tables.enter();
        try {
            txn.renew();
            try {
                ByteBuffer value = tables.database(table).get(txn, keyBuffer(wanted));
                return value == null ? null : Bytes.copyOf(value);
            } finally {
                txn.reset();
            }
        } finally {
            tables.exit();
        }
    }

    Found scan(Table table, KeyRange range, ScanBudget budget) {
        tables.enter();
        try {
            txn.renew();
            try (Cursor<ByteBuffer> cursor = tables.database(table).openCursor(txn)) {
                long checkpoint = table.combining() ? tables.checkpoint(txn) : 0;
                return scan(cursor, range, budget, checkpoint);
            } finally {
                txn.reset();
            }
        } finally {
            tables.exit();
        }
    }

    private Found scan(Cursor<ByteBuffer> cursor, KeyRange range, ScanBudget budget, long checkpoint) {
        List<Entry> entries = new ArrayList<>();
        long bytes = 0;
        // LMDB has no empty keys, and refuses to look for one.
        boolean found =
                range.from().isEmpty() ? cursor.first() : cursor.get(keyBuffer(range.from()), GetOp.MDB_SET_RANGE);
        Bytes end = range.endExclusive();
        while (found) {
            Bytes at = Bytes.copyOf(cursor.key());
            if (at.compareTo(range.from()) < 0) {
                // The start of the range is longer than any key, so LMDB was asked for its beginning only.
                found = cursor.next();
                continue;
            }
            if (end != null && at.compareTo(end) >= 0) {
                break;
            }
            if (entries.size() >= budget.maxEntries() || bytes >= budget.maxBytes()) {
                return new Found(entries, entries.get(entries.size() - 1).key(), checkpoint);
            }
            Entry entry = new Entry(at, Bytes.copyOf(cursor.val()));
            entries.add(entry);
            bytes += entry.key().length() + entry.value().length();
            found = cursor.next();
        }
        return new Found(entries, null, checkpoint);
    }

    private ByteBuffer keyBuffer(Bytes bytes) {
        key.clear().put(bytes.unsafeArray(), 0, Math.min(bytes.length(), WriteBatch.MAX_KEY_LENGTH));
        return key.flip();
    }

    /** For {@link LmdbTables#close}, once nobody reads. */
    void closeTransaction() {
        txn.close();
    }
}
