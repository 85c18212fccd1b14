package dev.quorate.server.log;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a segment.
 *
 * <p>A segment file is named {@code log-<number in 16 hex digits>}, the numbers growing in the order of use. It holds frames one after the
 * other from its first byte, each starting at a multiple of 8. A frame is one group of batches: one write, one sync. What follows the last
 * frame of a recycled segment is what the segment held before, and no frame of it is valid any more, because the checksums cover the
 * segment's number. All integers are big-endian.
 *
 * <pre>
 *  0  u32 magic "QLOG"
 *  4  u32 CRC32C of: segment number (u64), offset of the frame in the segment (u64), bytes 8 to 47
 *  8  u32 length of the batches in bytes
 * 12  u32 CRC32C of the batches
 * 16  u64 run: number of the start (high half), random bits (low half)
 * 24  u64 LSN of the first batch; the others follow without a gap
 * 32  u64 syncedLsn: the log was synced up to here when this frame was written
 * 40  u32 number of batches
 * 44  u32 zero
 * 48  batches, each: u32 number of changes, and per change:
 *         u8 table id, u16 key length, i32 value length (-1: delete), key, value
 *     zeros up to a multiple of 8
 * </pre>
 *
 * The header has a checksum of its own so that a scan for frames in arbitrary bytes, which clients may have chosen, reads the batches only
 * where a frame was written. All frames of a segment belong to one run, whose random bits clients do not know.
 */
final class Frames {
    static final int HEADER_BYTES = 48;
    static final int ALIGNMENT = 8;

    private static final int MAGIC = 0x514c4f47;
    private static final int CHECKED_FROM = 8;
    private static final int BATCH_OVERHEAD = 4;
    private static final int CHANGE_OVERHEAD = 7;
    private static final int DELETED = -1;

    private Frames() {}

    /** A valid frame, and where it is. */
    record Frame(long segment, int offset, int payloadBytes, long run, long firstLsn, long lastLsn, long syncedLsn) {
        int endOffset() {
            return aligned(offset + HEADER_BYTES + payloadBytes);
        }
    }

    /** A sound header; whether the batches that follow it are what it says is open. */
    record Header(Frame frame, int payloadCrc) {}

    static int aligned(int bytes) {
        return (bytes + ALIGNMENT - 1) & -ALIGNMENT;
    }

    static long encodedBytes(WriteBatch batch) {
        long bytes = BATCH_OVERHEAD;
        for (WriteBatch.Change change : batch.changes()) {
            Bytes value = change.value();
            bytes += CHANGE_OVERHEAD + change.key().length() + (value == null ? 0 : value.length());
        }
        return bytes;
    }

    static void putBatch(ByteBuffer target, WriteBatch batch) {
        target.putInt(batch.changes().size());
        for (WriteBatch.Change change : batch.changes()) {
            Bytes value = change.value();
            target.put((byte) change.table().id());
            target.putShort((short) change.key().length());
            target.putInt(value == null ? DELETED : value.length());
            change.key().putInto(target);
            if (value != null) {
                value.putInto(target);
            }
        }
    }

    /** Fills in the header of a frame whose batches lie in the buffer from {@link #HEADER_BYTES} to its position, and flips it. */
    static void seal(
            ByteBuffer frame,
            long segment,
            long offset,
            long run,
            long firstLsn,
            int batches,
            long syncedLsn,
            CRC32C crc) {
        int payloadBytes = frame.position() - HEADER_BYTES;
        while (frame.position() % ALIGNMENT != 0) {
            frame.put((byte) 0);
        }
        int end = frame.position();
        frame.position(HEADER_BYTES).limit(HEADER_BYTES + payloadBytes);
        crc.reset();
        crc.update(frame);
        frame.limit(end);
        frame.putInt(0, MAGIC)
                .putInt(8, payloadBytes)
                .putInt(12, (int) crc.getValue())
                .putLong(16, run)
                .putLong(24, firstLsn)
                .putLong(32, syncedLsn)
                .putInt(40, batches)
                .putInt(44, 0);
        frame.putInt(4, headerCrc(frame, 0, segment, offset, crc));
        frame.position(0);
    }

    /** Whether something that could be a header starts there: cheap, to skip over what is none. */
    static boolean maybeHeader(ByteBuffer bytes, int at) {
        return bytes.getInt(at) == MAGIC;
    }

    /**
     * The frame whose header starts at index {@code at} of the buffer and at {@code offset} of its segment, or null if there is no sound
     * header. Its batches are still to be compared with {@link Header#payloadCrc}.
     */
    static @Nullable Header header(ByteBuffer bytes, int at, long segment, int offset, CRC32C crc) {
        int payloadBytes = bytes.getInt(at + 8);
        int batches = bytes.getInt(at + 40);
        if (!maybeHeader(bytes, at)
                || payloadBytes < 0
                || batches <= 0
                || bytes.getInt(at + 4) != headerCrc(bytes, at, segment, offset, crc)) {
            return null;
        }
        long firstLsn = bytes.getLong(at + 24);
        return new Header(
                new Frame(
                        segment,
                        offset,
                        payloadBytes,
                        bytes.getLong(at + 16),
                        firstLsn,
                        firstLsn + batches - 1,
                        bytes.getLong(at + 32)),
                bytes.getInt(at + 12));
    }

    /** Decodes the batches of a valid frame; the buffer holds them from its position to its limit. */
    static void decode(ByteBuffer payload, Frame frame, BatchSink sink) throws IOException {
        for (long lsn = frame.firstLsn(); lsn <= frame.lastLsn(); lsn++) {
            WriteBatch batch = new WriteBatch();
            int changes = payload.getInt();
            for (int i = 0; i < changes; i++) {
                int tableId = payload.get() & 0xff;
                byte[] key = new byte[payload.getShort() & 0xffff];
                int valueBytes = payload.getInt();
                payload.get(key);
                Table table = Table.ofId(tableId);
                if (table == null) {
                    throw new CorruptStorageException("LSN " + lsn + " in segment " + frame.segment() + " at offset "
                            + frame.offset() + " writes to table " + tableId
                            + ", which this version does not know: start the version that wrote it");
                }
                if (valueBytes == DELETED) {
                    batch.andDelete(table, Bytes.owning(key));
                } else {
                    byte[] value = new byte[valueBytes];
                    payload.get(value);
                    batch.andPut(table, Bytes.owning(key), Bytes.owning(value));
                }
            }
            sink.accept(lsn, batch);
        }
    }

    private static int headerCrc(ByteBuffer buffer, int at, long segment, long offset, CRC32C crc) {
        crc.reset();
        ByteBuffer place = ByteBuffer.allocate(2 * Long.BYTES)
                .putLong(segment)
                .putLong(offset)
                .flip();
        crc.update(place);
        ByteBuffer header = buffer.duplicate();
        header.limit(at + HEADER_BYTES).position(at + CHECKED_FROM);
        crc.update(header);
        return (int) crc.getValue();
    }
}
