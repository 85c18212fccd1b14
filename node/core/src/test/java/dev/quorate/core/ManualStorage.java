package dev.quorate.core;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.LeafDelta;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** Storage whose syncs and reads happen when the test says so; at once unless it holds them. */
public final class ManualStorage implements Storage {
    /** As the storage tells it, 0 to 100. */
    public int load;

    private final TreeMap<Bytes, Bytes> entries = new TreeMap<>();
    private final List<CompletableFuture<Durable>> unsynced = new ArrayList<>();
    // What stood where batches that are not synced have written, newest last.
    private final List<Runnable> undo = new ArrayList<>();
    private final List<Runnable> heldReads = new ArrayList<>();
    private final EnumMap<Table, Integer> scans = new EnumMap<>(Table.class);
    private boolean syncsHeld;
    private boolean readsHeld;
    private @Nullable Refusal refusal;
    private int mostInAPage = Integer.MAX_VALUE;
    private long lsn;

    public void holdSyncs() {
        syncsHeld = true;
    }

    public void sync() {
        syncsHeld = false;
        List<CompletableFuture<Durable>> due = new ArrayList<>(unsynced);
        unsynced.clear();
        undo.clear();
        due.forEach(stage -> stage.complete(new Durable(lsn)));
    }

    /** What was not synced is gone, and with it everybody who waited for anything. */
    public void crash() {
        for (int i = undo.size() - 1; i >= 0; i--) {
            undo.get(i).run();
        }
        undo.clear();
        unsynced.clear();
        heldReads.clear();
        syncsHeld = false;
        readsHeld = false;
    }

    public void holdReads() {
        readsHeld = true;
    }

    public void releaseReads() {
        readsHeld = false;
        List<Runnable> due = new ArrayList<>(heldReads);
        heldReads.clear();
        due.forEach(Runnable::run);
    }

    public void refuse(@Nullable Refusal why) {
        refusal = why;
    }

    /** What a scan finds at a time at most, however much it asks for. */
    public void pagesOf(int most) {
        mostInAPage = most;
    }

    /** Pages of that table that somebody asked for. */
    public int scans(Table table) {
        return scans.getOrDefault(table, 0);
    }

    /** Flips the last byte of the only record of that table. */
    public void damageData() {
        Bytes key = entries.keySet().stream()
                .filter(k -> k.at(0) == Table.DATA.id())
                .findFirst()
                .orElseThrow();
        byte[] bytes = entries.get(key).toByteArray();
        bytes[bytes.length - 1] ^= 1;
        entries.put(key, Bytes.owning(bytes));
    }

    public void clear() {
        entries.clear();
    }

    public void clear(Table table) {
        entries.keySet().removeIf(key -> key.at(0) == table.id());
    }

    @Override
    public CompletionStage<@Nullable Bytes> get(Table table, Bytes key) {
        if (!readsHeld) {
            return CompletableFuture.completedFuture(entries.get(place(table, key)));
        }
        // Read now, delivered later: what a slow reader sees is the past.
        Bytes found = entries.get(place(table, key));
        CompletableFuture<@Nullable Bytes> stage = new CompletableFuture<>();
        heldReads.add(() -> stage.complete(found));
        return stage;
    }

    @Override
    public CompletionStage<Durable> commit(WriteBatch batch) {
        if (refusal != null) {
            throw new IllegalStateException("committed in spite of a refusal: " + batch.changes());
        }
        lsn++;
        for (WriteBatch.Change change : batch.changes()) {
            Bytes value = change.value();
            if (value != null && change.table().combining()) {
                value = LeafDelta.combine(entries.get(place(change.table(), change.key())), value);
            }
            Bytes place = place(change.table(), change.key());
            Bytes before = value == null ? entries.remove(place) : entries.put(place, value);
            if (syncsHeld) {
                undo.add(() -> restore(place, before));
            }
        }
        return barrier();
    }

    private void restore(Bytes place, @Nullable Bytes before) {
        if (before == null) {
            entries.remove(place);
        } else {
            entries.put(place, before);
        }
    }

    @Override
    public CompletionStage<Durable> barrier() {
        if (!syncsHeld) {
            return CompletableFuture.completedFuture(new Durable(lsn));
        }
        CompletableFuture<Durable> stage = new CompletableFuture<>();
        unsynced.add(stage);
        return stage;
    }

    @Override
    public @Nullable Refusal refusal(WriteKind kind) {
        return refusal;
    }

    @Override
    public CompletionStage<Page> scan(Table table, KeyRange range, ScanBudget budget) {
        scans.merge(table, 1, Integer::sum);
        List<Entry> found = new ArrayList<>();
        for (Map.Entry<Bytes, Bytes> entry :
                entries.tailMap(place(table, range.from())).entrySet()) {
            Bytes place = entry.getKey();
            Bytes key = Bytes.owning(Arrays.copyOfRange(place.unsafeArray(), 1, place.length()));
            if (place.at(0) != table.id() || !range.contains(key)) {
                break;
            }
            if (found.size() == Math.min(mostInAPage, budget.maxEntries())) {
                Bytes last = found.get(found.size() - 1).key();
                return CompletableFuture.completedFuture(new Page(found, last));
            }
            found.add(new Entry(key, entry.getValue()));
        }
        return CompletableFuture.completedFuture(new Page(found, null));
    }

    @Override
    public int load() {
        return load;
    }

    private static Bytes place(Table table, Bytes key) {
        byte[] bytes = new byte[key.length() + 1];
        bytes[0] = (byte) table.id();
        System.arraycopy(key.unsafeArray(), 0, bytes, 1, key.length());
        return Bytes.owning(bytes);
    }
}
