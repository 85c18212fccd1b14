package dev.quorate.server.lmdb;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * One process, and one storage within it, per directory. LMDB does not care: it lets one JVM open a directory twice, which breaks its locks.
 * The operating system drops the lock when the process ends, however it ends.
 */
final class DirectoryLock implements AutoCloseable {
    static final String FILE = "LOCK";

    /** File locks belong to the process, so they do not keep two storages of one process apart. */
    private static final Set<Path> LOCKED_HERE = ConcurrentHashMap.newKeySet();

    private final Path directory;
    private final FileChannel channel;

    private DirectoryLock(Path directory, FileChannel channel) {
        this.directory = directory;
        this.channel = channel;
    }

    /** The directory exists. */
    static DirectoryLock acquire(Path directory) throws IOException {
        Path real = directory.toRealPath();
        if (!LOCKED_HERE.add(real)) {
            throw new DirectoryInUseException(directory + " is in use by another storage of this process");
        }
        FileChannel channel = null;
        try {
            channel = FileChannel.open(
                    real.resolve(FILE),
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            @Nullable FileLock lock = channel.tryLock();
            if (lock == null) {
                String owner = readOwner(channel);
                throw new DirectoryInUseException(directory + " is in use by process " + owner
                        + "; one node at a time can run on a data directory");
            }
            channel.truncate(0);
            channel.write(
                    StandardCharsets.US_ASCII.encode(ProcessHandle.current().pid() + "\n"), 0);
            return new DirectoryLock(real, channel);
        } catch (IOException | RuntimeException failure) {
            LOCKED_HERE.remove(real);
            if (channel != null) {
                channel.close();
            }
            throw failure;
        }
    }

    private static String readOwner(FileChannel channel) throws IOException {
        ByteBuffer text = ByteBuffer.allocate(32);
        channel.read(text, 0);
        String pid = StandardCharsets.US_ASCII.decode(text.flip()).toString().strip();
        return pid.matches("[0-9]+") ? pid : "unknown";
    }

    @Override
    public void close() throws IOException {
        channel.close();
        LOCKED_HERE.remove(directory);
    }
}
