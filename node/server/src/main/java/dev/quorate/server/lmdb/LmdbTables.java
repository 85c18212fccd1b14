package dev.quorate.server.lmdb;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.LeafDelta;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.core.storage.WriteBatch.Change;
import dev.quorate.server.log.CorruptStorageException;
import dev.quorate.server.log.DiskLogFiles;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.Dbi;
import org.lmdbjava.DbiFlags;
import org.lmdbjava.Env;
import org.lmdbjava.EnvFlags;
import org.lmdbjava.LmdbException;
import org.lmdbjava.Txn;

/**
 * The tables on disk: one LMDB environment with a database per {@link Table}, and one named {@code storage} for facts of the storage itself
 * (format, checkpoint, run, whether it was closed in good order).
 *
 * <p>Every commit is fully synchronous. Write transactions begin and end on one thread, the flusher's (at start, the opening one). Reads go
 * through {@link LmdbReader}s; closing waits for those that are under way, since LMDB unmaps its file under them otherwise.
 */
final class LmdbTables {
    private static final int FORMAT = 1;
    private static final int MAX_READERS = 512;
    private static final int FILE_MODE = 0b110_000_000;
    private static final int CLOSED = Integer.MIN_VALUE;
    private static final EnvFlags[] READ_AHEAD = {EnvFlags.MDB_NOTLS};
    private static final EnvFlags[] NO_READ_AHEAD = {EnvFlags.MDB_NOTLS, EnvFlags.MDB_NORDAHEAD};
    /** The file grows in steps of this many bytes, without using disk for them. */
    private static final long GROWTH_BYTES = 64L << 20;

    private static final Bytes FORMAT_KEY = Bytes.utf8("format");
    private static final Bytes CHECKPOINT_KEY = Bytes.utf8("checkpoint");
    private static final Bytes RUN_KEY = Bytes.utf8("run");
    private static final Bytes CLOSED_CLEANLY_KEY = Bytes.utf8("closed-cleanly");

    private final Path file;
    private final long mapBytes;
    private final Env<ByteBuffer> env;
    private final Map<Table, Dbi<ByteBuffer>> databases = new EnumMap<>(Table.class);
    private final Dbi<ByteBuffer> facts;
    private final int pageBytes;
    // Native calls under way, plus CLOSED once nobody may begin another.
    private final AtomicInteger uses = new AtomicInteger();
    private volatile long usedBytes;

    // Of the writing thread.
    private final ByteBuffer key = ByteBuffer.allocateDirect(WriteBatch.MAX_KEY_LENGTH);
    private ByteBuffer value = ByteBuffer.allocateDirect(1 << 16);

    private LmdbTables(Path directory, long mapBytes, boolean readAhead) {
        this.file = directory.resolve(LmdbFile.NAME);
        this.mapBytes = mapBytes;
        this.env = Env.create()
                .setMapSize(mapBytes)
                .setMaxDbs(Table.values().length + 1)
                .setMaxReaders(MAX_READERS)
                .open(directory.toFile(), FILE_MODE, readAhead ? READ_AHEAD : NO_READ_AHEAD);
        try {
            for (Table table : Table.values()) {
                databases.put(table, env.openDbi(table.name().toLowerCase(Locale.ROOT), DbiFlags.MDB_CREATE));
            }
            this.facts = env.openDbi("storage", DbiFlags.MDB_CREATE);
            this.pageBytes = env.stat().pageSize;
            measure();
        } catch (RuntimeException failure) {
            env.close();
            throw failure;
        }
    }

    /**
     * The directory exists and is locked.
     *
     * @param reads decides, with the size of the file, whether the system reads ahead
     */
    static LmdbTables open(Path directory, long mapBytes, StorageConfig.ReadMode reads) throws IOException {
        Path file = directory.resolve(LmdbFile.NAME);
        LmdbFile.check(file);
        boolean readAhead = Reads.readAhead(reads, Files.exists(file) ? Files.size(file) : 0);
        LmdbTables tables;
        try {
            tables = new LmdbTables(directory, mapBytes, readAhead);
        } catch (LmdbException failure) {
            throw new CorruptStorageException(
                    "LMDB cannot open " + directory.resolve(LmdbFile.NAME) + ": " + failure.getMessage(), failure);
        }
        DiskLogFiles.syncDirectory(directory);
        long format = tables.fact(FORMAT_KEY, FORMAT);
        if (format != FORMAT) {
            tables.env.close();
            throw new CorruptStorageException(
                    directory + " has storage format " + format + "; this version reads format " + FORMAT + " only");
        }
        return tables;
    }

    /** The LSN up to which these tables hold every batch; 0 when new. */
    long checkpoint() {
        return fact(CHECKPOINT_KEY, 0);
    }

    /** Of the last start; 0 when new. */
    long run() {
        return fact(RUN_KEY, 0);
    }

    /** Whether the checkpoint covers all that was ever appended to the log. */
    boolean closedCleanly() {
        return fact(CLOSED_CLEANLY_KEY, 0) != 0;
    }

    /** From now on the log may hold more than these tables. */
    void startRun(long run) throws IOException {
        growFile(List.of());
        try (Txn<ByteBuffer> txn = env.txnWrite()) {
            putFact(txn, FORMAT_KEY, FORMAT);
            putFact(txn, RUN_KEY, run);
            putFact(txn, CLOSED_CLEANLY_KEY, 0);
            txn.commit();
        }
        measure();
    }

