package dev.quorate.core.antientropy;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.RingVersion;
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
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;
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
    /** How many slots the bits under {@link #KEY} tell of, as a power of two: the ring may be cut between two starts. */
    private static final Bytes CUT = Bytes.utf8("recovering-slots-cut");

    private static final Storage.ScanBudget ANY = new Storage.ScanBudget(1, 1);

    private final NodeId self;
    private final CurrentRing ring;
    private final ToLongFunction<NodeId> ringOf;
    private final int fenceSize;
    private final Storage storage;
    private final EventLoop loop;
    private BitSet recovering = new BitSet();
    private final SortedMap<Integer, SortedSet<NodeId>> heardOut = new TreeMap<>();
    // Ids of moves that put this node in a dead one's place and are through with it; the ring forgets them soon.
    private final SortedSet<Long> done = new TreeSet<>();
    private final Metrics.Counter takenOver;
    private boolean loaded;

    /**
     * @param ringOf the packed version of the ring that a node is known to have on its disk; 0 if nothing is known
     * @param fenceSize other owners that have to know that this node took a dead one's place before its word counts:
     *     {@code N - min(W, R) + 1} (rules.md A18)
     */
    public RecoveringSlots(
            NodeId self,
            CurrentRing ring,
            ToLongFunction<NodeId> ringOf,
            int fenceSize,
            Storage storage,
            EventLoop loop,
            Metrics metrics) {
        this.self = self;
        this.ring = ring;
        this.ringOf = ringOf;
        this.fenceSize = fenceSize;
        this.storage = storage;
        this.loop = loop;
        metrics.gauge(
                "recovering_slots", "Slots whose reads this node does not answer yet", () -> recovering.cardinality());
        this.takenOver = metrics.counter(
                "slots_taken_over_total", "Slots that this node has made again from the others in a dead node's place");
        ring.onChange(this::follow);
    }

    private SlotTable table() {
        return ring.table();
    }

    /** Slots of this node that it got in a dead one's place stay recovering until the ring says that this has ended. */
    private void follow(RingState before, RingState now) {
        if (!loaded) {
            // What the disk says comes first: a store from here would tell it that nothing is recovering.
            return;
        }
        if (now.table().log2Slots() > before.table().log2Slots()) {
            split(now.table().log2Slots() - before.table().log2Slots());
        }
        BitSet former = (BitSet) recovering.clone();
        done.retainAll(now.moves().stream().map(Move::id).collect(Collectors.toSet()));
        markTakenOver(now);
        for (int slot = recovering.nextSetBit(0); slot >= 0; slot = recovering.nextSetBit(slot + 1)) {
            if (!now.table().owns(self, slot)) {
                recovering.clear(slot);
            }
            boolean sameRow =
                    before.table().slots() == now.table().slots() && before.rowEpoch(slot) == now.rowEpoch(slot);
            if (!sameRow) {
                // Only what was heard under the row as it is now counts (rules.md A18).
                heardOut.remove(slot);
            }
        }
        if (!former.equals(recovering)) {
            Watched.whenComplete(store(), loop, RecoveringSlots::stored);
        }
    }

    /** This node owns the slot, and what it holds of it does not say what it once acknowledged, or others in its place. */
    public void begin(int slot) {
        if (table().width() > 1 && !recovering.get(slot)) {
            heardOut.remove(slot);
            recovering.set(slot);
            Watched.whenComplete(store(), loop, RecoveringSlots::stored);
        }
    }

    private void markTakenOver(RingState state) {
        for (Move move : state.moves()) {
            boolean mine = move.kind() == Move.Kind.RECOVER && move.to().equals(self);
            if (mine && !done.contains(move.id()) && state.table().owns(self, move.slot())) {
                recovering.set(move.slot());
            }
        }
    }

    private void split(int times) {
        BitSet halves = new BitSet();
        for (int slot = recovering.nextSetBit(0); slot >= 0; slot = recovering.nextSetBit(slot + 1)) {
            halves.set(slot << times, slot + 1 << times);
        }
        recovering = halves;
        heardOut.clear();
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
                return storage.get(Table.META, CUT).thenApply(cut -> {
                    resume(BitSet.valueOf(bytes.unsafeArray()), cut);
                    return Found.KNOWN;
                });
            }
            return storage.scan(Table.DATA, Storage.KeyRange.ALL, ANY).thenCompose(page -> {
                boolean empty = page.entries().isEmpty() && page.resumeAfter() == null;
                if (empty) {
                    for (int slot = 0; slot < table().slots(); slot++) {
                        recovering.set(slot, table().owns(self, slot) && table().width() > 1);
                    }
                    loaded = true;
                }
                return empty
                        ? store().thenApply(durable -> Found.EMPTY)
                        : CompletableFuture.completedFuture(Found.WITHOUT_LEAVES);
            });
        });
    }

    /** The ring may have become durable, and what follows from it for this node not. */
    private void resume(BitSet stored, @Nullable Bytes cut) {
        recovering = stored;
        int log2Slots = table().log2Slots();
        int then = cut == null ? log2Slots : cut.unsafeArray()[0];
        if (then < log2Slots) {
            split(log2Slots - then);
        }
        markTakenOver(ring.state());
        loaded = true;
    }

    /** The leaves of what was found are complete now. */
    public CompletionStage<Void> leavesComplete() {
        loaded = true;
        markTakenOver(ring.state());
        return store().thenAccept(durable -> {});
    }

    private CompletionStage<Storage.Durable> store() {
        byte[] bits = recovering.toByteArray();
        byte[] cut = {(byte) table().log2Slots()};
        return storage.commit(
                WriteBatch.put(Table.META, KEY, Bytes.owning(bits)).andPut(Table.META, CUT, Bytes.owning(cut)));
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
            if (table().owns(peer, slot) && !heardOut(slot).contains(peer)) {
                pending.add(slot);
            }
        }
        return pending;
    }

    private SortedSet<NodeId> heardOut(int slot) {
        return heardOut.computeIfAbsent(slot, s -> new TreeSet<>());
    }

    /** What the peer must have on its disk for an exchange of the slot to count; ask before the exchange begins. */
    boolean countsFrom(int slot, NodeId peer) {
        Move takeover = takeover(slot);
        return takeover == null || knows(peer, takeover);
    }

    /**
     * Whether this node may not acknowledge anything of the slot yet: it stands in a dead owner's place, and so few of the others know it
     * that readers and writers could still agree with the dead one against it (rules.md A18).
     */
    public boolean isUnfenced(int slot) {
        if (recovering.isEmpty() || !recovering.get(slot)) {
            return false;
        }
        Move takeover = takeover(slot);
        if (takeover == null) {
            return false;
        }
        int survivors = 0;
        int know = 0;
        for (NodeId owner : table().owners(slot)) {
            if (!owner.equals(self) && !isTakenOver(slot, owner)) {
                survivors++;
                know += knows(owner, takeover) ? 1 : 0;
            }
        }
        // With fewer left than that, the operator has said that it is to go on all the same.
        return know < Math.min(fenceSize, survivors);
    }

    private boolean knows(NodeId node, Move takeover) {
        long version = ringOf.applyAsLong(node);
        if (version == 0) {
            return false;
        }
        RingVersion theirs = RingVersion.ofPacked(version);
        // Of an earlier generation it may be a ring that was given up, whatever its epoch.
        return theirs.generation() >= ring.state().version().generation() && theirs.epoch() >= takeover.sinceEpoch();
    }

    private @Nullable Move takeover(int slot) {
        for (Move move : ring.state().movesOf(slot)) {
            if (move.kind() == Move.Kind.RECOVER && move.to().equals(self)) {
                return move;
            }
        }
        return null;
    }

    private boolean isTakenOver(int slot, NodeId owner) {
        for (Move move : ring.state().movesOf(slot)) {
            if (move.kind() == Move.Kind.RECOVER && move.to().equals(owner)) {
                return true;
            }
        }
        return false;
    }

    /** Moves that put this node in a dead one's place, and need not go on: it has all that the others hold. */
    public List<Move> finished() {
        List<Move> finished = new ArrayList<>();
        for (Move move : ring.state().moves()) {
            boolean mine = move.kind() == Move.Kind.RECOVER && move.to().equals(self);
            if (mine && !contains(move.slot())) {
                finished.add(move);
            }
        }
        return finished;
    }

    /** All that the peer holds of the slot is durable here. */
    void exchanged(int slot, NodeId peer) {
        if (!contains(slot)) {
            return;
        }
        SortedSet<NodeId> heard = heardOut(slot);
        heard.add(peer);
        for (NodeId owner : table().owners(slot)) {
            if (!owner.equals(self) && !heard.contains(owner)) {
                return;
            }
        }
        heardOut.remove(slot);
        recovering.clear(slot);
        Move takeover = takeover(slot);
        if (takeover != null) {
            done.add(takeover.id());
            takenOver.increment();
        }
        // Else the next start finds these slots recovering once more.
        if (storage.refusal(Storage.WriteKind.BACKGROUND) == null) {
            Watched.whenComplete(store(), loop, RecoveringSlots::stored);
        }
    }

    /** If this is lost, the next start exchanges once more. */
    private static void stored(Storage.@Nullable Durable durable, @Nullable Throwable failure) {}
}
