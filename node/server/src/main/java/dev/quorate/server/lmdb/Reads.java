package dev.quorate.server.lmdb;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.storage.Storage.KeyRange;
import dev.quorate.core.storage.Storage.ScanBudget;
import dev.quorate.core.storage.StorageFailedException;
import dev.quorate.core.storage.Table;
import dev.quorate.server.log.FatalErrors;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where LMDB is read. On the loop, while its file fits in memory: handing a read of about a microsecond to another thread costs more than the
 * read. In a pool, once page faults would stop the loop.
 */
final class Reads {
    private static final Logger LOG = LoggerFactory.getLogger(Reads.class);

    /** Reads that wait for the pool; the loop reads itself what does not fit, which slows down whoever asks. */
    private static final int QUEUED_READS = 4096;

    private final StorageConfig.ReadMode mode;
    private final EventLoop loop;
    private final LmdbTables tables;
    private final FatalErrors fatalErrors;
    private final LmdbReader loopReader;
    private final Queue<LmdbReader> idleReaders = new ConcurrentLinkedQueue<>();
    private final ThreadPoolExecutor pool;
    private volatile boolean onLoop;

    Reads(StorageConfig config, EventLoop loop, LmdbTables tables, FatalErrors fatalErrors) {
        this.mode = config.reads();
        this.loop = loop;
        this.tables = tables;
        this.fatalErrors = fatalErrors;
        this.loopReader = tables.newReader();
        AtomicInteger number = new AtomicInteger();
        this.pool = new ThreadPoolExecutor(
                config.readThreads(),
                config.readThreads(),
                10,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(QUEUED_READS),
                task -> {
                    Thread thread = new Thread(task, "quorate-read-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        pool.allowCoreThreadTimeOut(true);
        this.onLoop = mode != StorageConfig.ReadMode.POOL;
        reconsider();
    }

    /**
     * Whether a fault should bring in what lies around the page as well. Where all finds room, that soon has the file in memory after a
     * start; where it does not, each read of a record would move megabytes, to drop them unread. LMDB takes it when it opens, for good.
     */
    static boolean readAhead(StorageConfig.ReadMode mode, long fileBytes) {
        return switch (mode) {
            case LOOP -> true;
            case POOL -> false;
            case AUTO -> PageCache.holds(fileBytes);
        };
    }

    /** From any thread. */
    boolean onLoop() {
        return onLoop;
    }

    /** Not on the loop, now and then: compares the data with the memory that could cache it. */
    void reconsider() {
        if (mode != StorageConfig.ReadMode.AUTO) {
            return;
        }
        boolean fits = PageCache.holds(tables.usedBytes());
        if (fits != onLoop) {
            LOG.info(
                    "reading LMDB {} from now on: {} bytes of data, {} bytes of memory for them",
                    fits ? "on the event loop" : "in a pool",
                    tables.usedBytes(),
                    PageCache.bytes());
            onLoop = fits;
        }
    }

    /** On the loop. */
    CompletionStage<@Nullable Bytes> getNow(Table table, Bytes key) {
        return now(reader -> reader.get(table, key));
    }

    /** Completes on the loop. */
    CompletionStage<@Nullable Bytes> getFromPool(Table table, Bytes key) {
        return fromPool(reader -> reader.get(table, key));
    }

    CompletionStage<LmdbReader.Found> scanNow(Table table, KeyRange range, ScanBudget budget) {
        return now(reader -> reader.scan(table, range, budget));
    }

    CompletionStage<LmdbReader.Found> scanFromPool(Table table, KeyRange range, ScanBudget budget) {
        return fromPool(reader -> reader.scan(table, range, budget));
    }

    private <T extends @Nullable Object> CompletionStage<T> now(Function<LmdbReader, T> read) {
        try {
            return CompletableFuture.completedFuture(read.apply(loopReader));
        } catch (RuntimeException failure) {
            return CompletableFuture.failedFuture(failed(failure));
        }
    }

    private <T extends @Nullable Object> CompletionStage<T> fromPool(Function<LmdbReader, T> read) {
        CompletableFuture<T> stage = new CompletableFuture<>();
        try {
            pool.execute(() -> {
                try {
                    LmdbReader idle = idleReaders.poll();
                    LmdbReader reader = idle == null ? tables.newReader() : idle;
                    T value = read.apply(reader);
                    idleReaders.add(reader);
                    loop.execute(() -> stage.complete(value));
                } catch (RuntimeException | Error failure) {
                    StorageFailedException failed = failed(failure);
                    loop.execute(() -> stage.completeExceptionally(failed));
                }
            });
        } catch (RejectedExecutionException full) {
            return now(read);
        }
        return stage;
    }

    private StorageFailedException failed(Throwable cause) {
        StorageFailedException failed = new StorageFailedException("LMDB cannot be read: " + cause.getMessage(), cause);
        if (!tables.isClosing()) {
            fatalErrors.stopProcess("read of LMDB", failed);
        }
        return failed;
    }

    /** Ends the pool and returns all readers, whose transactions are to be closed. */
    List<LmdbReader> close() throws InterruptedException {
        pool.shutdown();
        if (!pool.awaitTermination(10, TimeUnit.SECONDS)) {
            LOG.warn("reads of LMDB are still under way");
        }
        List<LmdbReader> readers = new ArrayList<>(idleReaders);
        readers.add(loopReader);
        return readers;
    }
}
