package dev.quorate.server.lmdb;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** For laws with many syncs whose crashes are those of the process or of a recorded disk: files in memory serve as well. */
final class FastDirectory {
    private static final Path MEMORY = Path.of("/dev/shm");

    private FastDirectory() {}

    static Path create(String prefix) throws IOException {
        return Files.isWritable(MEMORY) ? Files.createTempDirectory(MEMORY, prefix) : Files.createTempDirectory(prefix);
    }
}
