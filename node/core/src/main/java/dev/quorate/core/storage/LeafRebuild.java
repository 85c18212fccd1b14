package dev.quorate.core.storage;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.Watched;
import dev.quorate.core.version.CorruptRecordException;
import dev.quorate.core.version.RecordCodec;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Computes leaves from the records again. Leaves need that after a damaged record was replaced, whose share in its leaf nobody can know: the
 * batch that replaces it also marks the leaf, so that not even a crash forgets it. A record that fails its checksum is not hashed. Confined to
 * the event loop.
 */
public final class LeafRebuild {
    /** What a scan of a leaf found. */
    public enum Outcome {
        /** The leaf was what its records say. */
        SOUND,
        /** The leaf was wrong and has been corrected. */
        CORRECTED,
        /** Writes came in between every time, or storage takes none now. */
        POSTPONED
    }

    /** @param damaged records that cannot be read, left out of the leaf */
    public record Result(Outcome outcome, int records, int damaged) {}

    private static final Storage.ScanBudget PAGE = new Storage.ScanBudget(512, 1 << 20);
    private static final int DELTAS_PER_BATCH = 1024;
    private static final int ATTEMPTS = 5;
    private static final Bytes SUSPECTS = Bytes.utf8("suspect-leaf/");
    private static final Bytes AFTER_SUSPECTS = Bytes.utf8("suspect-leaf0");

    private final Storage storage;
    private final MerkleTree tree;
    private final RecordCodec codec;
    private final EventLoop loop;
    private final SortedSet<Integer> suspects = new TreeSet<>();
    // Membership tests only, never iterated.
    private final Set<Integer> underWay = new HashSet<>();
    private final Metrics.Counter corrected;

    public LeafRebuild(Storage storage, MerkleTree tree, RecordCodec codec, EventLoop loop, Metrics metrics) {
        this.storage = storage;
        this.tree = tree;
        this.codec = codec;
        this.loop = loop;
        this.corrected =
                metrics.counter("merkle_leaves_corrected_total", "Leaves that did not agree with their records");
        metrics.gauge("merkle_leaves_suspect", "Leaves to be computed again", suspects::size);
    }

    /** Reads which leaves an earlier process marked. */
    public CompletionStage<Void> load() {
        return storage.scan(
                        Table.META,
                        new Storage.KeyRange(SUSPECTS, AFTER_SUSPECTS),
                        new Storage.ScanBudget(LeafSums.LEAVES, Integer.MAX_VALUE))
                .thenAccept(page -> page.entries().forEach(entry -> suspects.add(suspectOf(entry.key()))));
    }

    /** Marks a leaf in the batch that makes it wrong. */
    void mark(WriteBatch batch, int leaf) {
        batch.andPut(Table.META, suspectKey(leaf), Bytes.EMPTY);
        suspects.add(leaf);
        // What a scan under way has seen of the leaf may be gone with this very batch.
        tree.changed(leaf);
    }

    /** Marked leaves, ascending; a copy. */
    public List<Integer> suspects() {
        return List.copyOf(suspects);
    }

    /** Null when the key marks no leaf. */
    public static @Nullable Integer markedBy(Bytes metaKey) {
        boolean marks = metaKey.compareTo(SUSPECTS) >= 0 && metaKey.compareTo(AFTER_SUSPECTS) < 0;
        return marks ? suspectOf(metaKey) : null;
    }

    private static int suspectOf(Bytes key) {
        return ByteBuffer.wrap(key.unsafeArray()).getInt(SUSPECTS.length());
    }

    private static Bytes suspectKey(int leaf) {
        return Bytes.owning(ByteBuffer.allocate(SUSPECTS.length() + Integer.BYTES)
                .put(SUSPECTS.unsafeArray())
                .putInt(leaf)
                .array());
    }

    /** The keys of a leaf in the table of records. */
    public static Storage.KeyRange rangeOf(int leaf) {
        Bytes end = leaf + 1 == LeafSums.LEAVES ? null : firstKey(leaf + 1);
        return new Storage.KeyRange(firstKey(leaf), end);
    }

    private static Bytes firstKey(int leaf) {
        return new KeyHash((long) leaf << Long.SIZE - LeafSums.DEPTH, 0).toBytes();
    }

    /** Compares one leaf with its records, and corrects it. */
    public void rebuild(int leaf, Consumer<Result> done) {
        if (underWay.add(leaf)) {
            new Attempt(leaf, done).begin();
        } else {
            done.accept(new Result(Outcome.POSTPONED, 0, 0));
        }
    }

