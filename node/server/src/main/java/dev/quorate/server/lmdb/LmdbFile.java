package dev.quorate.server.lmdb;

import dev.quorate.server.log.CorruptStorageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Looks at LMDB's data file before it is mapped, because LMDB trusts it: a page beyond the end of a truncated file is a SIGBUS, which ends
 * the JVM without a word.
 *
 * <p>A page starts with a header of 16 bytes. Pages 0 and 1 are meta pages, of which the one with the higher transaction number counts:
 *
 * <pre>
 *  16 u32 magic 0xBEEFC0DE    20 u32 version 1     24 u64 address    32 u64 map size
 *  40 the free list's and the main tree's root, 48 bytes each; the very first u32 is the page size
 * 136 u64 last page in use   144 u64 transaction number
 * </pre>
 */
final class LmdbFile {
    static final String NAME = "data.mdb";

    private static final int META_BYTES = 152;
    private static final int MAGIC = 0xBEEFC0DE;
    private static final int VERSION = 1;

    private LmdbFile() {}

    private record Meta(long lastPage, long transaction, int pageBytes) {}

    /** Returns if the file is absent, new or sound; throws {@link CorruptStorageException} otherwise. */
    static void check(Path file) throws IOException {
        if (!Files.exists(file) || Files.size(file) == 0) {
            return;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            Meta first = meta(file, channel, 0);
            Meta second = meta(file, channel, first.pageBytes());
            Meta newest = first.transaction() >= second.transaction() ? first : second;
            long needed = (newest.lastPage() + 1) * newest.pageBytes();
            if (channel.size() < needed) {
                throw new CorruptStorageException(file + " is truncated: it has " + channel.size()
                        + " bytes, and its transaction " + newest.transaction() + " uses " + needed + advice());
            }
        }
    }

    private static Meta meta(Path file, FileChannel channel, long position) throws IOException {
        ByteBuffer page = ByteBuffer.allocate(META_BYTES).order(ByteOrder.nativeOrder());
        while (page.hasRemaining()) {
            if (channel.read(page, position + page.position()) < 0) {
                throw new CorruptStorageException(file + " is truncated: it has " + channel.size()
                        + " bytes, too few for its meta page at offset " + position + advice());
            }
        }
        int pageBytes = page.getInt(40);
        if (page.getInt(16) != MAGIC || page.getInt(20) != VERSION) {
            throw new CorruptStorageException(
                    "the meta page at offset " + position + " of " + file + " is damaged" + advice());
        }
        if (position == 0 && (pageBytes < 512 || pageBytes > 65536 || Integer.bitCount(pageBytes) != 1)) {
            throw new CorruptStorageException("the meta page at offset 0 of " + file + " names a page size of "
                    + pageBytes + " bytes" + advice());
        }
        return new Meta(page.getLong(136), page.getLong(144), pageBytes);
    }

    private static String advice() {
        return ". Restore this node's directory from a copy, or move it away and let the other replicas fill an empty one";
    }
}
