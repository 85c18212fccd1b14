package dev.quorate.server.log;

import dev.quorate.core.model.Check;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.storage.Storage.Durable;
import dev.quorate.core.storage.StorageFailedException;
import dev.quorate.core.storage.WriteBatch;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The write-ahead log with group commit: a batch is durable once the group it went into is synced.
 *
 * <p>The event loop appends; one log thread takes everything that has arrived, writes it as one frame, syncs once, and completes the batches
 * with one task on the loop. There is no artificial wait: a group forms while the sync before it runs. Layout on disk: {@link Frames};
 * reading it back: {@link LogRecovery}; files: {@link Segments}.
 *
 * <p>Every method is called on the event loop, except where it says otherwise.
 */
public final class CommitLog {
    /** What a group may hold at most, so that one sync stays short; a larger batch goes alone. */
    private static final long GROUP_BYTES = 4 << 20;

    /** Batches of one pass of the loop that wake the log thread before the pass is over. */
    private static final int WAKING_BATCHES = 32;

    /** Queue and accounting weigh a batch as its bytes plus a share of its frame. */
    private static final int BATCH_SHARE_BYTES = Frames.HEADER_BYTES + Frames.ALIGNMENT;

    /**
     * Sizes of the log.
     *
     * @param segmentBytes of each file
     * @param queueBytes appended and not yet durable; also bounds a burst that finds the log busy
     */
    public record Limits(long segmentBytes, long queueBytes) {
        public Limits {
            Check.argument(
                    segmentBytes % Frames.ALIGNMENT == 0 && segmentBytes <= 1 << 30,
                    "log segments of %d bytes: must be a multiple of %d and at most 1 GiB",
                    segmentBytes,
                    Frames.ALIGNMENT);
            Check.argument(
                    queueBytes >= 1024 && queueBytes <= segmentBytes / 4,
                    "a log queue of %d bytes: must be at least 1 KiB and at most a quarter of a segment (%d)",
                    queueBytes,
                    segmentBytes);
        }

        /** The largest batch. Together with a full queue it leaves room in a segment. */
        public long batchBytes() {
            return segmentBytes / 16 * 9;
        }
    }

    /** One appended batch, and the promise to its writer. Linked from newest to oldest while it waits, then the other way. */
    private static final class Pending extends CompletableFuture<Durable> {
        final WriteBatch batch;
        final long bytes;

        @Nullable
        Pending next;

        Pending(WriteBatch batch, long bytes) {
            this.batch = batch;
            this.bytes = bytes;
        }
    }

    /** Somebody who waits for an LSN without having appended. */
    private record Barrier(long lsn, CompletableFuture<Durable> stage) {}

    private final LogFiles files;
    private final Limits limits;
    private final EventLoop loop;
    private final FatalErrors fatalErrors;
    private final Segments segments;
    private final LogWriter writer;
    private final Thread thread;
    private final Metrics.Histogram syncNanos;
    private final Metrics.Histogram groupBatches;

    // Shared between the loop, which pushes, and the log thread, which takes all.
    private final AtomicReference<@Nullable Pending> queue = new AtomicReference<>();
    private volatile boolean parked;
    private volatile boolean stopping;
    private volatile boolean halted;
    private volatile long syncedLsn;
    private volatile long remainingBytes;

    // Of the loop.
    private final Deque<Barrier> barriers = new ArrayDeque<>();
    private long appendedLsn;
    private long completedLsn;
    private long queuedBytes;
    private int unannounced;
    private boolean wakeScheduled;
    private @Nullable StorageFailedException failure;

    private CommitLog(
            LogFiles files,
            Limits limits,
            EventLoop loop,
            Metrics metrics,
            FatalErrors fatalErrors,
            Segments segments,
            LogWriter writer,
            long lastLsn) {
        this.files = files;
        this.limits = limits;
        this.loop = loop;
        this.fatalErrors = fatalErrors;
        this.segments = segments;
        this.writer = writer;
        this.appendedLsn = lastLsn;
        this.completedLsn = lastLsn;
        this.syncedLsn = lastLsn;
        this.remainingBytes = writer.remainingBytes();
        this.syncNanos =
                metrics.histogram("log_sync_nanos", "Time of one fdatasync of the commit log, in nanoseconds.");
        this.groupBatches =
                metrics.histogram("log_group_batches", "Batches that shared one fdatasync of the commit log.");
        metrics.gauge("log_queue_bytes", "Bytes appended to the commit log and not durable yet.", () -> queuedBytes);
        metrics.gauge("log_segments", "Files of the commit log.", segments::count);
        this.thread = new Thread(this::run, "quorate-log");
        thread.setDaemon(true);
    }

