package dev.quorate.server.log;

import dev.quorate.core.storage.WriteBatch;
import dev.quorate.server.log.Segments.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * Writes groups. Confined to the log thread: {@link #begin}, {@link #add} for every batch, {@link #write}, {@link #force}. Only one group is
 * under way at a time, which recovery relies on.
 */
final class LogWriter {
    private static final int BUFFER_BYTES = 1 << 20;

    private final Segments segments;
    private final long segmentBytes;
    private final long run;
    private final CRC32C crc = new CRC32C();
    private ByteBuffer frame = ByteBuffer.allocateDirect(BUFFER_BYTES);
    private Segment segment;
    private long position;
    private long nextLsn;
    private long syncedLsn;
    private int batches;

    LogWriter(Segments segments, long segmentBytes, long run, long lastLsn) throws IOException {
        this.segments = segments;
        this.segmentBytes = segmentBytes;
        this.run = run;
        this.nextLsn = lastLsn + 1;
        this.syncedLsn = lastLsn;
        this.segment = segments.take();
    }

    void begin() {
        if (frame.capacity() > 8 * BUFFER_BYTES) {
            frame = ByteBuffer.allocateDirect(BUFFER_BYTES);
        }
        frame.clear().position(Frames.HEADER_BYTES);
        batches = 0;
    }

    /** {@code encodedBytes} as {@link Frames#encodedBytes} counts them. */
    void add(WriteBatch batch, long encodedBytes) {
        long needed = frame.position() + encodedBytes + Frames.ALIGNMENT;
        if (needed > frame.capacity()) {
            ByteBuffer larger = ByteBuffer.allocateDirect(Math.toIntExact(Math.max(needed, 2L * frame.capacity())));
            larger.put(frame.flip());
            frame = larger;
        }
        Frames.putBatch(frame, batch);
        batches++;
    }

    /** Where a group lies. */
    record Place(long segment, long offset, int bytes) {}

    /** Writes the group, in the next segment if it does not fit in this one. */
    Place write() throws IOException {
        int bytes = Frames.aligned(frame.position());
        if (position + bytes > segmentBytes) {
            segments.seal(segment, nextLsn - 1);
            segment = segments.take();
            position = 0;
        }
        Frames.seal(frame, segment.number(), position, run, nextLsn, batches, syncedLsn, crc);
        segment.file().write(frame, position);
        Place place = new Place(segment.number(), position, bytes);
        position += bytes;
        nextLsn += batches;
        return place;
    }

    /** Returns the LSN up to which the log is synced now. */
    long force() throws IOException {
        segment.file().force();
        syncedLsn = nextLsn - 1;
        return syncedLsn;
    }

    long remainingBytes() {
        return segmentBytes - position;
    }

    void close() throws IOException {
        segment.file().close();
    }
}
