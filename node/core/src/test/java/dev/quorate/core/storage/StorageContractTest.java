package dev.quorate.core.storage;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.Storage.Durable;
import dev.quorate.core.storage.Storage.Entry;
import dev.quorate.core.storage.Storage.KeyRange;
import dev.quorate.core.storage.Storage.Page;
import dev.quorate.core.storage.Storage.ScanBudget;
import dev.quorate.core.storage.Storage.WriteKind;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every {@link Storage} must do, real or simulated. A subclass says how to make one, and how to crash it. */
public abstract class StorageContractTest {
    private static final ScanBudget PLENTY = new ScanBudget(10_000, 1 << 24);

    /** A storage on a disk of its own, and the event loop it lives on. */
    public interface Host extends AutoCloseable {
        /** The running storage: another object after {@link #restart} and {@link #crash}. */
        Storage storage();

        /** Runs the work on the event loop and returns what it returns. */
        <T extends @Nullable Object> T onLoop(Supplier<T> work);

        /** Lets time pass until the stage is complete; throws what it failed with. */
        <T extends @Nullable Object> T await(CompletionStage<T> stage);

        /** Whether the caller runs on the event loop. */
        boolean onLoopNow();

        /** Stops in good order and starts again on the same disk. */
        void restart();

        /** Ends at once, as the loss of the process or the machine would, and starts again on what the disk then holds. */
        void crash();

        @Override
        void close();
    }

    private @Nullable Host started;

    /** A host with an empty disk. Small memory tables and segments make the laws reach flushes and recycling. */
    protected abstract Host newHost();

    /** How many seeds the laws run; a real disk may want fewer. */
    protected int seeds() {
        return 200;
    }

    @BeforeEach
    void start() {
        started = newHost();
    }

    @AfterEach
    void stop() {
        host().close();
    }

    private Host host() {
        Host host = started;
        assertThat(host).isNotNull();
        return host;
    }

    @Test
    void absentKeyIsNull() {
        assertThat(get(Table.DATA, "nobody")).isNull();
    }

    @Test
    void commitIsVisibleBeforeItIsDurable() {
        CompletionStage<@Nullable Bytes> read = host().<CompletionStage<@Nullable Bytes>>onLoop(() -> {
            ignoringOutcome(host().storage().commit(WriteBatch.put(Table.DATA, key("a"), value("1"))));
            return host().storage().get(Table.DATA, key("a"));
        });
        assertThat(host().<@Nullable Bytes>await(read)).isEqualTo(value("1"));
    }

    @Test
    void newestCommitWins() {
        commit(WriteBatch.put(Table.DATA, key("a"), value("1")));
        commit(WriteBatch.put(Table.DATA, key("a"), value("2")));
        assertThat(get(Table.DATA, "a")).isEqualTo(value("2"));
    }

    @Test
    void laterChangeOfOneBatchWins() {
        commit(WriteBatch.put(Table.DATA, key("a"), value("1"))
                .andDelete(Table.DATA, key("b"))
                .andPut(Table.DATA, key("a"), value("2"))
                .andPut(Table.DATA, key("b"), value("3"))
                .andPut(Table.DATA, key("c"), value("4"))
                .andDelete(Table.DATA, key("c")));
        assertThat(get(Table.DATA, "a")).isEqualTo(value("2"));
        assertThat(get(Table.DATA, "b")).isEqualTo(value("3"));
        assertThat(get(Table.DATA, "c")).isNull();
    }

    @Test
    void deletedKeyIsAbsentAlsoAfterRestart() {
        commit(WriteBatch.put(Table.DATA, key("a"), value("1")));
        host().restart();
        commit(new WriteBatch().andDelete(Table.DATA, key("a")));
        assertThat(get(Table.DATA, "a")).isNull();
        assertThat(scanAll(Table.DATA)).isEmpty();
        host().restart();
        assertThat(get(Table.DATA, "a")).isNull();
        assertThat(scanAll(Table.DATA)).isEmpty();
    }

    @Test
    void emptyValueIsNotAbsence() {
        commit(WriteBatch.put(Table.DATA, key("a"), Bytes.EMPTY));
        assertThat(get(Table.DATA, "a")).isEqualTo(Bytes.EMPTY);
        host().restart();
        assertThat(get(Table.DATA, "a")).isEqualTo(Bytes.EMPTY);
        assertThat(scanAll(Table.DATA)).containsExactly(new Entry(key("a"), Bytes.EMPTY));
    }

