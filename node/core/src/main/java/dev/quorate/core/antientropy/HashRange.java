package dev.quorate.core.antientropy;

import dev.quorate.core.model.KeyHash;
import dev.quorate.core.storage.LeafSums;
import dev.quorate.core.storage.MerkleTree;
import dev.quorate.core.storage.Storage;
import java.util.ArrayList;
import java.util.List;

/** Hashes from {@code first} to {@code last}, both in it. */
record HashRange(KeyHash first, KeyHash last) {
    private static final int MOST_TAKEN_ALONG = 64;

    private static final int SHIFT = Long.SIZE - LeafSums.DEPTH;

    static HashRange ofLeaves(int firstLeaf, int lastLeaf) {
        long high = (long) lastLeaf << SHIFT | (1L << SHIFT) - 1;
        return new HashRange(new KeyHash((long) firstLeaf << SHIFT, 0), new KeyHash(high, -1));
    }

    /**
     * Ranges that hold these leaves. What lies between two of them is taken along while it holds few records: a few digests more cost less
     * than a round trip, and where keys are fewer than leaves every range would else be a single key.
     */
    static List<HashRange> ofLeaves(List<Integer> ascending, MerkleTree tree) {
        List<HashRange> ranges = new ArrayList<>();
        int from = 0;
        for (int i = 1; i <= ascending.size(); i++) {
            boolean ends = i == ascending.size()
                    || tree.root(ascending.get(i - 1) + 1, ascending.get(i)).count() > MOST_TAKEN_ALONG;
            if (ends) {
                ranges.add(ofLeaves(ascending.get(from), ascending.get(i - 1)));
                from = i;
            }
        }
        return ranges;
    }

    Storage.KeyRange keys() {
        return new Storage.KeyRange(
                first.toBytes(), Storage.KeyRange.ALL.after(last.toBytes()).from());
    }

    HashRange until(KeyHash newLast) {
        return new HashRange(first, newLast);
    }

    /** What follows {@code covered}, which is not the last hash of the range. */
    HashRange after(KeyHash covered) {
        long low = covered.low() + 1;
        return new HashRange(new KeyHash(low == 0 ? covered.high() + 1 : covered.high(), low), last);
    }
}
