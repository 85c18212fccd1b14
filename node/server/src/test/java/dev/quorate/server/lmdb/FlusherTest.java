package dev.quorate.server.lmdb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.LeafDelta;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.core.storage.WriteBatch.Change;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FlusherTest {
    private static final long MAP_BYTES = 16 << 20;

    @TempDir
    Path directory;

    @Test
    void plansTransactionsByBytesAndEntriesInKeyOrder() {
        MemoryTable table = new MemoryTable(0);
        WriteBatch batch = new WriteBatch();
        for (int i = 99; i >= 10; i--) {
            batch.andPut(Table.DATA, Bytes.utf8("k" + i), Bytes.owning(new byte[97]));
        }
        table.apply(1, batch.andDelete(Table.META, Bytes.utf8("gone")));
        table.freeze();
        Flusher.FlushPlan plan = new Flusher.FlushPlan(table, 1000, 8);
        List<Change> all = new ArrayList<>();
        while (plan.hasNext()) {
            List<Change> transaction = plan.next();
            assertThat(transaction).hasSizeBetween(1, 8);
            all.addAll(transaction);
        }
        assertThat(all).hasSize(91);
        assertThat(all.subList(0, 90)).extracting(change -> change.key().utf8()).isSorted();
        assertThat(all.get(90).table()).isEqualTo(Table.META);
    }

    @Test
    void additionsToLeavesAreInTheTransactionOfTheCheckpoint() {
        MemoryTable table = new MemoryTable(0);
        for (int i = 0; i < 20; i++) {
            table.apply(
                    i + 1,
                    WriteBatch.put(Table.DATA, Bytes.utf8("k" + i), Bytes.EMPTY)
                            .andAdd(new LeafDelta(i % 2, 1L << i, 1)));
        }
        table.freeze();
        Flusher.FlushPlan plan = new Flusher.FlushPlan(table, 1000, 8);
        List<Change> transaction = List.of();
        while (plan.hasNext()) {
            assertThat(transaction).noneMatch(change -> change.table() == Table.MERKLE);
            transaction = plan.next();
        }
        assertThat(transaction.stream().filter(change -> change.table() == Table.MERKLE))
                .containsExactly(
                        new Change(Table.MERKLE, LeafDelta.keyOf(0), new LeafDelta(0, 0x55555, 10).value()),
                        new Change(Table.MERKLE, LeafDelta.keyOf(1), new LeafDelta(1, 0xaaaaa, 10).value()));
    }

    /** Nothing but additions is a table too: the plan is not empty. */
    @Test
    void aTableOfAdditionsAloneIsOneTransaction() {
        MemoryTable table = new MemoryTable(0);
        table.apply(1, new WriteBatch().andAdd(new LeafDelta(9, 1, 1)));
        table.freeze();
        Flusher.FlushPlan plan = Flusher.FlushPlan.of(table);
        assertThat(plan.next()).hasSize(1);
        assertThat(plan.hasNext()).isFalse();
    }

    @Test
    void onlyTheLastTransactionStoresTheCheckpoint() throws IOException {
        LmdbTables tables = LmdbTables.open(directory, MAP_BYTES, StorageConfig.ReadMode.AUTO);
        tables.startRun(1);
        tables.commit(List.of(), null);
        assertThat(tables.checkpoint()).isZero();
        tables.commit(List.of(), 5L);
        assertThat(tables.checkpoint()).isEqualTo(5);
        assertThat(tables.closedCleanly()).isFalse();
        tables.commitClosedCleanly(6);
        assertThat(tables.closedCleanly()).isTrue();
        tables.startRun(2);
        assertThat(tables.closedCleanly()).isFalse();
        assertThat(tables.checkpoint()).isEqualTo(6);
        assertThat(tables.close(1_000, List.of())).isTrue();
    }

    /** An error that more room would not cure. */
    @Test
    void anErrorOfLmdbIsReportedOnceAndEndsTheFlusher() throws Exception {
        LmdbTables tables = LmdbTables.open(directory, MAP_BYTES, StorageConfig.ReadMode.AUTO);
        assertThat(tables.close(1_000, List.of())).isTrue();
        CompletableFuture<Throwable> failed = new CompletableFuture<>();
        Flusher flusher = new Flusher(tables, new DiskSpace(directory, 0, 0), new Flusher.Events() {
            @Override
            public void flushed(MemoryTable table) {
                failed.completeExceptionally(new AssertionError("flushed into a closed environment"));
            }

            @Override
            public void failed(Throwable cause) {
                assertThat(failed.complete(cause)).isTrue();
            }
        });
        MemoryTable table = new MemoryTable(0);
        table.apply(1, WriteBatch.put(Table.DATA, Bytes.utf8("k"), Bytes.EMPTY));
        table.freeze();
        flusher.start();
        flusher.flush(table);
        assertThat(failed.get(30, TimeUnit.SECONDS)).hasMessageContaining("closed");
        flusher.halt();
        assertThat(flusher.blocked()).isFalse();
    }
}
