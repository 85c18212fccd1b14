package dev.quorate.server.lmdb;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How much of LMDB's file the system could keep in memory. From any thread but the loop. */
final class PageCache {
    private static final Logger LOG = LoggerFactory.getLogger(PageCache.class);
    private static final Path LINUX_MEMORY = Path.of("/proc/meminfo");
    private static final String AVAILABLE = "MemAvailable:";

    private PageCache() {}

    /** Whether so much data finds room, with some to spare for what else wants memory. */
    static boolean holds(long dataBytes) {
        return dataBytes <= bytes() / 4 * 3;
    }

    /** Memory that is free or can be freed; the page cache, and with it what it holds of LMDB's file, is part of it. */
    static long bytes() {
        try {
            if (Files.isReadable(LINUX_MEMORY)) {
                long available = available(Files.readAllLines(LINUX_MEMORY));
                if (available >= 0) {
                    return available;
                }
            }
        } catch (IOException failure) {
            LOG.warn("cannot read {}, going by the machine's memory: {}", LINUX_MEMORY, failure.toString());
        }
        return ManagementFactory.getOperatingSystemMXBean() instanceof com.sun.management.OperatingSystemMXBean machine
                ? machine.getTotalMemorySize() / 2
                : Runtime.getRuntime().maxMemory();
    }

    /** Negative if the lines do not say. */
    static long available(List<String> meminfo) {
        for (String line : meminfo) {
            if (line.startsWith(AVAILABLE)) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
            }
        }
        return -1;
    }
}
