package dev.quorate.core.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.ManualStorage;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.version.Actor;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.Dot;
import dev.quorate.core.version.RecordCodec;
import dev.quorate.core.version.Sibling;
import dev.quorate.core.version.StoredRecord;
import dev.quorate.core.version.VersionedObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ReplicaTableTest {
    private final ManualStorage storage = new ManualStorage();
    private final List<Runnable> loopTasks = new ArrayList<>();
    private final ReplicaTable table = newTable();
    private final Key key = new Key(1, Bytes.utf8("k"));
    private final KeyHash hash = new KeyHash(1, 2);

    private ReplicaTable newTable() {
        RecordCodec codec = new RecordCodec();
        MerkleTree tree = new MerkleTree(storage, new ObjectDigest(Bytes.owning(new byte[16])));
        LeafRebuild rebuild = new LeafRebuild(storage, tree, codec, new TaskList(), new Silent());
        return new ReplicaTable(storage, new TaskList(), codec, tree, rebuild, true, new Silent());
    }

    @Test
    void updatesOfAColdKeyRunOneAfterTheOther() {
        List<String> ran = new ArrayList<>();
        storage.holdReads();
        assertThat(table.update(key, hash, lookup -> ran.add("first"))).isTrue();
        assertThat(table.update(key, hash, lookup -> ran.add("second"))).isTrue();
        assertThat(ran).isEmpty();
        storage.releaseReads();
        assertThat(ran).containsExactly("first", "second");
    }

    @Test
    void aDefectInOneUpdateDoesNotBlockTheKeyForEver() {
        List<String> ran = new ArrayList<>();
        storage.holdReads();
        assertThat(table.update(key, hash, lookup -> {
                    throw new IllegalStateException("a defect");
                }))
                .isTrue();
        assertThat(table.update(key, hash, lookup -> ran.add("second"))).isTrue();
        storage.releaseReads();
        assertThat(table.update(key, hash, lookup -> ran.add("third"))).isTrue();
        assertThat(ran).containsExactly("second", "third");
        // Whoever runs the loop hears of it; in a stage that nobody looks at it would have vanished.
        assertThat(loopTasks).hasSize(1);
        assertThatThrownBy(loopTasks.get(0)::run).hasMessage("a defect");
    }

    @Test
    void thousandsOfUpdatesThatWaitedDoNotExhaustTheStack() {
        List<Integer> ran = new ArrayList<>();
        storage.holdReads();
        int accepted = 0;
        while (table.update(key, hash, lookup -> ran.add(ran.size()))) {
            accepted++;
        }
        assertThat(accepted).isEqualTo(ReplicaTable.MAX_WAITING + 1);
        storage.releaseReads();
        assertThat(ran).hasSize(accepted);
    }

    @Test
    void hintsAreFoundByOwnerInTheOrderOfTheirHashes() {
        NodeId away = new NodeId(2);
        StoredRecord record = record("v").withHint(away, 70).withHint(new NodeId(9), 80);
        commit(new KeyHash(5, 0), null, record);
        commit(new KeyHash(-1, 0), null, record("w").withHint(away, 60));
        commit(new KeyHash(3, 0), null, record("x").withHint(away, 90));

        HintTable hints = table.hints();
        assertThat(hints.backlogs()).containsOnlyKeys(away, new NodeId(9));
        assertThat(hints.backlog(away)).isEqualTo(new HintTable.Backlog(3, 3L * record.size(), 60));
        HintTable.Page first = page(away, null, 2);
        assertThat(first.hashes()).containsExactly(new KeyHash(3, 0), new KeyHash(5, 0));
        HintTable.Page second = page(away, first.last(), 2);
        assertThat(second.hashes()).containsExactly(new KeyHash(-1, 0));
        assertThat(second.last()).isNull();
    }

    @Test
    void theIndexOfHintsFollowsTheRecord() {
        NodeId away = new NodeId(2);
        StoredRecord hinted = record("v").withHint(away, 70).withHint(new NodeId(9), 80);
        commit(hash, null, hinted);
        StoredRecord larger = new StoredRecord(key, record("much longer").object(), null, hinted.hints());
        commit(hash, hinted, larger);
        assertThat(table.hints().backlog(away)).isEqualTo(new HintTable.Backlog(1, larger.size(), 70));
        StoredRecord handedOver = larger.withoutHint(away);
        commit(hash, larger, handedOver);
        assertThat(table.hints().backlog(away).keys()).isZero();
        assertThat(page(away, null, 10).hashes()).isEmpty();
        assertThat(page(new NodeId(9), null, 10).hashes()).containsExactly(hash);
        assertThat(table.remove(hash, handedOver)).isCompleted();
        assertThat(table.hints().isEmpty()).isTrue();
        assertThat(page(new NodeId(9), null, 10).hashes()).isEmpty();
    }

    @Test
    void aNewProcessCountsTheHintsThatAreThere() {
        commit(hash, null, record("v").withHint(new NodeId(2), 70));
        commit(new KeyHash(9, 9), null, record("w").withHint(new NodeId(2), 50));

        ReplicaTable restarted = newTable();
        assertThat(restarted.hints().load()).isCompleted();
        assertThat(restarted.hints().backlogs()).isEqualTo(table.hints().backlogs());
    }

    @Test
    void aStartWithMillionsOfHintsDoesNotExhaustTheStack() {
        NodeId away = new NodeId(2);
        for (int i = 0; i < 10_000; i++) {
            commit(new KeyHash(i, 0), null, record("v").withHint(away, 70));
        }
        storage.pagesOf(1);
        HintTable hints = newTable().hints();
        CompletableFuture<Void> loaded = hints.load().toCompletableFuture();
        while (!loopTasks.isEmpty()) {
            loopTasks.remove(0).run();
        }
        assertThat(loaded).isCompleted();
        assertThat(hints.backlog(away).keys()).isEqualTo(10_000);
    }

    @Test
    void aHintWhoseRecordWasLostIsCountedUntilSomebodyLooks() {
        NodeId away = new NodeId(2);
        commit(hash, null, record("v").withHint(away, 70));
        // Damaged, found out, and written again without what could not be read.
        commit(hash, null, record("w"));
        assertThat(page(away, null, 10).hashes()).containsExactly(hash);
        assertThat(table.hints().forget(away, hash)).isCompleted();
        assertThat(table.hints().isEmpty()).isTrue();
        commit(hash, null, record("v").withHint(away, 70));
        commit(hash, null, record("v").withHint(away, 70));
        commit(hash, record("v").withHint(away, 70), record("v"));
        assertThat(table.hints().backlog(away).keys()).isEqualTo(1);
        assertThat(page(away, null, 10).hashes()).isEmpty();
        assertThat(table.hints().isEmpty()).isTrue();
    }

    private StoredRecord record(String value) {
        Actor actor = new Actor(1, 1, 1);
        CausalContext context = CausalContext.EMPTY.withInterval(actor, 1, 1, 0);
        Sibling sibling = new Sibling(new Dot(actor, 1), 1, Sibling.Kind.VALUE, Bytes.utf8(value));
        return new StoredRecord(key, VersionedObject.of(context, List.of(sibling)), null);
    }

    private void commit(KeyHash at, @Nullable StoredRecord held, StoredRecord record) {
        assertThat(table.commit(at, held, record)).isCompleted();
    }

    private HintTable.Page page(NodeId owner, @Nullable KeyHash after, int most) {
        return table.hints().page(owner, after, most).toCompletableFuture().join();
    }

    private final class TaskList implements EventLoop {
        @Override
        public Timer after(Duration delay, Runnable task) {
            throw new AssertionError("the table sets no timers");
        }

        @Override
        public void execute(Runnable task) {
            loopTasks.add(task);
        }
    }

    private static final class Silent implements Metrics {
        @Override
        public Counter counter(String name, String help) {
            return amount -> {};
        }

        @Override
        public void gauge(String name, String help, LongSupplier value) {}

        @Override
        public Histogram histogram(String name, String help) {
            return value -> {};
        }
    }
}
