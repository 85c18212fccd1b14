package dev.quorate.simulation;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.StorageFailedException;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * A node's storage in memory, over a {@link SimDisk}: what is committed is visible at once and becomes durable when a simulated log
 * has synced it, one group after the other. A crash keeps a prefix of the batches that were not synced yet, as a log would: nothing that
 * was, and never a later batch without the earlier ones.
 */
final class SimStorage implements Storage {
    /** Sees every batch as it becomes visible. */
    interface Watcher {
        /** Called before the batch changes {@link #stored}. */
        void committing(WriteBatch batch);
    }

    /**
     * How this disk behaves.
     *
     * @param syncNanos the usual time of one sync
     * @param coldReads share of reads that complete later, in any order among themselves (rules.md A3)
     * @param coldNanos the usual time of such a read
     */
    record Character(long syncNanos, double coldReads, long coldNanos) {}

    private record Unsynced(
            WriteBatch batch,
            long lsn,
            CompletableFuture<Durable> committed,
            List<CompletableFuture<Durable>> barriers) {}

    private final SimWorld world;
    private final SimEventLoop loop;
    private final SimDisk disk;
    private final SimRandom random;
    private final Character character;
    private final int lane;
    private final Watcher watcher;
    private final EnumMap<Table, TreeMap<Bytes, Bytes>> visible = new EnumMap<>(Table.class);
    private final ArrayDeque<Unsynced> unsynced = new ArrayDeque<>();
    private final TreeSet<Bytes> damaged = new TreeSet<>();
    private final TreeSet<Bytes> readDamaged = new TreeSet<>();
    private long lsn;
    private boolean syncing;
    private boolean gone;
    private boolean failed;
    private double slowness = 1;
    private @Nullable Refusal pressure;
    private long coldReads;
    private long barriersWaited;

    SimStorage(
            SimWorld world,
            SimEventLoop loop,
            SimDisk disk,
            SimRandom random,
            Character character,
            int lane,
            Watcher watcher) {
        this.world = world;
        this.loop = loop;
        this.disk = disk;
        this.random = random;
        this.character = character;
        this.lane = lane;
        this.watcher = watcher;
        this.lsn = disk.lsn();
        for (Table table : Table.values()) {
            visible.put(table, new TreeMap<>(disk.table(table)));
        }
    }

    private TreeMap<Bytes, Bytes> visible(Table table) {
        TreeMap<Bytes, Bytes> content = visible.get(table);
        if (content == null) {
            throw new IllegalStateException("no table " + table);
        }
        return content;
    }

    /** What the node's memory holds, damage or not: for the checker's eyes. */
    @Nullable
    Bytes stored(Bytes key) {
        return visible(Table.DATA).get(key);
    }

    /** Everything in the node's memory, damage or not: for the checker's eyes. */
    Map<Bytes, Bytes> content(Table table) {
        return Collections.unmodifiableMap(visible(table));
    }

    @Override
    public CompletionStage<@Nullable Bytes> get(Table table, Bytes key) {
        @Nullable Bytes value = visible(table).get(key);
        if (value != null && table == Table.DATA && damaged.contains(key)) {
            value = flipped(value);
            readDamaged.add(key);
        }
        if (!random.chance(character.coldReads)) {
            return SimFuture.<@Nullable Bytes>completed(world, value);
        }
        coldReads++;
        return this.<@Nullable Bytes>later(
                value, (long) (character.coldNanos * (0.1 + 2 * random.nextDouble()) * slowness));
    }

    private <T extends @Nullable Object> CompletionStage<T> later(@Nullable T value, long delayNanos) {
        SimFuture<T> answer = new SimFuture<>(world);
        world.after(delayNanos, lane, SimWorld.Kind.DISK, () -> loop.run(() -> answer.complete(value)));
        return answer;
    }

    private static Bytes flipped(Bytes value) {
        byte[] bytes = value.toByteArray();
        bytes[bytes.length / 2] ^= 0x10;
        return Bytes.owning(bytes);
    }

    @Override
    public CompletionStage<Durable> commit(WriteBatch batch) {
        watcher.committing(batch);
        for (WriteBatch.Change change : batch.changes()) {
            SimDisk.change(visible(change.table()), change);
            if (change.table() == Table.DATA) {
                // New bytes on another place of the disk.
                damaged.remove(change.key());
                readDamaged.remove(change.key());
            }
        }
        lsn++;
        Unsynced entry = new Unsynced(batch, lsn, new SimFuture<>(world), new ArrayList<>(0));
        unsynced.add(entry);
        syncMore();
        return entry.committed;
    }

    /** One group at a time: what arrives while a sync runs forms the next one. */
    private void syncMore() {
        if (syncing || unsynced.isEmpty() || gone) {
            return;
        }
        syncing = true;
        int group = unsynced.size();
        long time = (long) (character.syncNanos * (0.3 + 1.4 * random.nextDouble()) * slowness);
        world.after(time, lane, SimWorld.Kind.DISK, () -> synced(group));
    }