    @Test
    void tablesDoNotShareKeys() {
        commit(WriteBatch.put(Table.DATA, key("a"), value("data")).andPut(Table.META, key("a"), value("meta")));
        assertThat(get(Table.DATA, "a")).isEqualTo(value("data"));
        assertThat(get(Table.META, "a")).isEqualTo(value("meta"));
        host().restart();
        assertThat(get(Table.DATA, "a")).isEqualTo(value("data"));
        assertThat(get(Table.META, "a")).isEqualTo(value("meta"));
    }

    @Test
    void keysAndValuesOfEverySizeSurviveRestarts() {
        Bytes longest = Bytes.owning(new byte[WriteBatch.MAX_KEY_LENGTH]);
        Bytes highest = Bytes.owning(new byte[] {(byte) 0xff, (byte) 0xff});
        Bytes big = Bytes.owning(new byte[1 << 20]);
        commit(WriteBatch.put(Table.DATA, longest, value("zeros")).andPut(Table.DATA, highest, big));
        host().crash();
        assertThat(scanAll(Table.DATA)).containsExactly(new Entry(longest, value("zeros")), new Entry(highest, big));
        host().restart();
        assertThat(scanAll(Table.DATA)).containsExactly(new Entry(longest, value("zeros")), new Entry(highest, big));
    }

