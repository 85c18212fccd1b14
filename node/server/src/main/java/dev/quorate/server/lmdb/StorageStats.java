package dev.quorate.server.lmdb;

/**
 * What the storage looks like at this moment, for operators.
 *
 * @param appendedLsn of the newest batch applied
 * @param syncedLsn up to which the log is on the disk
 * @param checkpointLsn up to which LMDB holds everything
 * @param memoryTableBytes in the active and the frozen tables, with overhead
 * @param frozenTables waiting to be flushed or being flushed
 * @param logQueuePercent how full the log's queue is
 * @param dataFileBytes used in LMDB's file
 * @param freeDiskBytes of the file system
 * @param readsOnLoop whether LMDB is read on the event loop at present
 * @param diskLow whether values from clients are refused for lack of disk
 * @param flushBlocked whether the last attempt to flush failed for lack of disk or map
 */
public record StorageStats(
        long appendedLsn,
        long syncedLsn,
        long checkpointLsn,
        long memoryTableBytes,
        int frozenTables,
        int logQueuePercent,
        long dataFileBytes,
        long freeDiskBytes,
        boolean readsOnLoop,
        boolean diskLow,
        boolean flushBlocked) {}