    /** One transaction. {@code checkpoint} is stored with it unless null. */
    void commit(List<Change> changes, @Nullable Long checkpoint) throws IOException {
        commit(changes, checkpoint, false);
    }

    /** The last transaction: the log holds nothing that these tables do not. */
    void commitClosedCleanly(long checkpoint) throws IOException {
        commit(List.of(), checkpoint, true);
    }

    private void commit(List<Change> changes, @Nullable Long checkpoint, boolean closedCleanly) throws IOException {
        enter();
        try {
            growFile(changes);
            try (Txn<ByteBuffer> txn = env.txnWrite()) {
                for (Change change : changes) {
                    write(txn, change);
                }
                if (checkpoint != null) {
                    putFact(txn, CHECKPOINT_KEY, checkpoint);
                    putFact(txn, CLOSED_CLEANLY_KEY, closedCleanly ? 1 : 0);
                }
                txn.commit();
            }
            measure();
        } finally {
            exit();
        }
    }

    private void write(Txn<ByteBuffer> txn, Change change) {
        Dbi<ByteBuffer> database = database(change.table());
        key.clear();
        change.key().putInto(key);
        key.flip();
        Bytes bytes = change.value();
        if (bytes != null && change.table().combining()) {
            ByteBuffer present = database.get(txn, key);
            bytes = LeafDelta.combine(present == null ? null : Bytes.copyOf(present), bytes);
        }
        if (bytes == null) {
            database.delete(txn, key);
            return;
        }
        if (value.capacity() < bytes.length()) {
            value = ByteBuffer.allocateDirect(Integer.highestOneBit(bytes.length()) * 2);
        }
        value.clear();
        bytes.putInto(value);
        database.put(txn, key, value.flip());
    }

    /**
     * Extends the file, sparsely, beyond what the next transaction can use. LMDB does not write pages that a transaction allocated and freed
     * again, so the last page in use may lie beyond the end of the file; then a sound file could not be told from a truncated one.
     */
    private void growFile(List<Change> changes) throws IOException {
        long scattered = 0;
        long bytes = 0;
        for (Change change : changes) {
            // Leaves are small and few: all of them fill fewer pages than are added in any case.
            scattered += change.table().combining() ? 0 : 1;
            bytes += MemoryTable.payloadBytes(change);
        }
        long pages = 4 * scattered + 2 * (bytes / pageBytes) + 2048;
        long needed = Math.min(usedBytes + pages * pageBytes, mapBytes);
        if (Files.size(file) < needed) {
            long grown = Math.min((needed / GROWTH_BYTES + 1) * GROWTH_BYTES, mapBytes);
            try (RandomAccessFile extended = new RandomAccessFile(file.toFile(), "rw")) {
                extended.setLength(grown);
            }
        }
    }

    private void measure() {
        usedBytes = (env.info().lastPageNumber + 1) * pageBytes;
    }

    /** Bytes of the file in use, from any thread. */
    long usedBytes() {
        return usedBytes;
    }

    /** From any thread. */
    int mapUsePercent() {
        return (int) (usedBytes * 100 / mapBytes);
    }

    /** As that transaction sees it. */
    long checkpoint(Txn<ByteBuffer> txn) {
        return fact(txn, CHECKPOINT_KEY, 0);
    }

    LmdbReader newReader() {
        return new LmdbReader(this, env.txnRead());
    }

    Dbi<ByteBuffer> database(Table table) {
        Dbi<ByteBuffer> database = databases.get(table);
        if (database == null) {
            throw new IllegalStateException("table " + table + " has no database");
        }
        return database;
    }

    /** Before a native call; {@link #exit} after it. */
    void enter() {
        if (uses.incrementAndGet() < 0) {
            uses.decrementAndGet();
            throw new IllegalStateException("the storage is closed");
        }
    }

    void exit() {
        uses.decrementAndGet();
    }

    boolean isClosing() {
        return uses.get() < 0;
    }

    /**
     * Refuses new readers, waits for those under way and closes. After the timeout it leaves the environment open, which costs nothing but
     * memory in a process that ends, and returns false: closing it under a reader would crash the JVM.
     */
    boolean close(long timeoutMillis, List<LmdbReader> readers) {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(timeoutMillis);
        uses.addAndGet(CLOSED);
        while (uses.get() != CLOSED) {
            if (System.nanoTime() - deadline > 0) {
                return false;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
        readers.forEach(LmdbReader::closeTransaction);
        env.close();
        return true;
    }

    private long fact(Bytes name, long absent) {
        try (Txn<ByteBuffer> txn = env.txnRead()) {
            return fact(txn, name, absent);
        }
    }

    private long fact(Txn<ByteBuffer> txn, Bytes name, long absent) {
        ByteBuffer found = facts.get(txn, direct(name));
        return found == null ? absent : found.order(ByteOrder.BIG_ENDIAN).getLong();
    }

    private void putFact(Txn<ByteBuffer> txn, Bytes name, long fact) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(Long.BYTES).putLong(fact).flip();
        facts.put(txn, direct(name), bytes);
    }

    private static ByteBuffer direct(Bytes bytes) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(bytes.length());
        bytes.putInto(buffer);
        return buffer.flip();
    }
}
