package dev.quorate.core.topology;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A disk that outlives its processes, whose syncs happen when the test says so; what was not synced may or may not survive a crash. */
final class CrashingStorage {
    private record Unsynced(WriteBatch batch, CompletableFuture<Storage.Durable> durable) {}

    private final Map<Bytes, Bytes> disk = new TreeMap<>();
    private final Deque<Unsynced> unsynced = new ArrayDeque<>();
    private final Runnable committed;
    private Process process = new Process();

    CrashingStorage() {
        this(() -> {});
    }

    /** @param committed told of each batch that waits to be synced */
    CrashingStorage(Runnable committed) {
        this.committed = committed;
    }

    /** What the process that runs now sees of it. */
    Storage storage() {
        return process;
    }

    boolean hasUnsynced() {
        return !unsynced.isEmpty();
    }

    /** Syncs the oldest batch. */
    void sync() {
        Unsynced oldest = unsynced.poll();
        if (oldest != null) {
            apply(disk, oldest.batch);
            oldest.durable.complete(new Storage.Durable(1));
        }
    }

    /** The process ends; the oldest {@code survivors} of what was not synced are on the disk all the same. */
    void crash(int survivors) {
        for (int i = 0; i < survivors && !unsynced.isEmpty(); i++) {
            apply(disk, unsynced.remove().batch);
        }
        unsynced.clear();
        process = new Process();
    }

    int unsynced() {
        return unsynced.size();
    }

    private static void apply(Map<Bytes, Bytes> entries, WriteBatch batch) {
        for (WriteBatch.Change change : batch.changes()) {
            Bytes value = change.value();
            if (value == null) {
                entries.remove(change.key());
            } else {
                entries.put(change.key(), value);
            }
        }
    }

    private final class Process implements Storage {
        private final Map<Bytes, Bytes> memory = new TreeMap<>(disk);

        @Override
        public CompletionStage<@Nullable Bytes> get(Table table, Bytes key) {
            return CompletableFuture.completedFuture(memory.get(key));
        }

        @Override
        public CompletionStage<Durable> commit(WriteBatch batch) {
            CompletableFuture<Durable> durable = new CompletableFuture<>();
            if (process == this) {
                apply(memory, batch);
                unsynced.add(new Unsynced(batch, durable));
                committed.run();
            }
            return durable;
        }

        @Override
        public CompletionStage<Durable> barrier() {
            throw new UnsupportedOperationException();
        }

        @Override
        public @Nullable Refusal refusal(WriteKind kind) {
            return null;
        }

        @Override
        public CompletionStage<Page> scan(Table table, KeyRange range, ScanBudget budget) {
            return CompletableFuture.completedFuture(new Page(List.of(), null));
        }

        @Override
        public int load() {
            return 0;
        }
    }
}