    /** Computes all leaves from the records, before anything changes them. */
    public CompletionStage<Void> rebuildAll() {
        LeafSums found = new LeafSums();
        return new WholeTable(storage, loop, Table.DATA, PAGE, entry -> {
                    OptionalLong digest = digestOf(entry);
                    if (digest.isPresent()) {
                        found.add(MerkleTree.leafOf(KeyHash.fromBytes(entry.key())), digest.getAsLong(), 1);
                    }
                })
                .read()
                .thenCompose(scanned -> correctAll(found));
    }

    private CompletionStage<Void> correctAll(LeafSums found) {
        List<LeafDelta> deltas = new ArrayList<>();
        for (int leaf = 0; leaf < LeafSums.LEAVES; leaf++) {
            long xor = found.xor(leaf) ^ tree.xor(leaf);
            int count = found.count(leaf) - tree.count(leaf);
            if (xor != 0 || count != 0) {
                deltas.add(new LeafDelta(leaf, xor, count));
            }
        }
        CompletionStage<Storage.Durable> durable = storage.barrier();
        for (int from = 0; from < deltas.size(); from += DELTAS_PER_BATCH) {
            WriteBatch batch = new WriteBatch();
            for (LeafDelta delta : deltas.subList(from, Math.min(deltas.size(), from + DELTAS_PER_BATCH))) {
                batch.andAdd(delta);
                tree.add(delta);
            }
            durable = storage.commit(batch);
        }
        return durable.thenAccept(done -> {});
    }

    /** Empty for a record that fails its checksum. */
    private OptionalLong digestOf(Storage.Entry entry) {
        try {
            return OptionalLong.of(tree.digest(
                    KeyHash.fromBytes(entry.key()), codec.decode(entry.value()).object()));
        } catch (CorruptRecordException damaged) {
            return OptionalLong.empty();
        }
    }

    private final class Attempt {
        private final int leaf;
        private final Consumer<Result> done;
        private int attempts;
        private long xor;
        private int records;
        private int damaged;

        Attempt(int leaf, Consumer<Result> done) {
            this.leaf = leaf;
            this.done = done;
        }

        void begin() {
            attempts++;
            xor = 0;
            records = 0;
            damaged = 0;
            tree.watch(leaf);
            scan(rangeOf(leaf));
        }

        private void scan(Storage.KeyRange range) {
            Watched.whenComplete(storage.scan(Table.DATA, range, PAGE), loop, (page, failure) -> {
                if (failure != null || page == null) {
                    finish(Outcome.POSTPONED);
                    return;
                }
                for (Storage.Entry entry : page.entries()) {
                    OptionalLong digest = digestOf(entry);
                    if (digest.isPresent()) {
                        xor ^= digest.getAsLong();
                        records++;
                    } else {
                        damaged++;
                    }
                }
                Bytes last = page.resumeAfter();
                if (last == null) {
                    compare();
                } else {
                    scan(range.after(last));
                }
            });
        }

        private void compare() {
            if (tree.changesSinceWatched(leaf) > 0) {
                if (attempts < ATTEMPTS) {
                    begin();
                } else {
                    finish(Outcome.POSTPONED);
                }
                return;
            }
            LeafDelta delta = new LeafDelta(leaf, xor ^ tree.xor(leaf), records - tree.count(leaf));
            boolean sound = delta.xor() == 0 && delta.count() == 0;
            if (sound && !suspects.contains(leaf)) {
                finish(Outcome.SOUND);
                return;
            }
            if (storage.refusal(Storage.WriteKind.BACKGROUND) != null) {
                finish(Outcome.POSTPONED);
                return;
            }
            WriteBatch batch = new WriteBatch();
            if (suspects.remove(leaf)) {
                batch.andDelete(Table.META, suspectKey(leaf));
            }
            if (!sound) {
                batch.andAdd(delta);
                tree.add(delta);
            }
            Watched.whenComplete(storage.commit(batch), loop, (durable, failure) -> {
                if (failure == null && !sound) {
                    corrected.increment();
                }
            });
            finish(sound ? Outcome.SOUND : Outcome.CORRECTED);
        }

        private void finish(Outcome outcome) {
            tree.unwatch(leaf);
            underWay.remove(leaf);
            done.accept(new Result(outcome, records, damaged));
        }
    }
}
