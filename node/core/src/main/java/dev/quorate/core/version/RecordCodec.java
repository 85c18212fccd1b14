package dev.quorate.core.version;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Check;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * The bytes of a {@link StoredRecord}:
 *
 * <pre>
 * u8 format = 1 | u8 flags | u32 crc32c of flags and rest | varint bucket | varint key length, key
 * | with flag 1: varint own boot, varint own from
 * | with flag 2: varint hints { varint node, u64 hybrid time }
 * | object: varint intervals { varint cluster, node, boot, first, last - first, seconds }
 *           varint siblings  { varint interval, varint sequence, u64 hybrid time, u8 kind, varint length, value }
 * </pre>
 *
 * <p>LMDB has no checksums, so this one is checked at every read. Has no state: any thread may use it.
 */
public class RecordCodec {
    private static final byte FORMAT = 1;
    private static final int FLAG_OWN = 1;
    private static final int FLAG_HINTS = 2;
    private static final int FLAGS_AT = 1;
    private static final int CHECKSUM_AT = 2;
    private static final int HEADER = CHECKSUM_AT + Integer.BYTES;

    public Bytes encode(StoredRecord record) {
        Key key = record.key();
        byte[] keyBytes = key.bytes().unsafeArray();
        OwnInterval own = record.own();
        Check.argument(key.bucketId() >= 0, "bucket %s is negative", key.bucketId());
        Check.argument(0 < keyBytes.length && keyBytes.length <= Key.MAX_LENGTH, "a key of %s bytes", keyBytes.length);
        int size = HEADER
                + Wire.varintSize(key.bucketId())
                + Wire.varintSize(keyBytes.length)
                + keyBytes.length
                + record.object().encodedLength();
        if (own != null) {
            size += Wire.varintSize(own.boot()) + Wire.varintSize(own.from());
        }
        List<Hint> hints = record.hints();
        if (!hints.isEmpty()) {
            size += hintsSize(hints);
        }
        byte[] array = new byte[size];
        array[0] = FORMAT;
        int position = Wire.varint(array, HEADER, key.bucketId());
        position = Wire.varint(array, position, keyBytes.length);
        System.arraycopy(keyBytes, 0, array, position, keyBytes.length);
        position += keyBytes.length;
        if (own != null) {
            array[FLAGS_AT] |= FLAG_OWN;
            position = Wire.varint(array, position, own.boot());
            position = Wire.varint(array, position, own.from());
        }
        if (!hints.isEmpty()) {
            array[FLAGS_AT] |= FLAG_HINTS;
            position = Wire.varint(array, position, hints.size());
            for (Hint hint : hints) {
                position = Wire.varint(array, position, hint.owner().number());
                position = Wire.fixed64(array, position, hint.since());
            }
        }
        record.object().copyEncodedTo(array, position);
        Wire.fixed32(array, CHECKSUM_AT, checksum(array));
        return Bytes.owning(array);
    }

    /** Keeps the given bytes as the object's encoding. @throws CorruptRecordException if {@link #encode} did not write them */
    public StoredRecord decode(Bytes bytes) {
        byte[] array = bytes.unsafeArray();
        if (array.length < HEADER) {
            throw new CorruptRecordException(array.length + " bytes are shorter than a header", null);
        }
        if (array[0] != FORMAT) {
            throw new CorruptRecordException("unknown format " + (array[0] & 0xff), null);
        }
        int stored = Wire.fixed32At(array, CHECKSUM_AT);
        int actual = checksum(array);
        if (!holds(stored, actual)) {
            throw new CorruptRecordException(
                    "checksum " + Integer.toHexString(actual) + " instead of " + Integer.toHexString(stored), null);
        }
        int flags = array[FLAGS_AT];
        if ((flags & ~(FLAG_OWN | FLAG_HINTS)) != 0) {
            throw new CorruptRecordException("unknown flags " + (flags & 0xff), null);
        }
        try {
            StrictReader reader = new StrictReader(array, 0, array.length);
            reader.skip(HEADER);
            int bucket = (int) reader.varintBetween(0, Integer.MAX_VALUE, "bucket");
            int keyLength = (int) reader.varintBetween(1, Key.MAX_LENGTH, "key length");
            Key key = new Key(bucket, reader.bytes(keyLength));
            OwnInterval own = (flags & FLAG_OWN) != 0
                    ? new OwnInterval(reader.varint(), reader.varintBetween(1, Long.MAX_VALUE, "own from"))
                    : null;
            List<Hint> hints = (flags & FLAG_HINTS) != 0 ? readHints(reader) : List.of();
            return new StoredRecord(key, VersionedObject.readRest(array, reader), own, hints);
        } catch (MalformedException malformed) {
            throw new CorruptRecordException("the checksum fits, but " + malformed.getMessage(), malformed);
        }
    }

    private static int hintsSize(List<Hint> hints) {
        int size = Wire.varintSize(hints.size());
        for (Hint hint : hints) {
            size += Wire.varintSize(hint.owner().number()) + Long.BYTES;
        }
        return size;
    }

    private static List<Hint> readHints(StrictReader reader) {
        int count = (int) reader.varintBetween(1, StoredRecord.MAX_HINTS, "number of hints");
        List<Hint> hints = new ArrayList<>(count);
        int previous = 0;
        for (int i = 0; i < count; i++) {
            int owner = (int) reader.varintBetween(previous + 1L, Integer.MAX_VALUE, "node of a hint");
            hints.add(new Hint(new NodeId(owner), reader.fixed64()));
            previous = owner;
        }
        return hints;
    }

    /** Whether the bytes are those that were written. */
    protected boolean holds(int storedChecksum, int actualChecksum) {
        return storedChecksum == actualChecksum;
    }

    private static int checksum(byte[] array) {
        CRC32C crc = new CRC32C();
        crc.update(array, FLAGS_AT, 1);
        crc.update(array, HEADER, array.length - HEADER);
        return (int) crc.getValue();
    }
}
