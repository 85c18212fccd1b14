package dev.quorate.server.lmdb;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.LeafDelta;
import dev.quorate.core.storage.Storage.Entry;
import dev.quorate.core.storage.Storage.KeyRange;
import dev.quorate.core.storage.Storage.ScanBudget;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.core.storage.WriteBatch.Change;
import dev.quorate.server.log.CorruptStorageException;
import dev.quorate.server.log.ManualLog;
import dev.quorate.server.log.RecordingLogFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One node's storage, taken apart: the real log, memory tables, flush and LMDB, driven step by step in any order by one thread, and crashed at any
 * step, also during the flush after a recovery.
 *
 * <p>A loss of power leaves any subset of the unsynced sectors; a kill leaves all that was written, still unsynced. LMDB's commits are atomic
 * and durable, which it promises. After each crash:
 *
 * <ul>
 *   <li>the state equals the replay of the batches up to the recovered LSN, and that includes every acknowledged one (P1);
 *   <li>a plain crash is never refused (P4);
 *   <li>a synced group destroyed on the disk is refused, unless it was the last one (P5).
 * </ul>
 */
final class CrashWorld implements AutoCloseable {
    /** Ways to break the storage, which the checks must notice. */
    enum Mistake {
        /** A group is acknowledged without a sync. */
        NO_FORCE,
        /** What recovery read is not forced. */
        NO_FORCE_AT_RECOVERY,
        /** A table is flushed before the log has synced it. */
        FLUSH_UNSYNCED,
        /** The first transaction of a flush stores the checkpoint, not the last. */
        CHECKPOINT_FIRST,
        /** The additions to leaves are in the first transaction of a flush, not in the last. */
        LEAVES_FIRST,
        /** Segments are recycled when their table is frozen, not when it is flushed. */
        RECYCLE_EARLY
    }

    /** What a run has seen; none may stay zero over all seeds. */
    static final class Seen {
        int batches;
        int powerLosses;
        int kills;
        int tornTails;
        int crashesDuringFlush;
        int damaged;
        int refused;
        int undecidableTails;
    }

    private static final int SEGMENT_BYTES = 4096;
    private static final int FLUSH_ENTRIES = 2;
    private static final int MOST_FROZEN = 2;
    private static final long MAP_BYTES = 16 << 20;
    private static final ScanBudget EVERYTHING = new ScanBudget(1 << 20, 1 << 30);

    private final Path directory;
    private final SplittableRandom random;
    private final Set<Mistake> mistakes;
    private final Seen seen;

    // The disk.
    private RecordingLogFiles files = new RecordingLogFiles();

    // The process.
    private LmdbTables tables;
    private ManualLog log;
    private MemoryTable active = new MemoryTable(0);
    private final Deque<MemoryTable> frozen = new ArrayDeque<>();
    private Flusher.@Nullable FlushPlan flush;
    private boolean flushedSome;
    private int start;

    // The model.
    private final List<WriteBatch> history = new ArrayList<>();
    private long acknowledged;

    CrashWorld(Path directory, long seed, Set<Mistake> mistakes, Seen seen) throws IOException {
        this.directory = directory;
        this.random = new SplittableRandom(seed);
        this.mistakes = EnumSet.noneOf(Mistake.class);
        this.mistakes.addAll(mistakes);
        this.seen = seen;
        this.tables = LmdbTables.open(directory, MAP_BYTES, StorageConfig.ReadMode.AUTO);
        this.log = open();
    }

    /** Throws an AssertionError when a promise is broken; returns early once a damaged log was refused. */
    void run(int steps) throws IOException {
        for (int step = 0; step < steps; step++) {
            int choice = random.nextInt(1000);
            if (choice < 350) {
                commit();
            } else if (choice < 550) {
                log.write(1 + random.nextInt(4));
            } else if (choice < 700) {
                sync();
            } else if (choice < 760) {
                freeze();
            } else if (choice < 920) {
                flushStep();
            } else if (choice < 955) {
                log.prepare();
            } else if (choice < 975) {
                seen.powerLosses++;
                files = files.afterPowerLoss(random);
                restartAndCheck();
            } else if (choice < 990) {
                seen.kills++;
                restartAndCheck();
            } else if (choice < 993 && damage()) {
                return;
            }
        }
        files = files.afterPowerLoss(random);
        restartAndCheck();
    }

    private void commit() {
        WriteBatch batch = new WriteBatch();
        change(batch, Table.DATA);
        if (random.nextInt(10) < 6) {
            change(batch, Table.META);
        }
        batch.andAdd(new LeafDelta(random.nextInt(3) * 1000, random.nextLong(4), random.nextInt(3) - 1));
        history.add(batch);
        seen.batches++;
        active.apply(history.size(), batch);
        log.append(batch);
    }

    private void change(WriteBatch batch, Table table) {
        Bytes key = Bytes.utf8("k" + random.nextInt(5));
        if (random.nextInt(5) == 0) {
            batch.andDelete(table, key);
        } else {
            batch.andPut(table, key, Bytes.utf8("v" + history.size() + "." + start + "x".repeat(random.nextInt(300))));
        }
    }

    private void sync() throws IOException {
        if (mistakes.contains(Mistake.NO_FORCE)) {
            log.pretendForced();
        } else {
            log.force();
        }
        acknowledged = log.syncedLsn();
    }

    private void freeze() {
        if (active.isEmpty() || frozen.size() == MOST_FROZEN) {
            return;
        }
        active.freeze();
        frozen.addLast(active);
        active = new MemoryTable(active.generation() + 1);
        if (mistakes.contains(Mistake.RECYCLE_EARLY)) {
            log.checkpointed(frozen.getLast().lastLsn());
        }
    }

