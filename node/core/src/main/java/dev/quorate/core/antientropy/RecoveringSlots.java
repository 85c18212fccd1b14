package dev.quorate.core.antientropy;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.Watched;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The slots of which this node may have lost what it once acknowledged, because it started on an empty disk. It takes writes for them, and
 * answers no reads until one complete exchange with every other member of the row (rules.md A7): an absence that it reported would count
 * towards R, and hide a write of which it was one of the W.
 *
 * <p>A new cluster cannot be told from a wiped node by the node itself, so its nodes begin the same way; they are through with it as soon as
 * each has met the others of its rows. Confined to the event loop.
 */
public final class RecoveringSlots {
    private static final Bytes KEY = Bytes.utf8("recovering-slots");
    private static final Storage.ScanBudget ANY = new Storage.ScanBudget(1, 1);

    private final NodeId self;
    private final SlotTable table;
    private final Storage storage;
    private final EventLoop loop;
    private BitSet recovering = new BitSet();
    private final SortedMap<Integer, SortedSet<NodeId>> heardOut = new TreeMap<>();

    public RecoveringSlots(NodeId self, SlotTable table, Storage storage, EventLoop loop, Metrics metrics) {
        this.self = self;
        this.table = table;
        this.storage = storage;
        this.loop = loop;
        metrics.gauge(
                "recovering_slots", "Slots whose reads this node does not answer yet", () -> recovering.cardinality());
    }

    /** What a start finds. */
    public enum Found {
        /** The storage was used before, by a version that keeps leaves. */
        KNOWN,
        /** Nothing: all slots of this node are recovering now. */
        EMPTY,
        /** Records, and no leaves of them yet. */
        WITHOUT_LEAVES
    }

    /** Before the node serves. Completes when what a later start has to know is durable. */
    public CompletionStage<Found> load() {
        return storage.get(Table.META, KEY).thenCompose(bytes -> {
            if (bytes != null) {
                recovering = BitSet.valueOf(bytes.unsafeArray());
                return CompletableFuture.completedFuture(Found.KNOWN);
            }
            return storage.scan(Table.DATA, Storage.KeyRange.ALL, ANY).thenCompose(page -> {
                boolean empty = page.entries().isEmpty() && page.resumeAfter() == null;
                if (empty) {
                    for (int slot = 0; slot < table.slots(); slot++) {
                        recovering.set(slot, table.owns(self, slot) && table.width() > 1);
                    }
                }
                return empty
                        ? store().thenApply(durable -> Found.EMPTY)
                        : CompletableFuture.completedFuture(Found.WITHOUT_LEAVES);
            });
        });
    }

    /** The leaves of what was found are complete now. */
    public CompletionStage<Void> leavesComplete() {
        return store().thenAccept(durable -> {});
    }

    private CompletionStage<Storage.Durable> store() {
        byte[] bits = recovering.toByteArray();
        return storage.commit(WriteBatch.put(Table.META, KEY, Bytes.owning(bits)));
    }

    public boolean contains(int slot) {
        return !recovering.isEmpty() && recovering.get(slot);
    }

    public int count() {
        return recovering.cardinality();
    }

    /** The slots that still need a complete exchange with that peer, ascending. */
    List<Integer> pendingWith(NodeId peer) {
        List<Integer> pending = new ArrayList<>();
        for (int slot = recovering.nextSetBit(0); slot >= 0; slot = recovering.nextSetBit(slot + 1)) {
            if (table.owns(peer, slot) && !heardOut(slot).contains(peer)) {
                pending.add(slot);
            }
        }
        return pending;
    }

    private SortedSet<NodeId> heardOut(int slot) {
        return heardOut.computeIfAbsent(slot, s -> new TreeSet<>());
    }

    /** All that the peer holds of the slot is durable here. */
    void exchanged(int slot, NodeId peer) {
        if (!contains(slot)) {
            return;
        }
        SortedSet<NodeId> heard = heardOut(slot);
        heard.add(peer);
        for (NodeId owner : table.owners(slot)) {
            if (!owner.equals(self) && !heard.contains(owner)) {
                return;
            }
        }
        heardOut.remove(slot);
        recovering.clear(slot);
        Watched.whenComplete(store(), loop, RecoveringSlots::stored);
    }

    /** If this is lost, the next start exchanges once more. */
    private static void stored(Storage.@Nullable Durable durable, @Nullable Throwable failure) {}
}
