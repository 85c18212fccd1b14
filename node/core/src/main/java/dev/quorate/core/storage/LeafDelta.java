package dev.quorate.core.storage;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Check;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What a batch adds to one leaf of the hash tree, and equally what a leaf holds: all that was ever added to nothing.
 *
 * @param leaf the first {@link LeafSums#DEPTH} bits of the hashes of its keys
 * @param xor of the digests of its records
 * @param count of its records; wraps around, so that additions and removals commute
 */
public record LeafDelta(int leaf, long xor, int count) {
    private static final int VALUE_LENGTH = Long.BYTES + Integer.BYTES;

    public LeafDelta {
        Check.argument(leaf >= 0 && leaf < LeafSums.LEAVES, "leaf %s of %s", leaf, LeafSums.LEAVES);
    }

    public static LeafDelta of(Bytes key, Bytes value) {
        ByteBuffer bytes = ByteBuffer.wrap(value.unsafeArray());
        return new LeafDelta(leafOf(key), bytes.getLong(), bytes.getInt());
    }

    public static int leafOf(Bytes key) {
        return ByteBuffer.wrap(key.unsafeArray()).getInt();
    }

    /** Big-endian, so that leaves are in the order of the hashes they stand for. */
    public Bytes key() {
        return keyOf(leaf);
    }

    public static Bytes keyOf(int leaf) {
        return Bytes.owning(ByteBuffer.allocate(Integer.BYTES).putInt(leaf).array());
    }

    public Bytes value() {
        return Bytes.owning(
                ByteBuffer.allocate(VALUE_LENGTH).putLong(xor).putInt(count).array());
    }

    /** Whether a change of {@link Table#MERKLE} may look like this. */
    static boolean isDelta(Bytes key, @Nullable Bytes value) {
        if (key.length() != Integer.BYTES || value == null || value.length() != VALUE_LENGTH) {
            return false;
        }
        int leaf = leafOf(key);
        return leaf >= 0 && leaf < LeafSums.LEAVES;
    }

    /** What a leaf holds after {@code delta} came to {@code before}; null when that is nothing. */
    public static @Nullable Bytes combine(@Nullable Bytes before, Bytes delta) {
        ByteBuffer added = ByteBuffer.wrap(delta.unsafeArray());
        long xor = added.getLong();
        int count = added.getInt();
        if (before != null) {
            ByteBuffer present = ByteBuffer.wrap(before.unsafeArray());
            xor ^= present.getLong();
            count += present.getInt();
        }
        return xor == 0 && count == 0 ? null : new LeafDelta(0, xor, count).value();
    }
}
