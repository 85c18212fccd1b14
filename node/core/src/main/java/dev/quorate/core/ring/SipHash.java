package dev.quorate.core.ring;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Check;
import dev.quorate.core.model.KeyHash;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * SipHash-2-4 with 128 bits of output. Keyed, because users choose their keys: without the seed nobody can craft keys
 * that crowd one slot or collide.
 */
public final class SipHash {
    static final int KEY_LENGTH = 16;

    private static final VarHandle LITTLE_ENDIAN_LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final long key0;
    private final long key1;

    public SipHash(Bytes key) {
        Check.argument(key.length() == KEY_LENGTH, "a hash seed has %d bytes, not %d", KEY_LENGTH, key.length());
        this.key0 = littleEndian(key.unsafeArray(), 0, Long.BYTES);
        this.key1 = littleEndian(key.unsafeArray(), Long.BYTES, Long.BYTES);
    }

    /** The hash of the data alone. */
    public KeyHash hash(byte[] data) {
        return hash(0, 0, data);
    }

    /**
     * The hash of {@code head} followed by the data, without copying them together. Head bytes stand in the low end of
     * the long, first byte lowest, and there are at most seven of them.
     */
    KeyHash hash(long head, int headLength, byte[] data) {
        int length = headLength + data.length;
        int wholeWords = length / Long.BYTES;
        long v0 = 0x736f6d6570736575L ^ key0;
        long v1 = 0x646f72616e646f6dL ^ key1 ^ 0xee;
        long v2 = 0x6c7967656e657261L ^ key0;
        long v3 = 0x7465646279746573L ^ key1;

        for (int word = 0; word <= wholeWords; word++) {
            int from = word * Long.BYTES - headLength;
            int present = word < wholeWords ? Long.BYTES : length % Long.BYTES;
            long m = from < 0
                    ? head | littleEndian(data, 0, present + from) << (Byte.SIZE * headLength)
                    : littleEndian(data, from, present);
            if (word == wholeWords) {
                m |= (long) length << 56;
            }
            v3 ^= m;
            for (int round = 0; round < 2; round++) {
                v0 += v1;
                v1 = Long.rotateLeft(v1, 13) ^ v0;
                v0 = Long.rotateLeft(v0, 32);
                v2 += v3;
                v3 = Long.rotateLeft(v3, 16) ^ v2;
                v0 += v3;
                v3 = Long.rotateLeft(v3, 21) ^ v0;
                v2 += v1;
                v1 = Long.rotateLeft(v1, 17) ^ v2;
                v2 = Long.rotateLeft(v2, 32);
            }
            v0 ^= m;
        }

        v2 ^= 0xee;
        long firstHalf = 0;
        for (int round = 0; round < 8; round++) {
            if (round == 4) {
                firstHalf = v0 ^ v1 ^ v2 ^ v3;
                v1 ^= 0xdd;
            }
            v0 += v1;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v0 = Long.rotateLeft(v0, 32);
            v2 += v3;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 += v3;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 += v1;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v2 = Long.rotateLeft(v2, 32);
        }
        // The algorithm writes each half little-endian; a position on the ring reads those bytes big-endian.
        return new KeyHash(Long.reverseBytes(firstHalf), Long.reverseBytes(v0 ^ v1 ^ v2 ^ v3));
    }

    private static long littleEndian(byte[] data, int from, int count) {
        if (count == Long.BYTES) {
            return (long) LITTLE_ENDIAN_LONG.get(data, from);
        }
        long value = 0;
        for (int i = 0; i < count; i++) {
            value |= (data[from + i] & 0xffL) << (Byte.SIZE * i);
        }
        return value;
    }
}
