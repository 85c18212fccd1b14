package dev.quorate.core.model;

import java.nio.ByteBuffer;
import java.util.HexFormat;

/** The 128-bit position of a key on the ring; {@code high} decides the slot. Ordered as unsigned big-endian bytes. */
public record KeyHash(long high, long low) implements Comparable<KeyHash> {
    public static final int LENGTH = 16;

    /** The key under which storage keeps the record: 16 bytes, big-endian, so a slot is one contiguous range. */
    public Bytes toBytes() {
        return Bytes.owning(
                ByteBuffer.allocate(LENGTH).putLong(high).putLong(low).array());
    }

    public static KeyHash fromBytes(Bytes bytes) {
        Check.argument(bytes.length() == LENGTH, "a key hash has %d bytes, not %d", LENGTH, bytes.length());
        ByteBuffer buffer = ByteBuffer.wrap(bytes.unsafeArray());
        return new KeyHash(buffer.getLong(), buffer.getLong());
    }

    /** The slot among {@code 2^log2Slots}. */
    public int slot(int log2Slots) {
        return log2Slots == 0 ? 0 : (int) (high >>> (64 - log2Slots));
    }

    @Override
    public int compareTo(KeyHash other) {
        int byHigh = Long.compareUnsigned(high, other.high);
        return byHigh != 0 ? byHigh : Long.compareUnsigned(low, other.low);
    }

    @Override
    public String toString() {
        return HexFormat.of().toHexDigits(high) + HexFormat.of().toHexDigits(low);
    }
}
