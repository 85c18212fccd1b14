package dev.quorate.ycsb;

import dev.quorate.sdk.Codec;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import site.ycsb.ByteArrayByteIterator;
import site.ycsb.ByteIterator;

/**
 * A record of YCSB: named fields of any bytes, stored together as the value of one key. Equal records have equal bytes: a byte that names
 * the format, then for each field, ordered by name, the length of its name, the name in UTF-8, the length of its value, and the value;
 * lengths have four bytes, the highest first.
 */
final class Fields {
    static final Codec<Fields> CODEC = Codec.of(Fields::encode, Fields::decode);

    private static final Codec<String> NAMES = Codec.utf8();
    private static final byte FORMAT = 1;

    private final SortedMap<String, byte[]> values;

    private Fields(SortedMap<String, byte[]> values) {
        this.values = values;
    }

    /** Reads the iterators to their ends, which can be done once: an update may need the bytes several times. */
    static Fields of(Map<String, ByteIterator> written) {
        SortedMap<String, byte[]> values = new TreeMap<>();
        written.forEach((name, bytes) -> values.put(name, bytes.toArray()));
        return new Fields(values);
    }

    int count() {
        return values.size();
    }

    /** This record after a write of some of its fields. */
    Fields with(Fields written) {
        SortedMap<String, byte[]> next = new TreeMap<>(values);
        next.putAll(written.values);
        return new Fields(next);
    }

    /**
     * One record of two that were written concurrently: the fields of both, and where they differ in one, the greater bytes. Commutative,
     * associative and idempotent, so that all clients come to the same record.
     */
    Fields merge(Fields other) {
        SortedMap<String, byte[]> merged = new TreeMap<>(values);
        other.values.forEach((name, bytes) -> merged.merge(name, bytes, Fields::greater));
        return new Fields(merged);
    }

    private static byte[] greater(byte[] one, byte[] other) {
        return Arrays.compareUnsigned(one, other) >= 0 ? one : other;
    }

    /** @param wanted null for all; those that the record does not have are left out */
    void copyTo(Map<String, ByteIterator> result, @Nullable Set<String> wanted) {
        values.forEach((name, bytes) -> {
            if (wanted == null || wanted.contains(name)) {
                result.put(name, new ByteArrayByteIterator(bytes));
            }
        });
    }

    byte[] encode() {
        List<byte[]> parts = new ArrayList<>(2 * values.size());
        values.forEach((name, value) -> {
            parts.add(NAMES.encode(name));
            parts.add(value);
        });
        int size = 1;
        for (byte[] part : parts) {
            size += Integer.BYTES + part.length;
        }
        ByteBuffer bytes = ByteBuffer.allocate(size).put(FORMAT);
        for (byte[] part : parts) {
            bytes.putInt(part.length).put(part);
        }
        return bytes.array();
    }

    /** Refuses bytes that {@link #encode} did not make, such as a value of another program in the bucket. */
    static Fields decode(byte[] encoded) {
        ByteBuffer bytes = ByteBuffer.wrap(encoded);
        if (!bytes.hasRemaining() || bytes.get() != FORMAT) {
            throw new IllegalArgumentException("not a record of YCSB in format " + FORMAT);
        }
        SortedMap<String, byte[]> values = new TreeMap<>();
        while (bytes.hasRemaining()) {
            String name = NAMES.decode(next(bytes));
            if (values.put(name, next(bytes)) != null) {
                throw new IllegalArgumentException("the field '" + name + "' twice");
            }
        }
        return new Fields(values);
    }

    private static byte[] next(ByteBuffer bytes) {
        int length = bytes.remaining() < Integer.BYTES ? -1 : bytes.getInt();
        if (length < 0 || length > bytes.remaining()) {
            throw new IllegalArgumentException("the record is cut off or damaged at byte " + bytes.position());
        }
        byte[] part = new byte[length];
        bytes.get(part);
        return part;
    }

    @Override
    public String toString() {
        return "Fields" + values.keySet();
    }
}