    /**
     * Reads what an earlier run left, before the loop serves anything, and prepares a segment to go on in. The caller then persists a run number
     * above {@link Recovery#highestRun} and calls {@link Recovery#start}.
     *
     * @param ranBefore a run was recorded, so that there was a segment
     * @param closedCleanly the checkpoint was stored by an orderly end, so there is nothing to replay
     * @param segmentTaken called when a spare was used up, so that somebody calls {@link #prepareSegments}; must be cheap
     */
    public static Recovery recover(
            LogFiles files,
            Limits limits,
            long checkpoint,
            boolean ranBefore,
            boolean closedCleanly,
            Runnable segmentTaken,
            BatchSink sink)
            throws IOException {
        LogRecovery recovery = new LogRecovery(files, checkpoint);
        if (!closedCleanly && ranBefore && recovery.isMissing()) {
            throw new CorruptStorageException("the commit log is missing: " + files.location()
                    + " is empty, and the node was not stopped in good order after LSN " + checkpoint
                    + ". Put the log back, restore this node's directory from a copy, or move it away and let the other"
                    + " replicas fill an empty one");
        }
        LogRecovery.Recovered recovered = closedCleanly ? recovery.skip() : recovery.replay(sink);
        Segments segments = new Segments(files, limits.segmentBytes(), recovered, segmentTaken);
        // The writer's first. Spares can wait for another thread: an empty segment is space enough to start.
        segments.prepareOne();
        return new Recovery(files, limits, recovered, segments);
    }

    /** A log that was read and not started yet. */
    public static final class Recovery {
        private final LogFiles files;
        private final Limits limits;
        private final LogRecovery.Recovered recovered;
        private final Segments segments;

        private Recovery(LogFiles files, Limits limits, LogRecovery.Recovered recovered, Segments segments) {
            this.files = files;
            this.limits = limits;
            this.recovered = recovered;
            this.segments = segments;
        }

        public long lastLsn() {
            return recovered.lastLsn();
        }

        public long highestRun() {
            return recovered.highestRun();
        }

        /** How many segments hold batches that LMDB does not. */
        public int neededSegments() {
            return recovered.needed().size();
        }

        /** Starts the log thread. Not on the loop; nothing may be appended before this returns. */
        public CommitLog start(long run, EventLoop loop, Metrics metrics, FatalErrors fatalErrors) throws IOException {
            LogWriter writer = new LogWriter(segments, limits.segmentBytes(), run, lastLsn());
            CommitLog log = new CommitLog(files, limits, loop, metrics, fatalErrors, segments, writer, lastLsn());
            log.thread.start();
            return log;
        }
    }

    /** Completes on the loop when the batch is durable, or with a {@link StorageFailedException} if that cannot be known. */
    public CompletionStage<Durable> append(WriteBatch batch) {
        long bytes = Frames.encodedBytes(batch) + BATCH_SHARE_BYTES;
        Pending pending = new Pending(batch, bytes);
        if (failure != null) {
            pending.completeExceptionally(failure);
            return pending;
        }
        appendedLsn++;
        queuedBytes += bytes;
        push(pending);
        return pending;
    }

    /** Completes on the loop when everything appended so far is durable. */
    public CompletionStage<Durable> barrier() {
        if (failure != null) {
            return CompletableFuture.failedFuture(failure);
        }
        if (completedLsn >= appendedLsn) {
            return CompletableFuture.completedFuture(new Durable(completedLsn));
        }
        Barrier barrier = new Barrier(appendedLsn, new CompletableFuture<>());
        barriers.add(barrier);
        return barrier.stage();
    }

    /**
     * Whether the disk blocks for one more batch, and for all that is queued, are there already. Once applied, a batch must be written; so the
     * space is claimed before.
     */
    public boolean hasSpace() {
        // A spare alone holds a full queue and the largest batch, even if the rest of the segment in use is wasted.
        return segments.spares() > 0 || remainingBytes >= limits.queueBytes() + limits.batchBytes() + BATCH_SHARE_BYTES;
    }

    /** Whether a batch of this size can be appended at all. */
    public void checkSize(WriteBatch batch) {
        long bytes = Frames.encodedBytes(batch);
        if (bytes > limits.batchBytes()) {
            throw new IllegalArgumentException("a batch of " + bytes
                    + " bytes does not fit in the commit log, which takes " + limits.batchBytes() + " at once");
        }
    }

    /** 0 to 100, and more if batches were appended in spite of a refusal. */
    public int queuePercent() {
        return (int) (queuedBytes * 100 / limits.queueBytes());
    }

    public long appendedLsn() {
        return appendedLsn;
    }

    /** From any thread. */
    public long syncedLsn() {
        return syncedLsn;
    }

    /** From any thread but the loop: LMDB holds everything up to here, so older segments can be used again. */
    public void checkpointed(long lsn) {
        segments.release(lsn);
    }

    /** From any thread but the loop: makes spare segments. Throws when the disk has no room; call it again later. */
    public void prepareSegments() throws IOException {
        segments.prepare();
    }

