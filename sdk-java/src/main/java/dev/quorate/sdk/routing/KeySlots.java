package dev.quorate.sdk.routing;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * Where a key lies on the ring: SipHash-2-4-128 under the cluster's seed over the bucket id (four bytes, big-endian) and the key; the
 * first eight bytes of the result, big-endian, shifted right by {@code 64 - log2Slots}, are the slot. The hash is keyed so that users who
 * choose keys cannot choose slots. A client that computes it differently still works, at the cost of one hop per operation.
 */
public final class KeySlots {
    public static final int SEED_LENGTH = 16;

    private static final VarHandle LITTLE_ENDIAN =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private final long k0;
    private final long k1;

    public KeySlots(byte[] seed) {
        if (seed.length != SEED_LENGTH) {
            throw new IllegalArgumentException("a hash seed has 16 bytes, not " + seed.length);
        }
        k0 = (long) LITTLE_ENDIAN.get(seed, 0);
        k1 = (long) LITTLE_ENDIAN.get(seed, 8);
    }

    /** The slot among {@code 2^log2Slots} of a position. */
    public static int slot(long position, int log2Slots) {
        return log2Slots == 0 ? 0 : (int) (position >>> (64 - log2Slots));
    }

    /** The high half of the hash: it alone decides the slot, for every size of the table. */
    public long position(int bucketId, byte[] key) {
        return hash(bucketId, key)[0];
    }

    /** All 16 bytes as two big-endian longs. */
    public long[] hash(int bucketId, byte[] key) {
        byte[] data = new byte[Math.addExact(4, key.length)];
        data[0] = (byte) (bucketId >>> 24);
        data[1] = (byte) (bucketId >>> 16);
        data[2] = (byte) (bucketId >>> 8);
        data[3] = (byte) bucketId;
        System.arraycopy(key, 0, data, 4, key.length);
        Rounds rounds = new Rounds(k0, k1);
        int whole = data.length & ~7;
        for (int offset = 0; offset < whole; offset += 8) {
            rounds.absorb((long) LITTLE_ENDIAN.get(data, offset));
        }
        byte[] tail = Arrays.copyOfRange(data, whole, whole + 8);
        rounds.absorb((long) LITTLE_ENDIAN.get(tail, 0) | (long) data.length << 56);
        return rounds.finish();
    }

    /** The four words of SipHash and its two-round step. */
    private static final class Rounds {
        private long v0;
        private long v1;
        private long v2;
        private long v3;

        Rounds(long k0, long k1) {
            v0 = k0 ^ 0x736f6d6570736575L;
            v1 = k1 ^ 0x646f72616e646f6dL ^ 0xee;
            v2 = k0 ^ 0x6c7967656e657261L;
            v3 = k1 ^ 0x7465646279746573L;
        }

        void absorb(long word) {
            v3 ^= word;
            round();
            round();
            v0 ^= word;
        }

        long[] finish() {
            v2 ^= 0xee;
            fourRounds();
            long first = v0 ^ v1 ^ v2 ^ v3;
            v1 ^= 0xdd;
            fourRounds();
            long second = v0 ^ v1 ^ v2 ^ v3;
            return new long[] {Long.reverseBytes(first), Long.reverseBytes(second)};
        }

        private void fourRounds() {
            round();
            round();
            round();
            round();
        }

        private void round() {
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
    }
}
