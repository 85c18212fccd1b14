package dev.quorate.core.storage;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.Watched;
import dev.quorate.core.version.CorruptRecordException;
import dev.quorate.core.version.RecordCodec;
import dev.quorate.core.version.StoredRecord;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The records of this replica, decoded and checked. Confined to the event loop.
 *
 * <p>A read whose result decides a write goes through {@link #update}: while one is under way for a key, later ones of that key wait
 * (rules.md A3). Two writers that both read the same base would each claim the other's dot, and the first, acknowledged, would
 * disappear on every replica.
 */
public final class ReplicaTable {
    /** Updates that may wait behind one read of one key. */
    static final int MAX_WAITING = 4096;

    private final Storage storage;
    private final EventLoop loop;
    private final HintTable hints;
    private final RecordCodec codec;
    private final MerkleTree tree;
    private final LeafRebuild rebuild;
    private final boolean queues;
    // Looked up, never iterated. Holds a key only while a read for it is outstanding.
    private final Map<KeyHash, ArrayDeque<Update>> waiting = new HashMap<>();
    private final Metrics.Counter queued;
    private final Metrics.Counter refused;
    private final Metrics.Counter damaged;
    // Null nearly always: only while slots are handed over.
    private @Nullable Successor successor;

    /** {@code queues} is true except where the simulation shows what happens otherwise. */
    public ReplicaTable(
            Storage storage,
            EventLoop loop,
            RecordCodec codec,
            MerkleTree tree,
            LeafRebuild rebuild,
            boolean queues,
            Metrics metrics) {
        this.storage = storage;
        this.loop = loop;
        this.codec = codec;
        this.tree = tree;
        this.rebuild = rebuild;
        this.queues = queues;
        this.hints = new HintTable(storage, metrics);
        this.queued = metrics.counter("updates_queued_total", "Updates that waited behind a read of the same key");
        this.refused = metrics.counter("updates_refused_total", "Updates refused because too many wait for one key");
        this.damaged = metrics.counter("records_damaged_total", "Reads that met a record with a bad checksum");
    }

    /** Which of the records wait for which owner. Changes only by {@link #commit} and {@link #remove}. */
    public HintTable hints() {
        return hints;
    }

    /** From now on changes complete only when that one has them as well; null for nobody. */
    public void follow(@Nullable Successor next) {
        successor = next;
    }

    /**
     * Completes when what this node holds under that hash may be acknowledged: what a replica waits for that was sent what it has already
     * (rules.md A4).
     */
    public CompletionStage<Storage.Durable> barrier(KeyHash hash) {
        CompletionStage<Storage.Durable> durable = storage.barrier();
        return successor == null ? durable : successor.unchanged(hash, durable);
    }

    /** Looks up whatever key has this hash. */
    public void read(KeyHash hash, Consumer<Lookup> reader) {
        new Update(null, hash, reader, false).start();
    }

    /** Looks a key up without holding anything. */
    public void read(Key key, KeyHash hash, Consumer<Lookup> reader) {
        new Update(key, hash, reader, false).start();
    }

    /**
     * Looks a key up and runs {@code body} with the result, alone for that key: what it commits before it returns, the next update of
     * the key sees.
     *
     * @return false when too many wait already; then the body never runs
     */
    public boolean update(Key key, KeyHash hash, Consumer<Lookup> body) {
        return update(new Update(key, hash, body, queues), hash);
    }

    /** The same for whatever key has this hash. */
    public boolean update(KeyHash hash, Consumer<Lookup> body) {
        return update(new Update(null, hash, body, queues), hash);
    }

    private boolean update(Update update, KeyHash hash) {
        ArrayDeque<Update> ahead = waiting.isEmpty() ? null : waiting.get(hash);
        if (ahead == null || !queues) {
            update.start();
            return true;
        }
        if (ahead.size() >= MAX_WAITING) {
            refused.increment();
            return false;
        }
        queued.increment();
        ahead.add(update);
        return true;
    }

    /**
     * Replaces the record. Visible at once; when the stage completes, durable here and wherever else it has to be.
     *
     * @param held what the update found; null if nothing
     */
    public CompletionStage<Storage.Durable> commit(KeyHash hash, @Nullable StoredRecord held, StoredRecord record) {
        WriteBatch batch = WriteBatch.put(Table.DATA, hash.toBytes(), codec.encode(record));
        hints.index(batch, hash, held, record);
        addToLeaf(batch, hash, held, record);
        CompletionStage<Storage.Durable> durable = storage.commit(batch);
        boolean sameObject = held != null && held.object() == record.object();
        return successor == null || sameObject ? durable : successor.changed(hash, record, durable);
    }

    /** Removes the record, and with it the claim to what this node minted for the key. {@code held} as in {@link #commit}. */
    public CompletionStage<Storage.Durable> remove(KeyHash hash, StoredRecord held) {
        WriteBatch batch = new WriteBatch().andDelete(Table.DATA, hash.toBytes());
        hints.index(batch, hash, held, null);
        addToLeaf(batch, hash, held, null);
        return storage.commit(batch);
    }

    /**
     * Replaces, or with null removes, a record that cannot be read. What that added to its leaf nobody knows, so the leaf is to be computed
     * again.
     */
    public CompletionStage<Storage.Durable> replaceDamaged(KeyHash hash, @Nullable StoredRecord record) {
        WriteBatch batch = record == null
                ? new WriteBatch().andDelete(Table.DATA, hash.toBytes())
                : WriteBatch.put(Table.DATA, hash.toBytes(), codec.encode(record));
        hints.index(batch, hash, null, record);
        addToLeaf(batch, hash, null, record);
        rebuild.mark(batch, MerkleTree.leafOf(hash));
        CompletionStage<Storage.Durable> durable = storage.commit(batch);
        return successor == null || record == null ? durable : successor.changed(hash, record, durable);
    }

    private void addToLeaf(
            WriteBatch batch, KeyHash hash, @Nullable StoredRecord before, @Nullable StoredRecord after) {
        LeafDelta delta =
                tree.delta(hash, before == null ? null : before.object(), after == null ? null : after.object());
        if (delta != null) {
            tree.add(delta);
            batch.andAdd(delta);
        }
    }

    private Lookup decode(@Nullable Key key, @Nullable Bytes bytes, @Nullable Throwable failure) {
        if (failure != null) {
            damaged.increment();
            return new Lookup.Damaged("read failed: " + failure);
        }
        if (bytes == null) {
            return Lookup.Absent.INSTANCE;
        }
        try {
            StoredRecord record = codec.decode(bytes);
            if (key != null && !record.key().equals(key)) {
                damaged.increment();
                return new Lookup.Damaged("another key, " + record.key() + ", has the same 128-bit hash");
            }
            return new Lookup.Found(record);
        } catch (CorruptRecordException e) {
            damaged.increment();
            return new Lookup.Damaged(String.valueOf(e.getMessage()));
        }
    }

    /** Goes on with those that waited for a key. */
    private void resume(KeyHash hash) {
        ArrayDeque<Update> ahead = waiting.get(hash);
        while (ahead != null) {
            Update next = ahead.poll();
            if (next == null) {
                waiting.remove(hash);
                return;
            }
            if (!next.start()) {
                return;
            }
        }
    }

    /** One read and what follows from it. */
    private final class Update implements BiConsumer<@Nullable Bytes, @Nullable Throwable> {
        private final @Nullable Key key;
        private final KeyHash hash;
        private final Consumer<Lookup> body;
        private final boolean exclusive;
        private boolean starting;
        private boolean finished;

        Update(@Nullable Key key, KeyHash hash, Consumer<Lookup> body, boolean exclusive) {
            this.key = key;
            this.hash = hash;
            this.body = body;
            this.exclusive = exclusive;
        }

        /** True when it ran to its end at once, as it does while the record is warm. */
        boolean start() {
            starting = true;
            CompletionStage<@Nullable Bytes> stage = storage.get(Table.DATA, hash.toBytes());
            Watched.whenComplete(stage, loop, this);
            starting = false;
            if (!finished && exclusive) {
                waiting.computeIfAbsent(hash, h -> new ArrayDeque<>());
            }
            return finished;
        }

        @Override
        public void accept(@Nullable Bytes bytes, @Nullable Throwable failure) {
            finished = true;
            boolean later = !starting;
            try {
                body.accept(decode(key, bytes, failure));
            } finally {
                // Also after a defect in the body, which else would block the key until the process ends.
                if (later && exclusive) {
                    resume(hash);
                }
            }
        }
    }
}
