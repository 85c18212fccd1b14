package dev.quorate.server.lmdb;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Free space of the file system that holds the data, measured off the loop and remembered for it. */
final class DiskSpace {
    private static final Logger LOG = LoggerFactory.getLogger(DiskSpace.class);

    private final FileStore store;
    private final long reserveBytes;
    private volatile long freeBytes;

    DiskSpace(Path directory, long reserveBytes, int reservePercent) throws IOException {
        this.store = Files.getFileStore(directory);
        this.reserveBytes = Math.max(reserveBytes, store.getTotalSpace() / 100 * reservePercent);
        this.freeBytes = store.getUsableSpace();
    }

    /** Asks the file system; keeps the last answer if it gives none. */
    long measure() {
        try {
            freeBytes = store.getUsableSpace();
        } catch (IOException failure) {
            LOG.warn(
                    "cannot tell how much of {} is free, going on with {} bytes: {}",
                    store,
                    freeBytes,
                    failure.toString());
        }
        return freeBytes;
    }

    long freeBytes() {
        return freeBytes;
    }

    long totalBytes() throws IOException {
        return store.getTotalSpace();
    }

    /** Whether less is free than the reserve, which exists so that LMDB can still copy pages in order to delete. */
    boolean isLow() {
        return freeBytes < reserveBytes;
    }
}
