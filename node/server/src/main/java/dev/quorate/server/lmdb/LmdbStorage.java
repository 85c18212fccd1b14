package dev.quorate.server.lmdb;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.StorageFailedException;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.core.storage.WriteBatch.Change;
import dev.quorate.server.log.CommitLog;
import dev.quorate.server.log.CorruptStorageException;
import dev.quorate.server.log.DiskLogFiles;
import dev.quorate.server.log.FatalErrors;
import dev.quorate.server.log.LogFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.lmdbjava.LmdbException;
import org.lmdbjava.Meta;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The real storage of a node. A write goes to the active memory table and to the commit log, whose sync acknowledges it; full or old memory
 * tables are frozen and flushed to LMDB behind the log's back. A read looks in the memory tables, newest first, and then in LMDB.
 *
 * <p>In its directory: {@code LOCK}, {@code log/} (see {@link CommitLog}), {@code lmdb/}. LMDB together with the log after LMDB's checkpoint is
 * complete at every moment; after an orderly {@link #close} LMDB alone is.
 *
 * <p>What is refused when:
 *
 * <ul>
 *   <li>queue of the log or, while two tables are frozen, the active table above 50 %: background writes; above 75 %: clients; full: all
 *       (OVERLOADED)
 *   <li>free disk below the reserve, or LMDB's map above 90 %: values from clients and background writes (STORAGE_FULL); deletions and merges
 *       go on, in the log's preallocated segments
 *   <li>no log segment left to write to and no room for another, or the flush is stuck on a full disk and memory is used up: all
 *       (STORAGE_FULL)
 * </ul>
 */
public final class LmdbStorage implements Storage {
    private static final Logger LOG = LoggerFactory.getLogger(LmdbStorage.class);

    private static final int MOST_FROZEN = 2;
    private static final int BACKGROUND_PERCENT = 50;
    private static final int CLIENT_PERCENT = 75;
    private static final int FULL_MAP_PERCENT = 90;
    private static final long LEAST_MAP_BYTES = 1L << 30;
    private static final long MOST_MAP_BYTES = 1L << 40;

    /** With more than this many segments to replay, the start waits until they are flushed, or crashes in a loop would fill the disk. */
    private static final int MOST_SEGMENTS_AT_START = 8;

    /**
     * A table takes no more of the heap than this part of it. Up to three are in memory, in the older half of the heap, and after a crash one
     * more that holds what four did.
     */
    private static final int HEAP_PARTS = 20;

    /** Replay flushes what it has after so many full tables: more than a node leaves that did not crash again and again. */
    private static final int REPLAYED_TABLES = 4;

    /**
     * A table is frozen when the log holds this many times its bytes for it, because the same keys are written over and over. More would make
     * flushes rarer, which write a whole table each, and what a start has to replay longer.
     */
    private static final int LOG_PER_TABLE = 4;

    private final StorageConfig config;
    private final EventLoop loop;
    private final FatalErrors fatalErrors;
    private final DirectoryLock lock;
    private final DiskSpace disk;
    private final LmdbTables tables;
    private final CommitLog log;
    private final Flusher flusher;
    private final Upkeep upkeep;
    private final Reads reads;
    private final AtomicBoolean stopped = new AtomicBoolean();
    private final AtomicBoolean failed = new AtomicBoolean();
    private final long tableBytes;

    // Of the loop.
    private final Deque<MemoryTable> frozen = new ArrayDeque<>();
    // Flushed and read by nobody, to be used again.
    private final Deque<MemoryTable> spare = new ArrayDeque<>(MOST_FROZEN);
    private MemoryTable active;
    private long activeSinceNanos;
    private long checkpointLsn;
    // Set once closed or failed: why nothing is served any more.
    private @Nullable StorageFailedException ended;

    // Written by the upkeep's thread: the disk has no room for another log segment.
    private volatile boolean noSegment;

    private LmdbStorage(
            StorageConfig config,
            EventLoop loop,
            Metrics metrics,
            FatalErrors fatalErrors,
            DirectoryLock lock,
            LogFiles logFiles)
            throws IOException {
        this.config = config;
        this.loop = loop;
        this.fatalErrors = fatalErrors;
        this.lock = lock;
        this.tableBytes =
                Math.min(config.memoryTableBytes(), Runtime.getRuntime().maxMemory() / HEAP_PARTS);
        if (tableBytes < config.memoryTableBytes()) {
            LOG.info("memory tables of {} bytes, as much as the heap has room for", tableBytes);
        }
        this.disk = new DiskSpace(config.directory(), config.diskReserveBytes(), config.diskReservePercent());
        Path lmdbDirectory = privateDirectory(config.directory().resolve("lmdb"));
        this.active = new MemoryTable(0);
        this.upkeep = new Upkeep(this::lookAfterDisk);
        // The first segment of a new log takes the disk a while: meanwhile LMDB is loaded and opened.
        boolean isNew = logFiles.names().isEmpty() && !Files.exists(lmdbDirectory.resolve(LmdbFile.NAME));
        @Nullable
        FutureTask<CommitLog.Recovery> newLog =
                isNew ? new FutureTask<>(() -> recover(logFiles, 0, false, false)) : null;
        if (newLog != null) {
            new Thread(newLog, "quorate-new-log").start();
        }
        try {
            this.tables = LmdbTables.open(lmdbDirectory, mapBytes(), config.reads());
        } catch (IOException | RuntimeException failure) {
            if (newLog != null) {
                awaitEnd(newLog);
            }
            throw failure;
        }
        try {
            this.checkpointLsn = tables.checkpoint();
            CommitLog.Recovery recovery = newLog == null
                    ? recover(logFiles, checkpointLsn, tables.run() != 0, tables.closedCleanly())
                    : result(newLog);
            long run = nextRun(Math.max(tables.run() >>> 32, recovery.highestRun() >>> 32));
            tables.startRun(run);
            this.flusher = new Flusher(tables, disk, new FlushEvents());
            this.log = recovery.start(run, loop, metrics, this::fatal);
            this.reads = new Reads(config, loop, tables, this::fatal);
            LOG.info(
                    "storage {} open: checkpoint {}, replayed to LSN {} from {} segments, {} bytes in LMDB",
                    config.directory(),
                    checkpointLsn,
                    recovery.lastLsn(),
                    recovery.neededSegments(),
                    tables.usedBytes());
            if (recovery.neededSegments() > MOST_SEGMENTS_AT_START) {
                flushReplayed();
            }
            log.checkpointed(checkpointLsn);
            this.activeSinceNanos = System.nanoTime();
            flusher.start();
            upkeep.start();
        } catch (IOException | RuntimeException failure) {
            tables.close(0, List.of());
            throw failure;
        }
        metrics.gauge("storage_memory_table_bytes", "Bytes in memory tables, with overhead.", this::memoryTableBytes);
        metrics.gauge("storage_frozen_tables", "Memory tables that wait for their flush.", frozen::size);
        metrics.gauge("storage_data_file_bytes", "Bytes of LMDB's file in use.", tables::usedBytes);
        metrics.gauge("storage_free_disk_bytes", "Free bytes of the data directory's file system.", disk::freeBytes);
        metrics.gauge("storage_checkpoint_lsn", "LSN up to which LMDB holds everything.", () -> checkpointLsn);
        metrics.gauge("storage_synced_lsn", "LSN up to which the log is on the disk.", log::syncedLsn);
        loop.execute(this::tick);
    }

    private CommitLog.Recovery recover(LogFiles files, long checkpoint, boolean ranBefore, boolean closedCleanly)
            throws IOException {
        return CommitLog.recover(
                files, config.logLimits(), checkpoint, ranBefore, closedCleanly, upkeep::soon, this::replay);
    }

    private static CommitLog.Recovery result(FutureTask<CommitLog.Recovery> task) throws IOException {
        awaitEnd(task);
        try {
            return task.get();
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof IOException cause) {
                throw cause;
            }
            throw new IllegalStateException(failed.getCause());
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException("interrupted after the end", interrupted);
        }
    }

    /** However the task ends. An interrupt is kept for later: what it began on the disk must not go on behind its back. */
    private static void awaitEnd(FutureTask<?> task) {
        boolean interrupted = false;
        while (!task.isDone()) {
            try {
                task.get();
            } catch (InterruptedException later) {
                interrupted = true;
            } catch (ExecutionException ended) {
                break;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /** Loads and binds the native library, which {@link #open} needs: slow, once in a process, and good on any thread. */
    public static void loadLibrary() {
        Meta.version();
    }

    /**
     * Opens or creates the storage and brings back what an earlier process acknowledged. Call it before the loop serves anything, not on the
     * loop. Throws {@code CorruptStorageException} when synced bytes cannot be read back and {@link DirectoryInUseException} when somebody else
     * has the directory.
     */
    public static LmdbStorage open(StorageConfig config, EventLoop loop, Metrics metrics, FatalErrors fatalErrors)
            throws IOException {
        privateDirectory(config.directory());
        DirectoryLock lock = DirectoryLock.acquire(config.directory());
        try {
            Path logDirectory = privateDirectory(config.directory().resolve("log"));
            LogFiles files = new DiskLogFiles(logDirectory);
            LmdbStorage storage = new LmdbStorage(config, loop, metrics, fatalErrors, lock, files);
            DiskLogFiles.syncDirectory(config.directory());
            return storage;
        } catch (LmdbException failure) {
            lock.close();
            if (Flusher.isFull(failure)) {
                throw new IOException(
                        "LMDB in " + config.directory() + " cannot be written: " + failure.getMessage()
                                + ": free space on its disk, or enlarge storage.map",
                        failure);
            }
            throw new CorruptStorageException(
                    "LMDB in " + config.directory() + " cannot be used: " + failure.getMessage(), failure);
        } catch (IOException | RuntimeException failure) {
            lock.close();
            throw failure;
        }
    }

    @Override
    public CompletionStage<@Nullable Bytes> get(Table table, Bytes key) {
        if (ended != null) {
            return CompletableFuture.failedFuture(ended);
        }
        if (table.combining()) {
            KeyRange only = new KeyRange(key, KeyRange.ALL.after(key).from());
            return scan(table, only, new ScanBudget(1, 1))
                    .<@Nullable Bytes>thenApply(page -> page.entries().isEmpty()
                            ? null
                            : page.entries().get(0).value());
        }
        @Nullable Change change = inMemory(table, key);
        if (change != null) {
            return CompletableFuture.completedFuture(change.value());
        }
        if (reads.onLoop()) {
            return reads.getNow(table, key);
        }
        // What is not in memory now, LMDB has: tables are dropped after their commit, and the reader begins later.
        return reads.getFromPool(table, key).thenApply(value -> {
            @Nullable Change newer = inMemory(table, key);
            return newer == null ? value : newer.value();
        });
    }

    private @Nullable Change inMemory(Table table, Bytes key) {
        @Nullable Change change = active.get(table, key);
        if (change != null || frozen.isEmpty()) {
            return change;
        }
        for (Iterator<MemoryTable> newestFirst = frozen.descendingIterator(); newestFirst.hasNext(); ) {
            change = newestFirst.next().get(table, key);
            if (change != null) {
                return change;
            }
        }
        return null;
    }

    @Override
    public CompletionStage<Page> scan(Table table, KeyRange range, ScanBudget budget) {
        if (ended != null) {
            return CompletableFuture.failedFuture(ended);
        }
        Bytes end = range.endExclusive();
        if (end != null && range.from().compareTo(end) >= 0) {
            return CompletableFuture.completedFuture(new Page(List.of(), null));
        }
        if (reads.onLoop()) {
            return reads.scanNow(table, range, budget)
                    .thenApply(found -> ScanMerge.page(memoryTables(), table, range, budget, found));
        }
        // Pinned before LMDB is read: a table flushed and dropped meanwhile may be newer than what the reader saw.
        List<MemoryTable> pinned = memoryTables();
        pinned.forEach(MemoryTable::pin);
        CompletionStage<Page> page = reads.scanFromPool(table, range, budget).thenApply(found -> {
            List<MemoryTable> newestFirst = memoryTables();
            long oldest = newestFirst.get(newestFirst.size() - 1).generation();
            for (MemoryTable each : pinned) {
                if (each.generation() < oldest) {
                    newestFirst.add(each);
                }
            }
            return ScanMerge.page(newestFirst, table, range, budget, found);
        });
        return page.whenComplete((merged, failure) -> pinned.forEach(this::unpin));
    }

    private void unpin(MemoryTable table) {
        table.unpin();
        if (table != active && !frozen.contains(table)) {
            useAgain(table);
        }
    }

    /** A flushed table: its arrays serve a later generation, unless somebody reads them still. */
    private void useAgain(MemoryTable flushed) {
        // One that a replay filled may be several times as large as any other.
        boolean usual = flushed.bytes() <= 2 * tableBytes;
        if (ended == null && usual && !flushed.isPinned() && spare.size() < MOST_FROZEN) {
            spare.add(flushed);
        }
    }

    private MemoryTable tableFor(long generation) {
        MemoryTable again = spare.poll();
        if (again == null) {
            return new MemoryTable(generation);
        }
        again.beginAgain(generation);
        return again;
    }

    /** Newest first; a new list. */
    private List<MemoryTable> memoryTables() {
        List<MemoryTable> newestFirst = new ArrayList<>(MOST_FROZEN + 2);
        newestFirst.add(active);
        frozen.descendingIterator().forEachRemaining(newestFirst::add);
        return newestFirst;
    }

    @Override
    public CompletionStage<Durable> commit(WriteBatch batch) {
        if (ended != null) {
            return CompletableFuture.failedFuture(ended);
        }
        log.checkSize(batch);
        CompletionStage<Durable> durable = log.append(batch);
        if (active.isEmpty()) {
            activeSinceNanos = System.nanoTime();
        }
        active.apply(log.appendedLsn(), batch);
        if (activeIsFull() && frozen.size() < MOST_FROZEN) {
            freeze();
        }
        return durable;
    }

    @Override
    public CompletionStage<Durable> barrier() {
        return ended != null ? CompletableFuture.failedFuture(ended) : log.barrier();
    }

    @Override
    public @Nullable Refusal refusal(WriteKind kind) {
        if (ended != null) {
            return Refusal.OVERLOADED;
        }
        if (!log.hasSpace()) {
            return noSegment ? Refusal.STORAGE_FULL : Refusal.OVERLOADED;
        }
        boolean canWait = kind == WriteKind.CLIENT_PUT || kind == WriteKind.BACKGROUND;
        if (canWait && (disk.isLow() || tables.mapUsePercent() > FULL_MAP_PERCENT)) {
            return Refusal.STORAGE_FULL;
        }
        int limit = switch (kind) {
            case BACKGROUND -> BACKGROUND_PERCENT;
            case CLIENT_PUT, CLIENT_DELETE -> CLIENT_PERCENT;
            case REPLICA_MERGE -> 100;
        };
        if (log.queuePercent() >= limit) {
            return Refusal.OVERLOADED;
        }
        if (memoryPercent() >= limit) {
            return flusher.blocked() ? Refusal.STORAGE_FULL : Refusal.OVERLOADED;
        }
        return null;
    }

    @Override
    public int load() {
        return Math.min(100, Math.max(log.queuePercent(), memoryPercent()));
    }

    /** On the loop. */
    public StorageStats stats() {
        return new StorageStats(
                log.appendedLsn(),
                log.syncedLsn(),
                checkpointLsn,
                memoryTableBytes(),
                frozen.size(),
                log.queuePercent(),
                tables.usedBytes(),
                disk.freeBytes(),
                reads.onLoop(),
                disk.isLow(),
                flusher.blocked());
    }

    /**
     * Flushes everything, so that LMDB alone is complete, and releases the directory. Not on the loop, which must still run: pending commits
     * complete, later ones fail. If the flush does not end in time, the log keeps what LMDB lacks.
     */
    public void close() throws IOException, InterruptedException {
        if (!stopped.compareAndSet(false, true)) {
            return;
        }
        long deadline = System.nanoTime() + config.closeTimeout().toNanos();
        CompletableFuture<Void> flushed = new CompletableFuture<>();
        loop.execute(() -> closeOnLoop(flushed));
        try {
            flushed.get(config.closeTimeout().toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException | TimeoutException incomplete) {
            LOG.warn(
                    "closing {} with unflushed writes, which the log keeps for the next start",
                    config.directory(),
                    incomplete);
        }
        long remainingMillis = Math.max(100, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime()));
        upkeep.close();
        flusher.halt();
        boolean logClosed = log.close(remainingMillis);
        boolean readersGone = tables.close(remainingMillis, reads.close());
        if (logClosed && readersGone) {
            lock.close();
        } else {
            // The lock stays until the process ends: what still runs may still write.
            LOG.error(
                    "{} could not be closed in time (log closed: {}, readers gone: {})",
                    config.directory(),
                    logClosed,
                    readersGone);
        }
    }

    private void closeOnLoop(CompletableFuture<Void> flushed) {
        ended = closing();
        long lastLsn = log.appendedLsn();
        log.barrier().whenComplete((durable, failure) -> {
            if (failure != null) {
                flushed.completeExceptionally(failure);
                return;
            }
            if (!active.isEmpty()) {
                active.freeze();
                flusher.flush(active);
            }
            flusher.closeCleanly(lastLsn).whenComplete((done, problem) -> {
                if (problem == null) {
                    flushed.complete(null);
                } else {
                    flushed.completeExceptionally(problem);
                }
            });
        });
    }

    /** Ends as a crash would, for tests: nothing is flushed, nothing queued is written. Not on the loop. */
    void halt() throws IOException, InterruptedException {
        stopped.set(true);
        CompletableFuture<Void> stoppedServing = new CompletableFuture<>();
        loop.execute(() -> {
            ended = closing();
            stoppedServing.complete(null);
        });
        stoppedServing.join();
        log.halt();
        upkeep.close();
        flusher.halt();
        tables.close(config.closeTimeout().toMillis(), reads.close());
        lock.close();
    }

    private void tick() {
        if (ended != null) {
            return;
        }
        if (!active.isEmpty()
                && frozen.size() < MOST_FROZEN
                && System.nanoTime() - activeSinceNanos
                        >= config.memoryTableAge().toNanos()) {
            freeze();
        }
        loop.after(config.memoryTableAge().dividedBy(4), this::tick);
    }

    private boolean activeIsFull() {
        return active.bytes() >= tableBytes || active.writtenBytes() >= LOG_PER_TABLE * tableBytes;
    }

    private void freeze() {
        MemoryTable full = active;
        full.freeze();
        frozen.addLast(full);
        active = tableFor(full.generation() + 1);
        // Only what the log has synced may reach LMDB; a failed barrier means that the process ends.
        log.barrier().thenRun(() -> flusher.flush(full));
    }

    /** Off the loop, before it serves. */
    private void replay(long lsn, WriteBatch batch) throws IOException {
        active.apply(lsn, batch);
        if (active.bytes() >= REPLAYED_TABLES * tableBytes) {
            flushReplayed();
        }
    }

    /** Off the loop, before it serves. What was replayed is on the disk, so it may go to LMDB. */
    private void flushReplayed() throws IOException {
        if (active.isEmpty()) {
            return;
        }
        Flusher.FlushPlan plan = Flusher.FlushPlan.of(active);
        do {
            List<Change> changes = plan.next();
            tables.commit(changes, plan.hasNext() ? null : active.lastLsn());
        } while (plan.hasNext());
        checkpointLsn = active.lastLsn();
        active = new MemoryTable(active.generation() + 1);
    }

    private final class FlushEvents implements Flusher.Events {
        @Override
        public void flushed(MemoryTable table) {
            log.checkpointed(table.lastLsn());
            upkeep.soon();
            loop.execute(() -> {
                frozen.remove(table);
                useAgain(table);
                checkpointLsn = table.lastLsn();
                if (ended == null && activeIsFull() && frozen.size() < MOST_FROZEN) {
                    freeze();
                }
            });
        }

        @Override
        public void failed(Throwable cause) {
            fatal("flush to LMDB", cause);
        }
    }

    /** On the upkeep's thread. */
    private void lookAfterDisk() {
        try {
            disk.measure();
            reads.reconsider();
            log.prepareSegments();
            noSegment = false;
        } catch (IOException failure) {
            if (!noSegment) {
                LOG.warn(
                        "cannot prepare a log segment, writes will be refused when the present one is full: {}",
                        failure.toString());
            }
            noSegment = true;
        } catch (RuntimeException | Error failure) {
            fatal("preparation of log segments", failure);
        }
    }

    private void fatal(String what, Throwable cause) {
        if (!failed.compareAndSet(false, true)) {
            return;
        }
        LOG.error("the storage in {} cannot go on: {} failed", config.directory(), what, cause);
        StorageFailedException failure = new StorageFailedException(what + " failed: " + cause.getMessage(), cause);
        try {
            loop.execute(() -> ended = failure);
        } finally {
            fatalErrors.stopProcess(what, cause);
        }
    }

    private static StorageFailedException closing() {
        return new StorageFailedException("the storage is closed", new IllegalStateException("closed"));
    }

    private long mapBytes() throws IOException {
        if (config.mapBytes() != 0) {
            return config.mapBytes();
        }
        // Address space costs nothing, but a map beyond the disk would only move the error from LMDB to the disk.
        return Math.min(MOST_MAP_BYTES, Math.max(LEAST_MAP_BYTES, disk.totalBytes()));
    }

    private static long nextRun(long highestStart) {
        return (highestStart + 1) << 32 | new SecureRandom().nextInt() & 0xffffffffL;
    }

    private static Path privateDirectory(Path directory) throws IOException {
        return Files.createDirectories(
                directory, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    }

    private int memoryPercent() {
        if (frozen.size() < MOST_FROZEN) {
            return 0;
        }
        return (int)
                Math.max(active.bytes() * 100 / tableBytes, active.writtenBytes() * 100 / (LOG_PER_TABLE * tableBytes));
    }

    private long memoryTableBytes() {
        long bytes = active.bytes();
        for (MemoryTable table : frozen) {
            bytes += table.bytes();
        }
        return bytes;
    }
}
