package dev.quorate.core.transfer;

import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Handover;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.Watched;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.Storage.Durable;
import dev.quorate.core.storage.Successor;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.core.version.StoredRecord;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Slots that come to this node and slots that leave it: begins what the ring wants as far as there is room for it, answers the nodes on the
 * other side, stands between this node's replicas and their clients while it has to, and clears away what is left. Confined to the event loop.
 */
public final class Transfers implements Successor {
    private static final Duration LONGEST_TICK = Duration.ofMillis(250);
    /** Slots cleared away at a time, besides those that are to be received next. */
    private static final int PURGES = 2;

    /** Of a slot that this node neither owns nor receives, but holds. */
    private record Leftover(RingVersion version, long since) {}

    private final Surroundings node;
    private final Duration tick;
    private final HeldSlots held;
    private final MoveTarget target;
    private final MoveSource.Counters counters;
    private final SortedMap<Integer, MoveSource> sources = new TreeMap<>();
    private final SortedMap<Integer, Leftover> leftovers = new TreeMap<>();
    private final SortedMap<Integer, Purge> purges = new TreeMap<>();
    // By slot, what waits for it to be empty.
    private final SortedMap<Integer, Runnable> clearings = new TreeMap<>();
    private final Metrics.Counter purged;
    // A copy of what the sources say, for the paths that every operation takes.
    private final BitSet proxied = new BitSet();
    private final BitSet forwarding = new BitSet();
    private boolean loaded;

    public Transfers(Surroundings node) {
        this.node = node;
        Duration retry = node.config().retry();
        this.tick = retry.compareTo(LONGEST_TICK) < 0 ? retry : LONGEST_TICK;
        Metrics metrics = node.metrics();
        this.held = new HeldSlots(node.storage());
        this.target = new MoveTarget(node, held, this::clear);
        this.counters = MoveSource.Counters.of(metrics);
        this.purged = metrics.counter("transfer_records_purged_total", "Records cleared away after a hand-over");
        metrics.gauge("transfers_outgoing", "Slots that this node hands over now", this::outgoing);
        metrics.gauge("transfer_leftover_slots", "Slots of other nodes that are not cleared away yet", leftovers::size);
        node.ring().onChange(this::follow);
    }

    /** Once the ring of the disk is known, and before the node serves: it may have to serve as one who may be the owner no more. */
    public CompletionStage<Void> load() {
        RingState ring = node.ring().state();
        return held.load(ring.table().log2Slots())
                .thenCompose(known -> target.load().thenApply(done -> known))
                .thenCompose(known -> node.storage()
                        .scan(
                                Table.META,
                                new Storage.KeyRange(MoveSource.Flipping.FIRST, MoveSource.Flipping.END),
                                new Storage.ScanBudget(1 << 16, Integer.MAX_VALUE))
                        .thenCompose(page -> {
                            page.entries().forEach(entry -> resume(MoveSource.Flipping.of(entry.key(), entry.value())));
                            loaded = true;
                            target.follow(node.ring().state());
                            if (known) {
                                takeUp(node.ring().state(), null);
                            } else {
                                holdWhatIsOwned(node.ring().state());
                                doubtMoves(node.ring().state());
                            }
                            followMoves(node.ring().state());
                            return node.storage().commit(held.store(new WriteBatch()));
                        }))
                .thenAccept(durable -> {});
    }

    private void resume(MoveSource.Flipping marked) {
        RingState ring = node.ring().state();
        Move move = ring.currentMove(marked.slot());
        boolean mine = move != null
                && move.from().equals(node.self())
                && ring.isUnderWay(
                        marked.slot(),
                        marked.handover().moveId(),
                        marked.handover().attempt());
        if (move != null && mine) {
            MoveSource source = new MoveSource(node, counters, move, this::sourceChanged);
            sources.put(marked.slot(), source);
            source.resumeFlipping(marked.doubted());
        } else {
            Watched.whenComplete(
                    node.storage()
                            .commit(new WriteBatch().andDelete(Table.META, MoveSource.Flipping.key(marked.slot()))),
                    node.loop(),
                    (durable, failure) -> {});
        }
    }

