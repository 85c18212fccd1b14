package dev.quorate.cli.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;

/** What the system keeps of files in memory. Linux, by GNU's dd and util-linux's fincore; where there are none, nobody knows. */
final class PageCache {
    private static final int CHUNK_BYTES = 1 << 20;

    private PageCache() {}

    /**
     * Asks the system to forget a file (posix_fadvise). It keeps pages that a process has mapped, and those that are not on the disk yet.
     *
     * @return whether it could be asked
     */
    static boolean drop(Path file) throws InterruptedException {
        return Programs.output(folder(file), "dd", "if=" + file, "iflag=nocache", "count=0", "status=none")
                .isPresent();
    }

    /** Bytes of a file in memory; empty where the system does not tell. */
    static Optional<Long> residentBytes(Path file) throws InterruptedException {
        return Programs.output(folder(file), "fincore", "--noheadings", "--bytes", "--output", "RES", file.toString())
                .map(Long::parseLong);
    }

    /** Reads a file from its beginning to its end, which leaves it in memory if it fits. */
    static void fill(Path file) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            while (channel.read(chunk) >= 0) {
                chunk.clear();
            }
        }
    }

    /** How much the system reads from the file's disk when one page is asked for; empty where it does not tell. */
    static Optional<Long> readAheadKib(Path file) throws IOException {
        if (!Files.getFileStore(file).supportsFileAttributeView("unix")) {
            return Optional.empty();
        }
        String device = device((Long) Files.getAttribute(file, "unix:dev"));
        Path disk = Path.of("/sys/dev/block", device, "queue", "read_ahead_kb");
        Path diskOfPartition = Path.of("/sys/dev/block", device, "..", "queue", "read_ahead_kb");
        for (Path setting : List.of(disk, diskOfPartition)) {
            if (Files.isReadable(setting)) {
                return Optional.of(Long.parseLong(Files.readString(setting).strip()));
            }
        }
        return Optional.empty();
    }

    /** Major and minor number, as glibc packs them. */
    static String device(long number) {
        long major = number >>> 8 & 0xfff | number >>> 32 & 0xfffff000L;
        long minor = number & 0xff | number >>> 12 & 0xffffff00L;
        return major + ":" + minor;
    }

    private static Path folder(Path file) {
        Path parent = file.toAbsolutePath().getParent();
        return parent == null ? file.toAbsolutePath() : parent;
    }
}
