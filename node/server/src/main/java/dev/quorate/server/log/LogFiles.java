package dev.quorate.server.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * The log's directory, as far as the log needs it. {@link DiskLogFiles} is the real one; tests put one that records every write under the
 * log, and make from it the disks that a loss of power could leave.
 */
public interface LogFiles {
    /** Where the files are, for messages. */
    String location();

    /** Names of all files, in no order. */
    List<String> names() throws IOException;

    LogFile open(String name) throws IOException;

    /** A new file of that many zero bytes, written and synced, so that later writes inside it change no metadata. */
    LogFile create(String name, long bytes) throws IOException;

    void rename(String from, String to) throws IOException;

    void delete(String name) throws IOException;

    /** Makes creations, renames and deletions durable. */
    void syncDirectory() throws IOException;

    /** One open file. */
    interface LogFile extends AutoCloseable {
        /** Writes all that remains of the buffer. */
        void write(ByteBuffer source, long position) throws IOException;

        /** Returns once everything written is on the disk (fdatasync). */
        void force() throws IOException;

        /** Fills the buffer from that position as far as the file goes. */
        void read(ByteBuffer target, long position) throws IOException;

        long length() throws IOException;

        @Override
        void close() throws IOException;
    }
}
