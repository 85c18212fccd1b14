package dev.quorate.core.transfer;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Handover;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.Watched;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * The hand-overs that this node takes part in as the new owner. It takes what belongs to one only while it holds that one's marker, which it
 * keeps on its disk: a marker says that all that the old owner was told is held here is held here (rules.md A10, A12). Confined to the event
 * loop.
 */
final class MoveTarget {
    /** A hand-over whose old owner was not heard of for so long takes no room from others. */
    private static final Duration IDLE = Duration.ofSeconds(30);

    private static final Bytes FIRST = Bytes.utf8("receives/");
    private static final Bytes END = Bytes.utf8("receives0");

    /** Clears slots for this class. */
    interface Clearing {
        /** {@code done} is told, perhaps at once, that nothing is left in the slot but what is kept for others; never if that fails. */
        void clear(int slot, Runnable done);
    }

    private final Surroundings node;
    private final HeldSlots held;
    private final Clearing clearing;
    private final SortedMap<Integer, Handover> markers = new TreeMap<>();
    private final SortedMap<Integer, Handover> clearingFor = new TreeMap<>();
    private final SortedMap<Integer, Long> heardAt = new TreeMap<>();
    private final Metrics.Counter begun;
    private final Metrics.Counter refused;
    private final Metrics.Counter unknown;

    MoveTarget(Surroundings node, HeldSlots held, Clearing clearing) {
        this.node = node;
        this.held = held;
        this.clearing = clearing;
        Metrics metrics = node.metrics();
        this.begun = metrics.counter("transfers_received_total", "Hand-overs of slots to this node that were begun");
        this.refused = metrics.counter(
                "transfers_refused_total", "Hand-overs put off because this node takes as many as it may");
        this.unknown = metrics.counter(
                "transfers_unknown_total", "Requests refused because they belong to no hand-over that this node holds");
    }

    CompletionStage<Void> load() {
        return node.storage()
                .scan(Table.META, new Storage.KeyRange(FIRST, END), new Storage.ScanBudget(1 << 16, Integer.MAX_VALUE))
                .thenAccept(page -> {
                    int log2Slots = node.ring().table().log2Slots();
                    for (Storage.Entry entry : page.entries()) {
                        ByteBuffer value = ByteBuffer.wrap(entry.value().unsafeArray());
                        Handover handover = new Handover(value.getLong(), value.getInt());
                        log2Slots = value.getInt();
                        markers.put(slotIn(entry.key()), handover);
                    }
                    cut(node.ring().table().log2Slots() - log2Slots);
                });
    }

    /** Slots have been cut so many times since: whatever was handed over, its parts were. */
    void cut(int times) {
        clearingFor.clear();
        if (times == 0 || markers.isEmpty()) {
            return;
        }
        SortedMap<Integer, Handover> whole = new TreeMap<>(markers);
        markers.clear();
        WriteBatch batch = new WriteBatch();
        whole.forEach((slot, handover) -> {
            for (int part = slot << times; part < slot + 1 << times; part++) {
                markers.put(part, handover);
                batch.andPut(Table.META, key(part), value(handover));
            }
        });
        for (int slot : whole.keySet()) {
            if (!markers.containsKey(slot)) {
                batch.andDelete(Table.META, key(slot));
            }
        }
        // If that is lost, the next start does it again.
        Watched.whenComplete(node.storage().commit(batch), node.loop(), (durable, failure) -> {});
    }

    /** Whether the slot is being handed over to this node, or was. */
    boolean holdsMarker(int slot) {
        return markers.containsKey(slot);
    }

    /** Whether that very hand-over is this node's: under way, or ended with this node as the owner. */
    boolean admits(int slot, Handover handover) {
        if (!node.rules().refusesUnknownMoves()) {
            return true;
        }
        boolean admits = handover.equals(markers.get(slot))
                && (node.ring().state().isUnderWay(slot, handover.moveId(), handover.attempt()) || node.owns(slot));
        if (admits) {
            heardAt.put(slot, node.clock().nanos());
        } else {
            unknown.increment();
        }
        return admits;
    }

    private boolean isToReceive(int slot) {
        Move move = node.ring().state().currentMove(slot);
        return move != null
                && move.kind() == Move.Kind.MOVE
                && move.to().number() == node.self().number();
    }

