package dev.quorate.core.storage;

import dev.quorate.core.model.KeyHash;
import dev.quorate.core.version.VersionedObject;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The hash tree over all records of this node: of its leaves, the newest sums. Storage keeps the same sums, because every change of a record
 * commits its delta in the same batch; so nothing is ever rebuilt at a start. A slot is a range of leaves, and its root is their sum.
 * Confined to the event loop.
 */
public final class MerkleTree {
    private static final Storage.ScanBudget PAGE = new Storage.ScanBudget(8192, 1 << 20);

    private final Storage storage;
    private final ObjectDigest digests;
    private final LeafSums leaves = new LeafSums();
    // Changes since somebody began to watch a leaf. Looked up, never iterated.
    private final Map<Integer, Integer> watched = new HashMap<>();

    public MerkleTree(Storage storage, ObjectDigest digests) {
        this.storage = storage;
        this.digests = digests;
    }

    /** Before anything else changes the records: reads what storage has kept. */
    public CompletionStage<Void> load() {
        return load(Storage.KeyRange.ALL);
    }

    private CompletionStage<Void> load(Storage.KeyRange range) {
        return storage.scan(Table.MERKLE, range, PAGE).thenCompose(page -> {
            for (Storage.Entry entry : page.entries()) {
                add(LeafDelta.of(entry.key(), entry.value()));
            }
            return page.resumeAfter() == null
                    ? CompletableFuture.completedFuture(null)
                    : load(range.after(page.resumeAfter()));
        });
    }

    public static int leafOf(KeyHash hash) {
        return hash.slot(LeafSums.DEPTH);
    }

    /** The first leaf of a slot among {@code 2^log2Slots}. */
    public static int firstLeaf(int slot, int log2Slots) {
        return slot << LeafSums.DEPTH - log2Slots;
    }

    public static int endLeaf(int slot, int log2Slots) {
        return firstLeaf(slot + 1, log2Slots);
    }

    public long digest(KeyHash hash, VersionedObject object) {
        return digests.of(hash, object);
    }

    /** What the replacement of a record changes; null when its leaf stays as it is. */
    @Nullable
    LeafDelta delta(KeyHash hash, @Nullable VersionedObject before, @Nullable VersionedObject after) {
        long xor = (before == null ? 0 : digests.of(hash, before)) ^ (after == null ? 0 : digests.of(hash, after));
        int count = (after == null ? 0 : 1) - (before == null ? 0 : 1);
        return xor == 0 && count == 0 ? null : new LeafDelta(leafOf(hash), xor, count);
    }

    /** Whoever calls this commits the same delta in the same turn. */
    void add(LeafDelta delta) {
        leaves.add(delta.leaf(), delta.xor(), delta.count());
        if (!watched.isEmpty()) {
            changed(delta.leaf());
        }
    }

    /** A record of the leaf was replaced, and nobody knows by how much that changes the leaf. */
    void changed(int leaf) {
        watched.computeIfPresent(leaf, (watchedLeaf, changes) -> changes + 1);
    }

    /** From now on {@link #changesSinceWatched} counts. */
    void watch(int leaf) {
        watched.put(leaf, 0);
    }

    int changesSinceWatched(int leaf) {
        return watched.getOrDefault(leaf, 0);
    }

    void unwatch(int leaf) {
        watched.remove(leaf);
    }

    public long xor(int leaf) {
        return leaves.xor(leaf);
    }

    public int count(int leaf) {
        return leaves.count(leaf);
    }

    /** The first leaf from there on, all the way round, that holds something; the last one looked at when none does. */
    public int nextInUse(int leaf) {
        int next = leaves.nextInUse(leaf, LeafSums.LEAVES);
        if (next < 0) {
            next = leaves.nextInUse(0, leaf);
        }
        return next < 0 ? Math.floorMod(leaf - 1, LeafSums.LEAVES) : next;
    }

    public void visit(int fromLeaf, int endLeaf, LeafSums.Visitor visitor) {
        leaves.visit(fromLeaf, endLeaf, visitor);
    }

    /** The sum of a range of leaves. */
    public Root root(int fromLeaf, int endLeaf) {
        long[] sums = new long[2];
        leaves.visit(fromLeaf, endLeaf, (leaf, xor, count) -> {
            sums[0] ^= xor;
            sums[1] += count;
        });
        return new Root(sums[0], sums[1]);
    }

    /** What stands for all records of a range. */
    public record Root(long xor, long count) {}
}