    /** Once the node serves. */
    public void start() {
        node.wheel().after(tick, this::tick);
    }

    /** Answers a node at the other end of a hand-over. False if the request is none of these. */
    public boolean onPeerRequest(NodeId from, PeerRequest request, Consumer<PeerReply> answer) {
        if (request instanceof PeerRequest.MoveBegin begin) {
            target.begin(from, begin, answer);
            return true;
        }
        return false;
    }

    /** Whether what is sent on account of that hand-over is for this node. */
    public boolean admits(int slot, Handover handover) {
        return target.admits(slot, handover);
    }

    /** Whether the slot is being handed over to this node: what it holds of it stays, though it is no owner yet (rules.md A8). */
    public boolean receives(int slot) {
        return target.holdsMarker(slot);
    }

    /** Whether reads of the slot are answered by {@link #read}, and not from what this node holds. */
    public boolean proxiesReads(int slot) {
        return proxied.get(slot);
    }

    /** Lets the new owner of the key's slot answer. */
    public void read(Key key, KeyHash hash, Consumer<PeerReply> answer) {
        MoveSource source = sources.get(node.slotOf(hash));
        if (source == null) {
            answer.accept(new PeerReply.Refused(PeerReply.Refusal.NOT_READY));
        } else {
            source.read(key, answer);
        }
    }

    /**
     * Whether this node must stand in for nobody in that slot: it holds what is another's by now, or is about to get the slot, and would then have
     * acknowledged one write in two places with one disk (rules.md A12).
     */
    public boolean mustNotStandIn(int slot) {
        return leftovers.containsKey(slot) || target.holdsMarker(slot) && !node.owns(slot);
    }

    /** Whether this node has nothing to hand over, to take over or to clear away. */
    public boolean isIdle() {
        return sources.isEmpty() && leftovers.isEmpty() && purges.isEmpty();
    }

    /** What goes on, by slot: first what leaves, then what comes, then what is cleared away. */
    public List<TransferStatus> status() {
        List<TransferStatus> all = new ArrayList<>();
        sources.forEach((slot, source) -> {
            if (source.state() != TransferStatus.State.GONE) {
                all.add(source.status());
            }
        });
        all.addAll(target.status());
        leftovers.forEach((slot, leftover) -> {
            boolean purging = purges.containsKey(slot);
            long keys = node.records(slot);
            String waits = node.news().usedEverywhere(leftover.version())
                    ? ""
                    : "not all nodes know yet that the slot is another's";
            all.add(new TransferStatus(
                    slot,
                    0,
                    0,
                    null,
                    null,
                    purging ? TransferStatus.State.PURGING : TransferStatus.State.GONE,
                    keys,
                    0,
                    keys,
                    -1,
                    purging ? "" : waits));
        });
        return all;
    }

    @Override
    public CompletionStage<Durable> changed(KeyHash hash, StoredRecord record, CompletionStage<Durable> durable) {
        MoveSource source = sources.get(node.slotOf(hash));
        if (source == null || !source.forwards()) {
            return durable;
        }
        boolean passesOn =
                source.state() == TransferStatus.State.GONE || node.ownership().owns(record.key(), hash);
        return passesOn ? source.changed(record.key(), record.object(), durable) : durable;
    }

    @Override
    public CompletionStage<Durable> unchanged(KeyHash hash, CompletionStage<Durable> durable) {
        MoveSource source = sources.get(node.slotOf(hash));
        return source == null || !source.forwards() ? durable : source.unchanged(hash, durable);
    }