    /** The disk goes on while the process is stopped; only the news waits for it. */
    private void synced(int group) {
        if (gone) {
            return;
        }
        List<Unsynced> done = new ArrayList<>(group);
        for (int i = 0; i < group; i++) {
            Unsynced entry = unsynced.remove();
            disk.apply(entry.batch, entry.lsn);
            done.add(entry);
        }
        syncing = false;
        loop.run(() -> {
            for (Unsynced entry : done) {
                entry.committed.complete(new Durable(entry.lsn));
                entry.barriers.forEach(barrier -> barrier.complete(new Durable(entry.lsn)));
            }
        });
        syncMore();
    }

    @Override
    public CompletionStage<Durable> barrier() {
        if (unsynced.isEmpty()) {
            return SimFuture.completed(world, new Durable(lsn));
        }
        barriersWaited++;
        CompletableFuture<Durable> durable = new SimFuture<>(world);
        unsynced.getLast().barriers.add(durable);
        return durable;
    }

    @Override
    public @Nullable Refusal refusal(WriteKind kind) {
        if (pressure == Refusal.STORAGE_FULL) {
            return switch (kind) {
                case CLIENT_PUT -> Refusal.STORAGE_FULL;
                case CLIENT_DELETE, REPLICA_MERGE, BACKGROUND -> null;
            };
        }
        return pressure;
    }

    @Override
    public CompletionStage<Page> scan(Table table, KeyRange range, ScanBudget budget) {
        List<Entry> entries = new ArrayList<>();
        int bytes = 0;
        @Nullable Bytes resumeAfter = null;
        Iterator<Map.Entry<Bytes, Bytes>> inOrder =
                visible(table).tailMap(range.from(), true).entrySet().iterator();
        while (inOrder.hasNext()) {
            Map.Entry<Bytes, Bytes> next = inOrder.next();
            if (!range.contains(next.getKey())) {
                resumeAfter = null;
                break;
            }
            int size = next.getKey().length() + next.getValue().length();
            boolean spent = entries.size() >= budget.maxEntries() || bytes + size > budget.maxBytes();
            if (spent && !entries.isEmpty()) {
                resumeAfter = entries.get(entries.size() - 1).key();
                break;
            }
            entries.add(new Entry(next.getKey(), next.getValue()));
            bytes += size;
        }
        Page page = new Page(entries, resumeAfter);
        return random.chance(character.coldReads) ? later(page, character.coldNanos) : SimFuture.completed(world, page);
    }

    @Override
    public int load() {
        return pressure == null ? Math.min(100, unsynced.size()) : 100;
    }

    boolean hasUnsynced() {
        return !unsynced.isEmpty();
    }

    /** Reads completed late so far. */
    long coldReadCount() {
        return coldReads;
    }

    /** Barriers that had something to wait for so far. */
    long barriersWaitedCount() {
        return barriersWaited;
    }

    /** How many times slower than usual; 1 is usual. */
    void slowness(double factor) {
        slowness = factor;
    }

    /** What writes are refused with; null for none. */
    void pressure(@Nullable Refusal refusal) {
        pressure = refusal;
    }

    /** Reads of this record return flipped bits until it is written again or {@link #undamage} is called. False if there is none. */
    boolean damage(Bytes key) {
        return visible(Table.DATA).containsKey(key) && damaged.add(key);
    }

    /** Whether the node has reason to believe that this record is damaged, even if the disk has thought better of it since. */
    boolean wasReadDamaged(Bytes key) {
        return readDamaged.contains(key);
    }

    void undamage() {
        damaged.clear();
    }

    boolean failed() {
        return failed;
    }

    /** The log fails: what is not synced has an unknown outcome, and the process must end. */
    void fail() {
        failed = true;
        gone = true;
        List<Unsynced> lost = List.copyOf(unsynced);
        StorageFailedException cause =
                new StorageFailedException("the log could not be synced", new IOException("simulated"));
        for (Unsynced entry : lost) {
            entry.committed.completeExceptionally(cause);
            entry.barriers.forEach(barrier -> barrier.completeExceptionally(cause));
        }
    }

    /**
     * The process or the machine is lost. Keeps this share of the batches that were not synced, the oldest ones.
     *
     * @return the number of batches lost
     */
    int crash(double keptShare) {
        gone = true;
        int kept = (int) Math.round(unsynced.size() * keptShare);
        for (int i = 0; i < kept; i++) {
            Unsynced entry = unsynced.remove();
            disk.apply(entry.batch, entry.lsn);
        }
        int lost = unsynced.size();
        unsynced.clear();
        return lost;
    }

    /** Ends in good order: everything is synced. */
    void close() {
        crash(1);
    }
}