    private void flushStep() throws IOException {
        MemoryTable table = frozen.peekFirst();
        if (table == null || log.syncedLsn() < table.lastLsn() && !mistakes.contains(Mistake.FLUSH_UNSYNCED)) {
            return;
        }
        if (flush == null) {
            flush = new Flusher.FlushPlan(table, 1 << 20, FLUSH_ENTRIES);
        }
        List<Change> changes = flush.next();
        boolean last = !flush.hasNext();
        if (mistakes.contains(Mistake.LEAVES_FIRST)) {
            changes.removeIf(change -> change.table().combining());
            if (!flushedSome) {
                table.range(Table.MERKLE, KeyRange.ALL).forEachRemaining(changes::add);
            }
        }
        tables.commit(changes, last || mistakes.contains(Mistake.CHECKPOINT_FIRST) ? table.lastLsn() : null);
        flushedSome = !last;
        if (last) {
            flush = null;
            frozen.removeFirst();
            log.checkpointed(table.lastLsn());
        }
    }

    /** Destroys a synced group that LMDB does not hold; true if the run is over. */
    private boolean damage() throws IOException {
        long checkpoint = tables.checkpoint();
        List<ManualLog.Group> candidates = log.syncedGroups().stream()
                .filter(group -> group.lastLsn() > checkpoint)
                .toList();
        if (candidates.isEmpty()) {
            return false;
        }
        ManualLog.Group group = candidates.get(random.nextInt(candidates.size()));
        boolean lastSynced = group.lastLsn() == log.syncedLsn();
        files = files.afterPowerLoss(random);
        files.damage(group.file(), group.offset() + random.nextInt(8) * 4, 4);
        seen.damaged++;
        try {
            restart();
        } catch (CorruptStorageException refused) {
            seen.refused++;
            String message = String.valueOf(refused.getMessage());
            check(
                    message.contains(group.file() + " at offset " + group.offset())
                            && message.contains("LSN " + Math.max(group.firstLsn(), checkpoint + 1)),
                    "the damage is not where the message says: " + group + ", " + message);
            return true;
        }
        check(
                lastSynced && log.recoveredLsn() < group.lastLsn(),
                "P5: started without " + group + " (synced to " + acknowledged + ")");
        seen.undecidableTails++;
        return true;
    }

    private void restartAndCheck() throws IOException {
        try {
            restart();
        } catch (CorruptStorageException refused) {
            throw new AssertionError("P4: a plain crash was refused", refused);
        }
        long recovered = log.recoveredLsn();
        check(recovered >= acknowledged, "P1: acknowledged to " + acknowledged + ", recovered to " + recovered);
        check(recovered <= history.size(), "P1: recovered " + recovered + " of " + history.size());
        if (recovered < history.size()) {
            seen.tornTails++;
        }
        history.subList(Math.toIntExact(recovered), history.size()).clear();
        acknowledged = recovered;
        Map<Table, Map<Bytes, Bytes>> expected = replay(history);
        Map<Table, Map<Bytes, Bytes>> found = content();
        check(found.equals(expected), "P1: after recovery to " + recovered + ": " + found + " instead of " + expected);
    }

    private void restart() throws IOException {
        if (flushedSome) {
            seen.crashesDuringFlush++;
        }
        tables.close(1_000, List.of());
        active = new MemoryTable(0);
        frozen.clear();
        flush = null;
        flushedSome = false;
        tables = LmdbTables.open(directory, MAP_BYTES, StorageConfig.ReadMode.AUTO);
        log = open();
    }

    private ManualLog open() throws IOException {
        start++;
        files.makeForceDoNothing(mistakes.contains(Mistake.NO_FORCE_AT_RECOVERY));
        ManualLog opened = ManualLog.open(files, SEGMENT_BYTES, tables.checkpoint(), start, active::apply);
        files.makeForceDoNothing(false);
        opened.prepare();
        return opened;
    }

    private Map<Table, Map<Bytes, Bytes>> content() {
        LmdbReader reader = tables.newReader();
        Map<Table, Map<Bytes, Bytes>> content = new EnumMap<>(Table.class);
        for (Table table : Table.values()) {
            Map<Bytes, Bytes> entries = new TreeMap<>();
            LmdbReader.Found onDisk = reader.scan(table, KeyRange.ALL, EVERYTHING);
            for (Entry entry : ScanMerge.page(List.of(active), table, KeyRange.ALL, EVERYTHING, onDisk)
                    .entries()) {
                entries.put(entry.key(), entry.value());
            }
            content.put(table, entries);
        }
        reader.closeTransaction();
        return content;
    }

    private static Map<Table, Map<Bytes, Bytes>> replay(List<WriteBatch> batches) {
        Map<Table, Map<Bytes, Bytes>> state = new EnumMap<>(Table.class);
        for (Table table : Table.values()) {
            Map<Bytes, Bytes> entries = new TreeMap<>();
            for (WriteBatch batch : batches) {
                for (Change change : batch.changes()) {
                    Bytes value = change.value();
                    if (change.table() != table) {
                        continue;
                    }
                    if (value != null && table.combining()) {
                        value = LeafDelta.combine(entries.get(change.key()), value);
                    }
                    if (value == null) {
                        entries.remove(change.key());
                    } else {
                        entries.put(change.key(), value);
                    }
                }
            }
            state.put(table, entries);
        }
        return state;
    }

    private static void check(boolean holds, String message) {
        if (!holds) {
            throw new AssertionError(message);
        }
    }

    @Override
    public void close() {
        tables.close(1_000, List.of());
    }
}