    /** Not on the loop. Writes and syncs what was appended, then ends the log thread; returns false if that takes too long. */
    public boolean close(long timeoutMillis) throws IOException, InterruptedException {
        stopping = true;
        LockSupport.unpark(thread);
        thread.join(timeoutMillis);
        if (thread.isAlive()) {
            return false;
        }
        writer.close();
        segments.closeSpares();
        return true;
    }

    /** Not on the loop. Ends at once, as a crash would: what is queued is neither written nor completed. */
    public void halt() throws IOException, InterruptedException {
        halted = true;
        LockSupport.unpark(thread);
        thread.join();
        writer.close();
        segments.closeSpares();
    }

    private void push(Pending pending) {
        Pending newest;
        do {
            newest = queue.get();
            pending.next = newest;
        } while (!queue.compareAndSet(newest, pending));
        if (!parked) {
            return;
        }
        // Woken by the first batch of a pass, the thread would sync that one alone while all others wait for the next
        // sync.
        unannounced++;
        if (unannounced == WAKING_BATCHES) {
            wake();
        } else if (!wakeScheduled) {
            wakeScheduled = true;
            loop.execute(() -> {
                wakeScheduled = false;
                wake();
            });
        }
    }

    private void wake() {
        unannounced = 0;
        if (parked) {
            parked = false;
            LockSupport.unpark(thread);
        }
    }

    private void run() {
        @Nullable Pending oldest = null;
        try {
            oldest = awaitBatches();
            while (oldest != null && !halted) {
                @Nullable Pending rest = writeGroup(oldest);
                oldest = rest == null ? awaitBatches() : rest;
            }
        } catch (IOException | RuntimeException | Error cause) {
            fail(oldest, cause);
        }
    }

    /** All that was appended since the last call, oldest first; null when the log was closed and nothing is left. */
    private @Nullable Pending awaitBatches() {
        while (!halted) {
            @Nullable Pending newest = queue.getAndSet(null);
            if (newest != null) {
                return reversed(newest);
            }
            if (stopping) {
                return null;
            }
            parked = true;
            if (queue.get() == null && !stopping && !halted) {
                LockSupport.park(this);
            }
            parked = false;
        }
        return null;
    }

    private static Pending reversed(Pending newest) {
        Pending head = newest;
        @Nullable Pending rest = newest.next;
        newest.next = null;
        while (rest != null) {
            Pending older = rest;
            rest = older.next;
            older.next = head;
            head = older;
        }
        return head;
    }

    /** Returns the first batch that did not fit in the group. */
    private @Nullable Pending writeGroup(Pending first) throws IOException {
        writer.begin();
        long bytes = 0;
        int count = 0;
        @Nullable Pending next = first;
        while (next != null && (count == 0 || bytes + next.bytes <= GROUP_BYTES)) {
            writer.add(next.batch, next.bytes - BATCH_SHARE_BYTES);
            bytes += next.bytes;
            count++;
            next = next.next;
        }
        writer.write();
        long before = System.nanoTime();
        long synced = writer.force();
        long nanos = System.nanoTime() - before;
        remainingBytes = writer.remainingBytes();
        syncedLsn = synced;
        int batches = count;
        long groupBytes = bytes;
        loop.execute(() -> completeGroup(first, batches, groupBytes, synced, nanos));
        return next;
    }

    private void completeGroup(Pending first, int batches, long bytes, long synced, long nanos) {
        queuedBytes -= bytes;
        completedLsn = synced;
        syncNanos.record(nanos);
        groupBatches.record(batches);
        Durable durable = new Durable(synced);
        @Nullable Pending next = first;
        for (int i = 0; i < batches && next != null; i++) {
            @Nullable Pending after = next.next;
            next.next = null;
            next.complete(durable);
            next = after;
        }
        while (!barriers.isEmpty() && barriers.getFirst().lsn() <= synced) {
            barriers.removeFirst().stage().complete(durable);
        }
    }

    /** {@code oldest} heads the batches that were taken and not synced. */
    private void fail(@Nullable Pending oldest, Throwable cause) {
        StorageFailedException failed = new StorageFailedException(
                "the commit log in " + files.location() + " failed after LSN " + syncedLsn
                        + "; what was appended later may or may not be on the disk",
                cause);
        try {
            loop.execute(() -> {
                failure = failed;
                failAll(oldest, failed);
                @Nullable Pending newest = queue.getAndSet(null);
                failAll(newest == null ? null : reversed(newest), failed);
                barriers.forEach(barrier -> barrier.stage().completeExceptionally(failed));
                barriers.clear();
            });
        } finally {
            fatalErrors.stopProcess("write to the commit log", failed);
        }
    }

    private static void failAll(@Nullable Pending oldest, StorageFailedException failed) {
        for (@Nullable Pending next = oldest; next != null; next = next.next) {
            next.completeExceptionally(failed);
        }
    }
}
