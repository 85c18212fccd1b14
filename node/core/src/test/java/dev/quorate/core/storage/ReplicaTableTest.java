package dev.quorate.core.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.ManualStorage;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.Metrics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

class ReplicaTableTest {
    private final ManualStorage storage = new ManualStorage();
    private final List<Runnable> loopTasks = new ArrayList<>();
    private final ReplicaTable table = new ReplicaTable(storage, new TaskList(), true, new Silent());
    private final Key key = new Key(1, Bytes.utf8("k"));
    private final KeyHash hash = new KeyHash(1, 2);

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
