package dev.quorate.core.storage;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.storage.Storage.KeyRange;
import dev.quorate.core.storage.Storage.ScanBudget;
import dev.quorate.core.version.Hint;
import dev.quorate.core.version.StoredRecord;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The records that wait to be handed to an owner, by owner and key hash. Confined to the event loop.
 *
 * <p>An index and nothing more: the hint itself stands in the record, and both change in one batch, so that what is decided about a key
 * is decided in one place. What is in the index alone (its record was damaged and replaced) is dropped when a delivery meets it.
 */
public final class HintTable {
    private static final ScanBudget LOADED_AT_ONCE = new ScanBudget(4096, 1 << 20);

    /**
     * What waits for one owner.
     *
     * @param since hybrid time of the oldest hint, or of one before it that is delivered by now
     */
    public record Backlog(long keys, long bytes, long since) {
        static final Backlog NONE = new Backlog(0, 0, Long.MAX_VALUE);

        private Backlog plus(long moreBytes, long age) {
            return new Backlog(keys + 1, bytes + moreBytes, Math.min(since, age));
        }

        private Backlog minus(long lessBytes) {
            return keys <= 1 ? NONE : new Backlog(keys - 1, Math.max(0, bytes - lessBytes), since);
        }
    }

    /** Some hashes in order; {@code last} is where to go on, null at the end. */
    public record Page(List<KeyHash> hashes, @Nullable KeyHash last) {}

    private final Storage storage;
    private final EventLoop loop;
    private final SortedMap<NodeId, Backlog> backlogs = new TreeMap<>();
    private long keys;
    private long bytes;
    private long added;

    HintTable(Storage storage, EventLoop loop, Metrics metrics) {
        this.storage = storage;
        this.loop = loop;
        metrics.gauge("hints", "Records that wait to be handed to an owner", () -> keys);
        metrics.gauge("hint_bytes", "Bytes of records that wait to be handed to an owner", () -> bytes);
    }

    /** Counts what a former process left. */
    public CompletionStage<Void> load() {
        return new WholeTable(storage, loop, Table.HINTS, LOADED_AT_ONCE, entry -> {
                    ByteBuffer value = ByteBuffer.wrap(entry.value().unsafeArray());
                    add(ownerIn(entry.key()), value.getLong(), value.getInt());
                })
                .read();
    }

    /** By owner; only owners for whom something waits. */
    public SortedMap<NodeId, Backlog> backlogs() {
        return new TreeMap<>(backlogs);
    }

    public boolean isEmpty() {
        return backlogs.isEmpty();
    }

    public Backlog backlog(NodeId owner) {
        return backlogs.getOrDefault(owner, Backlog.NONE);
    }

    /** Hashes of the records that wait for an owner, in the order in which it keeps them. {@code after} null begins. */
    public CompletionStage<Page> page(NodeId owner, @Nullable KeyHash after, int maxEntries) {
        Bytes end = Bytes.owning(
                ByteBuffer.allocate(Integer.BYTES).putInt(owner.number() + 1).array());
        Bytes begin = Bytes.owning(
                ByteBuffer.allocate(Integer.BYTES).putInt(owner.number()).array());
        KeyRange all = new KeyRange(begin, end);
        KeyRange rest = after == null ? all : all.after(entryKey(owner, after));
        long addedBefore = added;
        return storage.scan(Table.HINTS, rest, new ScanBudget(maxEntries, 1 << 20))
                .thenApply(page -> {
                    List<KeyHash> hashes = new ArrayList<>(page.entries().size());
                    for (Storage.Entry entry : page.entries()) {
                        hashes.add(hashIn(entry.key()));
                    }
                    Bytes last = page.resumeAfter();
                    if (after == null && last == null && hashes.isEmpty() && added == addedBefore) {
                        // Nothing is there, whatever was counted: an entry was lost with a damaged record.
                        clear(owner);
                    }
                    return new Page(hashes, last == null ? null : hashIn(last));
                });
    }

    /** Nothing that waits for this owner is older than that: somebody has looked at all of it. */
    public void noneIsOlder(NodeId owner, long since) {
        backlogs.computeIfPresent(
                owner, (o, backlog) -> new Backlog(backlog.keys(), backlog.bytes(), Math.max(backlog.since(), since)));
    }

    /** Drops an entry whose record has no such hint any more. */
    public CompletionStage<Storage.Durable> forget(NodeId owner, KeyHash hash) {
        subtract(owner, 0);
        return storage.commit(new WriteBatch().andDelete(Table.HINTS, entryKey(owner, hash)));
    }

    /** Adds to the batch that changes a record what that means for the index. */
    void index(WriteBatch batch, KeyHash hash, @Nullable StoredRecord held, @Nullable StoredRecord record) {
        List<Hint> before = held == null ? List.of() : held.hints();
        List<Hint> now = record == null ? List.of() : record.hints();
        if (before.isEmpty() && now.isEmpty()) {
            return;
        }
        if (held != null) {
            for (Hint hint : before) {
                subtract(hint.owner(), held.size());
                if (record == null || record.hintFor(hint.owner()) == null) {
                    batch.andDelete(Table.HINTS, entryKey(hint.owner(), hash));
                }
            }
        }
        if (record != null) {
            for (Hint hint : now) {
                add(hint.owner(), hint.since(), record.size());
                batch.andPut(Table.HINTS, entryKey(hint.owner(), hash), entryValue(hint, record));
            }
        }
    }

    private void add(NodeId owner, long since, int size) {
        backlogs.put(owner, backlog(owner).plus(size, since));
        keys++;
        bytes += size;
        added++;
    }

    private void subtract(NodeId owner, int size) {
        Backlog before = backlog(owner);
        Backlog left = before.minus(size);
        set(owner, before, left);
    }

    private void clear(NodeId owner) {
        set(owner, backlog(owner), Backlog.NONE);
    }

    private void set(NodeId owner, Backlog before, Backlog left) {
        keys -= before.keys() - left.keys();
        bytes -= before.bytes() - left.bytes();
        if (left.keys() == 0) {
            backlogs.remove(owner);
        } else {
            backlogs.put(owner, left);
        }
    }

    private static Bytes entryKey(NodeId owner, KeyHash hash) {
        return Bytes.owning(ByteBuffer.allocate(Integer.BYTES + KeyHash.LENGTH)
                .putInt(owner.number())
                .putLong(hash.high())
                .putLong(hash.low())
                .array());
    }

    private static Bytes entryValue(Hint hint, StoredRecord record) {
        return Bytes.owning(ByteBuffer.allocate(Long.BYTES + Integer.BYTES)
                .putLong(hint.since())
                .putInt(record.size())
                .array());
    }

    private static NodeId ownerIn(Bytes entryKey) {
        return new NodeId(ByteBuffer.wrap(entryKey.unsafeArray()).getInt());
    }

    private static KeyHash hashIn(Bytes entryKey) {
        ByteBuffer buffer = ByteBuffer.wrap(entryKey.unsafeArray(), Integer.BYTES, KeyHash.LENGTH);
        return new KeyHash(buffer.getLong(), buffer.getLong());
    }
}
