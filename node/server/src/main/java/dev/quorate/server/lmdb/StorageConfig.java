package dev.quorate.server.lmdb;

import dev.quorate.core.model.Check;
import dev.quorate.server.log.CommitLog;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Settings of a node's storage.
 *
 * @param directory holds everything; created with mode 0700 if absent
 * @param segmentBytes of each commit log file; the largest batch is a little over half of it
 * @param queueBytes appended to the log and not durable yet, at which everything is refused
 * @param memoryTableBytes at which a memory table is frozen and flushed, or a twentieth of the heap if that is less; up to three of them
 *     are in memory
 * @param memoryTableAge after which a memory table that holds anything is frozen, however small
 * @param mapBytes of address space for LMDB, and the most it can hold; 0 chooses what the disk can hold
 * @param diskReserveBytes free disk below which values from clients are refused; {@code diskReservePercent} of the disk if that is more
 * @param reads where LMDB is read
 * @param readThreads of the pool that reads LMDB when the loop should not
 * @param closeTimeout how long an orderly end may flush
 */
public record StorageConfig(
        Path directory,
        long segmentBytes,
        long queueBytes,
        long memoryTableBytes,
        Duration memoryTableAge,
        long mapBytes,
        long diskReserveBytes,
        int diskReservePercent,
        ReadMode reads,
        int readThreads,
        Duration closeTimeout) {

    /** Which thread reads LMDB. */
    public enum ReadMode {
        /** The event loop: fastest while the data is in the page cache, but a page fault stops the loop. */
        LOOP,
        /** A pool of threads, and a fault brings in no more than its page. */
        POOL,
        /** The loop while the data file fits in the memory that is available, else the pool. What a fault brings in is decided at start. */
        AUTO
    }

    private static final long MIB = 1 << 20;

    public StorageConfig {
        new CommitLog.Limits(segmentBytes, queueBytes);
        Check.argument(memoryTableBytes >= 1024, "memory tables of %d bytes: must be at least 1 KiB", memoryTableBytes);
        Check.argument(
                memoryTableAge.compareTo(Duration.ofMillis(10)) >= 0,
                "a memory table age of %s: must be at least 10 ms",
                memoryTableAge);
        Check.argument(
                mapBytes == 0 || mapBytes >= MIB, "an LMDB map of %d bytes: must be 0 or at least 1 MiB", mapBytes);
        Check.argument(diskReserveBytes >= 0, "a disk reserve of %d bytes is negative", diskReserveBytes);
        Check.argument(
                diskReservePercent >= 0 && diskReservePercent <= 90,
                "a disk reserve of %d %%: must be 0 to 90",
                diskReservePercent);
        Check.argument(readThreads >= 1 && readThreads <= 64, "%d read threads: must be 1 to 64", readThreads);
        Check.argument(
                !closeTimeout.isNegative() && !closeTimeout.isZero(),
                "a close timeout of %s: must be positive",
                closeTimeout);
    }

    public static StorageConfig defaults(Path directory) {
        return new StorageConfig(
                directory,
                64 * MIB,
                8 * MIB,
                32 * MIB,
                Duration.ofSeconds(60),
                0,
                1024 * MIB,
                5,
                ReadMode.AUTO,
                4,
                Duration.ofSeconds(30));
    }

    /** What one batch of changes may take in the log. */
    public long largestBatchBytes() {
        return logLimits().batchBytes();
    }

    CommitLog.Limits logLimits() {
        return new CommitLog.Limits(segmentBytes, queueBytes);
    }
}