    private void sourceChanged(MoveSource source) {
        boolean present = sources.get(source.slot()) == source;
        proxied.set(source.slot(), present && source.proxiesReads());
        forwarding.set(source.slot(), present && source.forwards());
        node.records().follow(forwarding.isEmpty() ? null : this);
    }

    private long outgoing() {
        long running = 0;
        for (MoveSource source : sources.values()) {
            running += source.isRunning() ? 1 : 0;
        }
        return running;
    }

    private void follow(RingState before, RingState now) {
        if (!loaded) {
            return;
        }
        if (now.table().log2Slots() != before.table().log2Slots()) {
            cut(before, now);
        }
        target.follow(now);
        List<MoveSource> over = new ArrayList<>();
        for (MoveSource source : sources.values()) {
            if (!source.follow(before, now)) {
                over.add(source);
            }
        }
        over.forEach(this::drop);
        takeUp(now, before);
        followMoves(now);
    }

    /** Slots have been cut, and have other numbers now. That happens only while nothing moves. */
    private void cut(RingState before, RingState now) {
        held.cutInto(now.table().log2Slots());
        target.cut(now.table().log2Slots() - before.table().log2Slots());
        for (MoveSource source : new ArrayList<>(sources.values())) {
            drop(source);
            source.end();
        }
        purges.values().forEach(Purge::stop);
        purges.clear();
        clearings.clear();
        leftovers.clear();
    }

    private void drop(MoveSource source) {
        sources.remove(source.slot());
        sourceChanged(source);
    }

    private void followMoves(RingState now) {
        now.currentMoves().forEach((slot, move) -> {
            boolean mine = move.kind() == Move.Kind.MOVE
                    && move.from().equals(node.self())
                    && now.table().owns(node.self(), slot);
            MoveSource known = sources.get(slot);
            if (mine && known != null && known.state() == TransferStatus.State.GONE) {
                drop(known);
                known = null;
            }
            if (mine && known == null) {
                MoveSource source = new MoveSource(node, counters, move, this::sourceChanged);
                sources.put(slot, source);
                if (node.rules().persistsFlipping() && node.flips().mayBeForgotten()) {
                    doubt(source);
                }
            }
        });
    }

    /** A node that lost its disk does not know how far it was, and a former process may have asked to flip just before. */
    private void doubtMoves(RingState ring) {
        followMoves(ring);
        if (node.rules().persistsFlipping()) {
            sources.values().forEach(this::doubt);
        }
    }

    private void doubt(MoveSource source) {
        source.resumeFlipping(true);
        WriteBatch batch = new WriteBatch();
        source.markDoubted(batch);
        // If that is lost, the next process has forgotten as much.
        Watched.whenComplete(node.storage().commit(batch), node.loop(), (durable, failure) -> {});
    }

    private void holdWhatIsOwned(RingState ring) {
        for (int slot = 0; slot < ring.table().slots(); slot++) {
            if (ring.table().owns(node.self(), slot)) {
                held.add(slot);
            }
        }
    }

    /** Finds what this node owns and does not hold, and what it holds and does not own. */
    private void takeUp(RingState now, @Nullable RingState before) {
        boolean more = false;
        for (int slot = 0; slot < now.table().slots(); slot++) {
            boolean owns = now.table().owns(node.self(), slot);
            boolean owned = before != null
                    && before.table()
                            .owns(
                                    node.self(),
                                    slot
                                            >>> now.table().log2Slots()
                                                    - before.table().log2Slots());
            if (owns && !owned && !target.holdsMarker(slot) && (before != null || !held.contains(slot))) {
                node.ownership().recover(slot);
            }
            more |= owns && held.add(slot);
            if (owns || target.holdsMarker(slot)) {
                comesBack(slot);
            } else if (held.contains(slot)) {
                leftovers.putIfAbsent(
                        slot, new Leftover(now.version(), node.clock().nanos()));
            }
        }
        if (more && before != null) {
            // If that is lost, the next start finds out the same again.
            Watched.whenComplete(
                    node.storage().commit(held.store(new WriteBatch())), node.loop(), (durable, failure) -> {});
        }
    }

