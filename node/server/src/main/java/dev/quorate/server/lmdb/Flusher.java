package dev.quorate.server.lmdb;

import dev.quorate.core.storage.Storage.KeyRange;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch.Change;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.lmdbjava.Env;
import org.lmdbjava.LmdbException;
import org.lmdbjava.LmdbNativeException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes frozen memory tables to LMDB, oldest first, on its own thread: sorted, in transactions of a few megabytes, the last of which stores the
 * checkpoint. Tables arrive only after the log has synced their last batch; LMDB would otherwise hold what a crash takes from the log.
 *
 * <p>Between two transactions it pauses as long as the last one took, so that the log, whose syncs somebody waits for, gets half of the disk at
 * least; it does not pause while another table waits.
 *
 * <p>A full disk or map is not an error: nothing of the transaction was applied, the log still has everything, and the flusher tries again
 * until there is room. Any other error ends the process.
 */
final class Flusher {
    private static final Logger LOG = LoggerFactory.getLogger(Flusher.class);

    /** One transaction: bytes keep it short, entries bound the pages it can touch. */
    private static final long TRANSACTION_BYTES = 4 << 20;

    private static final int TRANSACTION_ENTRIES = 8192;

    private static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long RETRY_MILLIS = 500;

    /** Below this much free disk LMDB's EIO is a short write, that is, a full disk. */
    private static final long FULL_DISK_BYTES = 64L << 20;

    private static final int ENOSPC = 28;
    private static final int EIO = 5;

    /** What is to be done: flush a table, or store that nothing is left to do. */
    private sealed interface Work {
        record Flush(MemoryTable table) implements Work {}

        record CloseCleanly(long lastLsn) implements Work {}
    }

    /** What the flusher tells, on its own thread. */
    interface Events {
        /** LMDB holds all of the table. */
        void flushed(MemoryTable table);

        void failed(Throwable cause);
    }

    private final LmdbTables tables;
    private final DiskSpace disk;
    private final Events events;
    private final BlockingQueue<Work> queue = new LinkedBlockingQueue<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final Thread thread;
    private volatile boolean blocked;
    private volatile boolean halted;

    Flusher(LmdbTables tables, DiskSpace disk, Events events) {
        this.tables = tables;
        this.disk = disk;
        this.events = events;
        this.thread = new Thread(this::run, "quorate-flush");
        thread.setDaemon(true);
    }

    void start() {
        thread.start();
    }

    /** At most three tables are ever in the queue, since no more can be frozen. */
    void flush(MemoryTable table) {
        queue.add(new Work.Flush(table));
    }

    /** After every table: stores that the checkpoint covers all that was ever appended. The stage completes on the flusher's thread. */
    CompletionStage<Void> closeCleanly(long lastLsn) {
        queue.add(new Work.CloseCleanly(lastLsn));
        return closed;
    }

    /** Whether the last transaction failed for lack of disk or map. */
    boolean blocked() {
        return blocked;
    }

    /** Ends after the transaction under way. */
    void halt() throws InterruptedException {
        halted = true;
        thread.interrupt();
        thread.join();
    }

    private void run() {
        try {
            while (!halted) {
                Work work = queue.take();
                if (work instanceof Work.Flush flush) {
                    flushNow(flush.table());
                } else if (work instanceof Work.CloseCleanly last) {
                    untilThereIsRoom(() -> tables.commitClosedCleanly(last.lastLsn()));
                    closed.complete(null);
                    return;
                }
            }
        } catch (InterruptedException stopped) {
            closed.completeExceptionally(stopped);
        } catch (IOException | RuntimeException | Error cause) {
            closed.completeExceptionally(cause);
            events.failed(cause);
        }
    }

    private void flushNow(MemoryTable table) throws IOException, InterruptedException {
        FlushPlan plan = FlushPlan.of(table);
        while (!halted) {
            List<Change> changes = plan.next();
            boolean last = !plan.hasNext();
            long before = System.nanoTime();
            untilThereIsRoom(() -> tables.commit(changes, last ? table.lastLsn() : null));
            if (last) {
                events.flushed(table);
                return;
            }
            if (queue.isEmpty()) {
                TimeUnit.NANOSECONDS.sleep(Math.min(System.nanoTime() - before, LONGEST_PAUSE_NANOS));
            }
        }
    }

    private interface Transaction {
        void run() throws IOException;
    }

    private void untilThereIsRoom(Transaction transaction) throws IOException, InterruptedException {
        while (true) {
            if (halted) {
                // What did not run must not be taken for done.
                throw new InterruptedException("halted");
            }
            try {
                transaction.run();
                blocked = false;
                return;
            } catch (LmdbException failure) {
                if (!isLackOfRoom(failure)) {
                    throw failure;
                }
                if (!blocked) {
                    LOG.warn(
                            "cannot flush to LMDB, the disk or its map is full; trying again every {} ms: {}",
                            RETRY_MILLIS,
                            failure.getMessage());
                }
                blocked = true;
                TimeUnit.MILLISECONDS.sleep(RETRY_MILLIS);
            }
        }
    }

    private boolean isLackOfRoom(LmdbException failure) {
        return isFull(failure)
                || failure instanceof LmdbNativeException error
                        && error.getResultCode() == EIO
                        && disk.measure() < FULL_DISK_BYTES;
    }

    /** Whether LMDB says so itself. */
    static boolean isFull(LmdbException failure) {
        return failure instanceof Env.MapFullException
                || failure instanceof LmdbNativeException error && error.getResultCode() == ENOSPC;
    }

    /**
     * Cuts a table into transactions, in the order of tables and keys. An empty table is one empty transaction. What combining tables add is in
     * the last one, with the checkpoint: a crash before it adds nothing and replays everything, one after it neither repeats nor omits an
     * addition.
     */
    static final class FlushPlan {
        private final MemoryTable table;
        private final Iterator<Iterator<Change>> tables;
        private final long transactionBytes;
        private final int transactionEntries;
        private Iterator<Change> changes = Collections.emptyIterator();

        FlushPlan(MemoryTable table, long transactionBytes, int transactionEntries) {
            this.table = table;
            this.tables = Stream.of(Table.values())
                    .filter(each -> !each.combining())
                    .map(each -> table.range(each, KeyRange.ALL))
                    .iterator();
            this.transactionBytes = transactionBytes;
            this.transactionEntries = transactionEntries;
        }

        static FlushPlan of(MemoryTable table) {
            return new FlushPlan(table, TRANSACTION_BYTES, TRANSACTION_ENTRIES);
        }

        boolean hasNext() {
            while (!changes.hasNext() && tables.hasNext()) {
                changes = tables.next();
            }
            return changes.hasNext();
        }

        List<Change> next() {
            List<Change> transaction = new ArrayList<>();
            long bytes = 0;
            while (bytes < transactionBytes && transaction.size() < transactionEntries && hasNext()) {
                Change change = changes.next();
                transaction.add(change);
                bytes += MemoryTable.payloadBytes(change);
            }
            if (!hasNext()) {
                Stream.of(Table.values())
                        .filter(Table::combining)
                        .forEach(each -> table.range(each, KeyRange.ALL).forEachRemaining(transaction::add));
            }
            return transaction;
        }
    }
}