    void begin(NodeId from, PeerRequest.MoveBegin request, Consumer<PeerReply> answer) {
        int slot = request.slot();
        Handover handover = request.handover();
        boolean known = slot < node.ring().table().slots();
        Handover marker = markers.get(slot);
        if (!known || !isWanted(slot, handover)) {
            if (known && handover.equals(marker) && node.owns(slot)) {
                // It has ended; the old owner learns that from the ring.
                answer.accept(PeerReply.MoveBegun.INSTANCE);
            } else if (known && !node.rules().refusesUnknownMoves()) {
                answer.accept(PeerReply.MoveBegun.INSTANCE);
            } else {
                unknown.increment();
                node.news().fetchFrom(from);
                refuse(answer, PeerReply.Refusal.NO_MOVE);
            }
            return;
        }
        if (request.held() && node.rules().refusesUnknownMoves() && !handover.equals(marker)) {
            unknown.increment();
            refuse(answer, PeerReply.Refusal.NO_MOVE);
            return;
        }
        heardAt.put(slot, node.clock().nanos());
        if (marker != null && marker.moveId() == handover.moveId()) {
            // Whatever it brought before is as good as new: the old owner finds out what is missing.
            if (marker.equals(handover)) {
                answerWhenDurable(node.storage().barrier(), answer);
            } else {
                answerWhenDurable(mark(slot, handover), answer);
            }
            return;
        }
        Storage.Refusal noRoom = node.storage().refusal(Storage.WriteKind.BACKGROUND);
        if (noRoom != null) {
            refused.increment();
            refuse(
                    answer,
                    noRoom == Storage.Refusal.STORAGE_FULL
                            ? PeerReply.Refusal.STORAGE_FULL
                            : PeerReply.Refusal.OVERLOADED);
            return;
        }
        boolean clearingAlready = clearingFor.containsKey(slot);
        if (!clearingAlready && running() >= node.config().incoming()) {
            refused.increment();
            refuse(answer, PeerReply.Refusal.OVERLOADED);
            return;
        }
        clearingFor.put(slot, handover);
        if (!clearingAlready) {
            clearing.clear(slot, () -> cleared(slot));
        }
        CompletionStage<Storage.Durable> durable =
                handover.equals(markers.get(slot)) ? node.storage().barrier() : null;
        if (durable == null) {
            // Asked again in a while, it will be through with that.
            refuse(answer, PeerReply.Refusal.NOT_READY);
        } else {
            answerWhenDurable(durable, answer);
        }
    }

    private void cleared(int slot) {
        Handover handover = clearingFor.remove(slot);
        if (handover != null && isWanted(slot, handover)) {
            begun.increment();
            Watched.whenComplete(mark(slot, handover), node.loop(), (durable, failure) -> {});
        }
    }

    private boolean isWanted(int slot, Handover handover) {
        return isToReceive(slot) && node.ring().state().isUnderWay(slot, handover.moveId(), handover.attempt());
    }

    private int running() {
        long idle = node.clock().nanos() - IDLE.toNanos();
        int running = clearingFor.size();
        for (int slot : markers.keySet()) {
            Long heard = heardAt.get(slot);
            running += isToReceive(slot) && heard != null && heard - idle > 0 ? 1 : 0;
        }
        return running;
    }

    private CompletionStage<Storage.Durable> mark(int slot, Handover handover) {
        markers.put(slot, handover);
        WriteBatch batch = WriteBatch.put(Table.META, key(slot), value(handover));
        if (held.add(slot)) {
            held.store(batch);
        }
        return node.storage().commit(batch);
    }

    /** Forgets what the ring has forgotten. A hand-over that ended here is remembered while its old owner may not know it. */
    void follow(RingState now) {
        clearingFor.keySet().removeIf(slot -> now.currentMove(slot) == null);
        List<Integer> over = new ArrayList<>();
        markers.forEach((slot, marker) -> {
            Move move = now.currentMove(slot);
            boolean mayGoOn = move != null && move.id() == marker.moveId();
            if (!mayGoOn && !now.table().owns(node.self(), slot)) {
                over.add(slot);
            }
        });
        if (over.isEmpty()) {
            return;
        }
        WriteBatch batch = new WriteBatch();
        for (int slot : over) {
            markers.remove(slot);
            heardAt.remove(slot);
            batch.andDelete(Table.META, key(slot));
        }
        // If that is lost, the next start looks at the ring again.
        Watched.whenComplete(node.storage().commit(batch), node.loop(), (durable, failure) -> {});
    }

    List<TransferStatus> status() {
        List<TransferStatus> all = new ArrayList<>();
        markers.forEach((slot, marker) -> {
            Move move = node.ring().state().currentMove(slot);
            if (move != null && isToReceive(slot)) {
                all.add(new TransferStatus(
                        slot,
                        marker.moveId(),
                        marker.attempt(),
                        move.from(),
                        move.to(),
                        TransferStatus.State.RECEIVING,
                        node.records(slot),
                        0,
                        0,
                        -1,
                        node.peers().reachable(move.from()) ? "" : "the old owner is not reachable"));
            }
        });
        return all;
    }

    private void answerWhenDurable(CompletionStage<Storage.Durable> durable, Consumer<PeerReply> answer) {
        Watched.whenComplete(durable, node.loop(), (done, failure) -> {
            if (failure == null) {
                answer.accept(PeerReply.MoveBegun.INSTANCE);
            }
        });
    }

    private static void refuse(Consumer<PeerReply> answer, PeerReply.Refusal refusal) {
        answer.accept(new PeerReply.Refused(refusal));
    }

    private Bytes value(Handover handover) {
        return Bytes.owning(ByteBuffer.allocate(Long.BYTES + 2 * Integer.BYTES)
                .putLong(handover.moveId())
                .putInt(handover.attempt())
                .putInt(node.ring().table().log2Slots())
                .array());
    }

    private static Bytes key(int slot) {
        return Bytes.owning(ByteBuffer.allocate(FIRST.length() + Integer.BYTES)
                .put(FIRST.unsafeArray())
                .putInt(slot)
                .array());
    }

    private static int slotIn(Bytes key) {
        return ByteBuffer.wrap(key.unsafeArray()).getInt(FIRST.length());
    }
}
