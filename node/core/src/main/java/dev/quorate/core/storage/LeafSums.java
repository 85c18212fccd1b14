package dev.quorate.core.storage;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Leaves of a hash tree over the hash space: per leaf the XOR of the digests of its records, and their number. Adding allocates nothing
 * once the neighbourhood of a leaf is in use; all leaves together take 800 KiB.
 */
public final class LeafSums {
    /**
     * Bits of a key's hash that choose its leaf. Fixed: not fewer than a slot can have, so that a slot is a range of leaves, and peers need not
     * agree on anything. A node with a hundred million records compares 1 500 of them for one that differs.
     */
    public static final int DEPTH = 16;

    public static final int LEAVES = 1 << DEPTH;

    private static final int CHUNK = 64;

    private static final class Chunk {
        private final long[] xors = new long[CHUNK];
        private final int[] counts = new int[CHUNK];
    }

    private final @Nullable Chunk[] chunks = new Chunk[LEAVES / CHUNK];

    /** Takes leaves that hold something, ascending. */
    public interface Visitor {
        void leaf(int leaf, long xor, int count);
    }

    public void add(int leaf, long xor, int count) {
        Chunk chunk = chunks[leaf / CHUNK];
        if (chunk == null) {
            chunk = new Chunk();
            chunks[leaf / CHUNK] = chunk;
        }
        chunk.xors[leaf % CHUNK] ^= xor;
        chunk.counts[leaf % CHUNK] += count;
    }

    /** As new, in the arrays that are there. */
    public void clear() {
        for (Chunk chunk : chunks) {
            if (chunk != null) {
                Arrays.fill(chunk.xors, 0);
                Arrays.fill(chunk.counts, 0);
            }
        }
    }

    public long xor(int leaf) {
        Chunk chunk = chunks[leaf / CHUNK];
        return chunk == null ? 0 : chunk.xors[leaf % CHUNK];
    }

    public int count(int leaf) {
        Chunk chunk = chunks[leaf / CHUNK];
        return chunk == null ? 0 : chunk.counts[leaf % CHUNK];
    }

    /** The first leaf of a range that holds something; -1 if none does. */
    public int nextInUse(int from, int endExclusive) {
        int leaf = from;
        while (leaf < endExclusive) {
            Chunk chunk = chunks[leaf / CHUNK];
            if (chunk == null) {
                leaf = (leaf / CHUNK + 1) * CHUNK;
            } else if (chunk.xors[leaf % CHUNK] != 0 || chunk.counts[leaf % CHUNK] != 0) {
                return leaf;
            } else {
                leaf++;
            }
        }
        return -1;
    }

    /** The leaves that hold something. */
    public void visit(int from, int endExclusive, Visitor visitor) {
        for (int leaf = nextInUse(from, endExclusive); leaf >= 0; leaf = nextInUse(leaf + 1, endExclusive)) {
            visitor.leaf(leaf, xor(leaf), count(leaf));
        }
    }
}