    private void comesBack(int slot) {
        leftovers.remove(slot);
        Purge purge = purges.get(slot);
        if (purge != null) {
            purge.stop();
        }
    }

    private void tick() {
        node.wheel().after(tick, this::tick);
        RingState ring = node.ring().state();
        for (MoveSource source : new ArrayList<>(sources.values())) {
            source.look();
        }
        if (!ring.paused()) {
            beginDue(ring);
        }
        purgeDue();
    }

    private void purgeDue() {
        long now = node.clock().nanos();
        RingVersion notUsedEverywhere = null;
        for (Map.Entry<Integer, Leftover> entry : new TreeMap<>(leftovers).entrySet()) {
            Leftover leftover = entry.getValue();
            boolean late = now - leftover.since() >= node.config().purgeDelay().toNanos();
            boolean room = purges.size() < PURGES && !purges.containsKey(entry.getKey());
            // Members are looked through once for all leftovers that one of them holds up.
            boolean heldUp = notUsedEverywhere != null && leftover.version().compareTo(notUsedEverywhere) >= 0;
            if (!late || !room || heldUp) {
                continue;
            }
            if (node.news().usedEverywhere(leftover.version())) {
                purge(entry.getKey(), false);
            } else {
                notUsedEverywhere = leftover.version();
            }
        }
    }

    /** In the order of the plan. */
    private void beginDue(RingState ring) {
        long running = outgoing();
        for (Move move : ring.moves()) {
            if (running >= node.config().outgoing()) {
                return;
            }
            MoveSource source = sources.get(move.slot());
            if (source != null && source.move().equals(move) && source.isDue()) {
                source.begin();
                running += source.isRunning() ? 1 : 0;
            }
        }
    }

    private void purge(int slot, boolean toReceive) {
        Purge purge = new Purge(node, slot, toReceive, purged, this::purgeEnded);
        purges.put(slot, purge);
        purge.start();
    }

    /** A slot is received on cleared ground: what an earlier time left here would come back to life (rules.md A10). */
    private void clear(int slot, Runnable done) {
        Purge older = purges.get(slot);
        if (older != null && !node.rules().purgeGivesWay()) {
            done.run();
            return;
        }
        clearings.put(slot, done);
        if (older == null) {
            clearNow(slot);
        } else if (!older.isToReceive()) {
            older.stop();
        }
    }

    private void clearNow(int slot) {
        if (isMine(slot)) {
            clearings.remove(slot);
        } else if (held.contains(slot)) {
            purge(slot, true);
        } else {
            cleared(slot);
        }
    }

    private void purgeEnded(Purge purge) {
        int slot = purge.slot();
        if (!purges.remove(slot, purge)) {
            // Of a time in which slots had other numbers.
            return;
        }
        if (isMine(slot)) {
            clearings.remove(slot);
        } else if (purge.isComplete() && (purge.isToReceive() || !clearings.containsKey(slot))) {
            cleared(slot);
        } else if (clearings.containsKey(slot)) {
            node.wheel().after(Duration.ZERO, () -> {
                if (!purges.containsKey(slot)) {
                    clearNow(slot);
                }
            });
        }
    }

    private void cleared(int slot) {
        leftovers.remove(slot);
        held.remove(slot);
        MoveSource gone = sources.get(slot);
        if (gone != null && gone.state() == TransferStatus.State.GONE) {
            drop(gone);
        }
        Runnable waiting = clearings.remove(slot);
        if (waiting != null) {
            waiting.run();
        }
        // If that is lost, the next start clears once more.
        Watched.whenComplete(
                node.storage().commit(held.store(new WriteBatch())), node.loop(), (durable, failure) -> {});
    }

    private boolean isMine(int slot) {
        return node.owns(slot) || target.holdsMarker(slot);
    }
}