    @Test
    void refusesKeysThatNoTableHolds() {
        Bytes tooLong = Bytes.owning(new byte[WriteBatch.MAX_KEY_LENGTH + 1]);
        assertThatThrownBy(() -> WriteBatch.put(Table.DATA, tooLong, Bytes.EMPTY))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("512");
        assertThatThrownBy(() -> new WriteBatch().andDelete(Table.DATA, Bytes.EMPTY))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void changesOfACombiningTableAddUpOnceEachWhateverHappens() {
        Bytes leaf = LeafDelta.keyOf(77);
        commit(new WriteBatch().andAdd(new LeafDelta(77, 0b01, 1)).andAdd(new LeafDelta(77, 0b10, 1)));
        assertThat(getAt(Table.MERKLE, leaf)).isEqualTo(new LeafDelta(77, 0b11, 2).value());
        host().restart();
        commit(new WriteBatch().andAdd(new LeafDelta(77, 0b100, 1)));
        host().crash();
        assertThat(getAt(Table.MERKLE, leaf)).isEqualTo(new LeafDelta(77, 0b111, 3).value());
        host().restart();
        assertThat(scanAll(Table.MERKLE)).containsExactly(new Entry(leaf, new LeafDelta(77, 0b111, 3).value()));
        commit(new WriteBatch().andAdd(new LeafDelta(77, 0b111, -3)));
        assertThat(getAt(Table.MERKLE, leaf)).isNull();
        assertThat(scanAll(Table.MERKLE)).isEmpty();
        host().restart();
        assertThat(scanAll(Table.MERKLE)).isEmpty();
    }

    @Test
    void refusesWhatCannotBeAdded() {
        assertThatThrownBy(() -> new WriteBatch().andDelete(Table.MERKLE, LeafDelta.keyOf(1)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> WriteBatch.put(Table.MERKLE, key("a"), new LeafDelta(1, 1, 1).value()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> WriteBatch.put(Table.MERKLE, LeafDelta.keyOf(1), value("1")))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void commitsCompleteInOrderOnTheLoopWithGrowingNumbers() {
        int count = 50;
        List<Long> lsns = new ArrayList<>();
        List<Integer> order = new ArrayList<>();
        List<Boolean> onLoop = new ArrayList<>();
        CompletionStage<Durable> barrier = host().<CompletionStage<Durable>>onLoop(() -> {
            for (int i = 0; i < count; i++) {
                int number = i;
                ignoringOutcome(host().storage()
                        .commit(WriteBatch.put(Table.DATA, key("k" + i), value("v")))
                        .thenAccept(durable -> {
                            order.add(number);
                            lsns.add(durable.lsn());
                            onLoop.add(host().onLoopNow());
                        }));
            }
            return host().storage().barrier();
        });
        long after = host().await(barrier).lsn();
        assertThat(order).hasSize(count).isSorted();
        assertThat(lsns).isSorted();
        assertThat(after).isGreaterThanOrEqualTo(lsns.get(count - 1));
        assertThat(onLoop).containsOnly(true);
    }

    @Test
    void barrierWithoutWritesCompletes() {
        long before = barrier().lsn();
        commit(WriteBatch.put(Table.DATA, key("a"), value("1")));
        assertThat(barrier().lsn()).isGreaterThan(before);
        host().restart();
        assertThat(barrier().lsn()).isGreaterThan(before);
    }

    @Test
    void acknowledgedCommitSurvivesTheCrash() {
        commit(WriteBatch.put(Table.DATA, key("a"), value("1")));
        host().crash();
        assertThat(get(Table.DATA, "a")).isEqualTo(value("1"));
    }

    @Test
    void whatTheBarrierCoveredSurvivesTheCrash() {
        host().await(host().<CompletionStage<Durable>>onLoop(() -> {
            ignoringOutcome(host().storage().commit(WriteBatch.put(Table.DATA, key("a"), value("1"))));
            return host().storage().barrier();
        }));
        host().crash();
        assertThat(get(Table.DATA, "a")).isEqualTo(value("1"));
    }

    @Test
    void scanHonoursRangeAndOrder() {
        for (String name : List.of("d", "b", "a", "c", "e")) {
            commit(WriteBatch.put(Table.DATA, key(name), value(name)));
        }
        host().restart();
        commit(WriteBatch.put(Table.DATA, key("bb"), value("bb")).andDelete(Table.DATA, key("c")));
        assertThat(scan(Table.DATA, new KeyRange(key("b"), key("e")), PLENTY))
                .containsExactly(entry("b"), entry("bb"), entry("d"));
        assertThat(scan(Table.DATA, new KeyRange(key("bc"), null), PLENTY)).containsExactly(entry("d"), entry("e"));
        assertThat(scan(Table.DATA, new KeyRange(key("x"), null), PLENTY)).isEmpty();
        assertThat(scan(Table.META, KeyRange.ALL, PLENTY)).isEmpty();
    }

    @Test
    void scanStaysWithinItsBudgetAndMovesOn() {
        List<Entry> all = new ArrayList<>();
        for (int i = 10; i < 60; i++) {
            all.add(entry("key" + i));
            commit(WriteBatch.put(Table.DATA, key("key" + i), value("key" + i)));
            if (i == 30) {
                host().restart();
            }
        }
        Page page = page(Table.DATA, KeyRange.ALL, new ScanBudget(7, 1 << 20));
        assertThat(page.entries()).isEqualTo(all.subList(0, 7));
        assertThat(page.resumeAfter()).isEqualTo(key("key16"));
        Page tiny = page(Table.DATA, KeyRange.ALL, new ScanBudget(100, 1));
        assertThat(tiny.entries()).containsExactly(all.get(0));
        Page bytes = page(Table.DATA, KeyRange.ALL, new ScanBudget(100, 100));
        assertThat(bytes.entries())
                .hasSizeBetween(5, 11)
                .isEqualTo(all.subList(0, bytes.entries().size()));
        assertThat(scan(Table.DATA, KeyRange.ALL, new ScanBudget(1, 1 << 20))).isEqualTo(all);
        assertThat(scan(Table.DATA, KeyRange.ALL, new ScanBudget(1_000, 1))).isEqualTo(all);
    }

    @Test
    void anIdleStorageRefusesNothing() {
        for (WriteKind kind : WriteKind.values()) {
            assertThat(host().<Storage.@Nullable Refusal>onLoop(
                                    () -> host().storage().refusal(kind)))
                    .isNull();
        }
        assertThat(host().<Integer>onLoop(() -> host().storage().load())).isBetween(0, 100);
    }

    /** Reads, scans, restarts and crashes against a plain map and the list of batches. */
    @Test
    void equalsTheReplayOfItsBatchesLaw() {
        forEachSeed(seeds(), seed -> {
            try (Host host = newHost()) {
                new Replay(host, seed).run(80);
            }
        });
    }

    /** The model: the tables as they were after the last start, and the batches since then. */
    private final class Replay {
        private final Host host;
        private final SplittableRandom random;
        private final List<WriteBatch> batches = new ArrayList<>();
        private Map<Table, SortedMap<Bytes, Bytes>> base = replay(new EnumMap<>(Table.class), List.of());
        // Written on the loop, read there: the number of leading batches that were acknowledged.
        private int acknowledged;
        private int life;
        private int values;

        Replay(Host host, long seed) {
            this.host = host;
            this.random = new SplittableRandom(seed);
        }

        void run(int steps) {
            for (int step = 0; step < steps; step++) {
                int choice = random.nextInt(100);
                if (choice < 55) {
                    commitSome();
                } else if (choice < 65) {
                    barrierCoversAll();
                } else if (choice < 80) {
                    getsNewest();
                } else if (choice < 90) {
                    scansNewest();
                } else if (choice < 94) {
                    host.restart();
                    startAgain(batches.size());
                } else if (choice < 97) {
                    crash();
                }
            }
            crash();
        }

        private void commitSome() {
            int count = 1 + random.nextInt(4);
            int thisLife = life;
            host.<@Nullable Void>onLoop(() -> {
                for (int i = 0; i < count && host.storage().refusal(WriteKind.REPLICA_MERGE) == null; i++) {
                    WriteBatch batch = anyBatch();
                    batches.add(batch);
                    int number = batches.size();
                    ignoringOutcome(host.storage().commit(batch).thenAccept(durable -> {
                        if (thisLife == life) {
                            acknowledged = Math.max(acknowledged, number);
                        }
                    }));
                }
                return null;
            });
        }

        private WriteBatch anyBatch() {
            WriteBatch batch = new WriteBatch();
            int changes = 1 + random.nextInt(3);
            for (int i = 0; i < changes; i++) {
                Table table = Table.values()[random.nextInt(Table.values().length)];
                if (table.combining()) {
                    // Few values, so that sums of nothing are among them.
                    batch.andAdd(
                            new LeafDelta(LeafDelta.leafOf(anyKey(table)), random.nextLong(3), random.nextInt(3) - 1));
                } else if (random.nextInt(4) == 0) {
                    batch.andDelete(table, anyKey(table));
                } else {
                    batch.andPut(table, anyKey(table), value("v" + ++values + "x".repeat(random.nextInt(60))));
                }
            }
            return batch;
        }

        private Bytes anyKey(Table table) {
            // Two leaves of each neighbourhood.
            return table.combining()
                    ? LeafDelta.keyOf(random.nextInt(6) * 13_000 + random.nextInt(2))
                    : key("k" + random.nextInt(12));
        }

        private void barrierCoversAll() {
            host.await(
                    host.<CompletionStage<Durable>>onLoop(() -> host.storage().barrier()));
            int covered = host.<Integer>onLoop(() -> acknowledged);
            assertThat(covered)
                    .as("batches acknowledged once the barrier has completed")
                    .isEqualTo(batches.size());
        }

        private void getsNewest() {
            Table table = Table.values()[random.nextInt(Table.values().length)];
            Bytes key = anyKey(table);
            CompletionStage<@Nullable Bytes> read = host.<CompletionStage<@Nullable Bytes>>onLoop(
                    () -> host.storage().get(table, key));
            assertThat(host.<@Nullable Bytes>await(read))
                    .isEqualTo(tables(replay(base, batches), table).get(key));
        }

        private void scansNewest() {
            Table table = Table.values()[random.nextInt(Table.values().length)];
            Bytes from = random.nextInt(3) == 0 ? Bytes.EMPTY : anyKey(table);
            @Nullable Bytes end = random.nextInt(3) == 0 ? null : anyKey(table);
            KeyRange range = new KeyRange(from, end);
            List<Entry> expected = new ArrayList<>();
            tables(replay(base, batches), table).forEach((key, value) -> {
                if (range.contains(key)) {
                    expected.add(new Entry(key, value));
                }
            });
            ScanBudget budget = new ScanBudget(1 + random.nextInt(8), 1 + random.nextInt(400));
            assertThat(scanPages(host, table, range, budget)).isEqualTo(expected);
        }

        private void crash() {
            host.crash();
            // Commits of the life before complete no more, so this is what was promised when it ended.
            int promised = host.<Integer>onLoop(() -> acknowledged);
            Map<Table, SortedMap<Bytes, Bytes>> found = new EnumMap<>(Table.class);
            for (Table table : Table.values()) {
                SortedMap<Bytes, Bytes> content = new TreeMap<>();
                scanPages(host, table, KeyRange.ALL, PLENTY).forEach(entry -> content.put(entry.key(), entry.value()));
                found.put(table, content);
            }
            for (int length = batches.size(); length >= promised; length--) {
                if (replay(base, batches.subList(0, length)).equals(found)) {
                    startAgain(length);
                    return;
                }
            }
            throw new AssertionError("after the crash the tables equal no replay of " + promised + " (acknowledged) to "
                    + batches.size() + " (applied) batches: " + found);
        }

        private void startAgain(int survived) {
            base = replay(base, batches.subList(0, survived));
            batches.clear();
            host.<@Nullable Void>onLoop(() -> {
                acknowledged = 0;
                life++;
                return null;
            });
        }
    }

    private static Map<Table, SortedMap<Bytes, Bytes>> replay(
            Map<Table, SortedMap<Bytes, Bytes>> base, List<WriteBatch> batches) {
        Map<Table, SortedMap<Bytes, Bytes>> state = new EnumMap<>(Table.class);
        for (Table table : Table.values()) {
            NavigableMap<Bytes, Bytes> content = new TreeMap<>();
            SortedMap<Bytes, Bytes> before = base.get(table);
            if (before != null) {
                content.putAll(before);
            }
            state.put(table, content);
        }
        for (WriteBatch batch : batches) {
            for (WriteBatch.Change change : batch.changes()) {
                Bytes value = change.value();
                if (value != null && change.table().combining()) {
                    value = LeafDelta.combine(tables(state, change.table()).get(change.key()), value);
                }
                if (value == null) {
                    tables(state, change.table()).remove(change.key());
                } else {
                    tables(state, change.table()).put(change.key(), value);
                }
            }
        }
        return state;
    }

    private static SortedMap<Bytes, Bytes> tables(Map<Table, SortedMap<Bytes, Bytes>> state, Table table) {
        return state.computeIfAbsent(table, absent -> new TreeMap<>());
    }

    private void commit(WriteBatch batch) {
        Durable durable = host().await(host().<CompletionStage<Durable>>onLoop(
                        () -> host().storage().commit(batch)));
        assertThat(durable.lsn()).isPositive();
    }

    private Durable barrier() {
        return host().await(host().<CompletionStage<Durable>>onLoop(
                        () -> host().storage().barrier()));
    }

    private @Nullable Bytes get(Table table, String name) {
        return getAt(table, key(name));
    }

    private @Nullable Bytes getAt(Table table, Bytes key) {
        CompletionStage<@Nullable Bytes> read = host().<CompletionStage<@Nullable Bytes>>onLoop(
                        () -> host().storage().get(table, key));
        return host().<@Nullable Bytes>await(read);
    }

    private Page page(Table table, KeyRange range, ScanBudget budget) {
        return page(host(), table, range, budget);
    }

    private static Page page(Host host, Table table, KeyRange range, ScanBudget budget) {
        return host.await(
                host.<CompletionStage<Page>>onLoop(() -> host.storage().scan(table, range, budget)));
    }

    private List<Entry> scanAll(Table table) {
        return scan(table, KeyRange.ALL, PLENTY);
    }

    private List<Entry> scan(Table table, KeyRange range, ScanBudget budget) {
        return scanPages(host(), table, range, budget);
    }

    private static List<Entry> scanPages(Host host, Table table, KeyRange range, ScanBudget budget) {
        List<Entry> entries = new ArrayList<>();
        KeyRange left = range;
        while (true) {
            Page page = page(host, table, left, budget);
            assertThat(page.entries()).hasSizeLessThanOrEqualTo(budget.maxEntries());
            entries.addAll(page.entries());
            Bytes last = page.resumeAfter();
            if (last == null) {
                return entries;
            }
            assertThat(left.contains(last)).as("page of %s moves on", left).isTrue();
            left = left.after(last);
        }
    }

    /** For commits whose fate the test learns in another way. */
    private static void ignoringOutcome(CompletionStage<?> stage) {
        assertThat(stage).isNotNull();
    }

    private static Entry entry(String name) {
        return new Entry(key(name), value(name));
    }

    private static Bytes key(String name) {
        return Bytes.utf8(name);
    }

    private static Bytes value(String text) {
        return Bytes.utf8(text);
    }
}
