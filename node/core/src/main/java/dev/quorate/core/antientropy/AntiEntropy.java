package dev.quorate.core.antientropy;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Handover;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.storage.LeafSums;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Compares this node with each peer that shares slots with it, now and then, and makes both equal: what neither a write, nor a hint, nor a read
 * repair brought to a replica, this does. Exchanges begin at once with peers that come back and for slots that are recovering.
 * Confined to the event loop.
 */
public final class AntiEntropy {
    private static final Duration LONGEST_TICK = Duration.ofMillis(500);

    /** While reads wait for exchanges, nothing else does. */
    private static final Duration HURRIED_TICK = Duration.ofMillis(50);

    private static final int MAX_DOUBLINGS = 20;

    private final Surroundings node;
    private final Pace pace;
    private final Pace copyPace;
    private final ExchangeResponder responder;
    private final Scrub scrub;
    private final SortedMap<NodeId, Peer> peers = new TreeMap<>();
    private final Duration tick;
    private final Metrics.Counter completed;
    private final Metrics.Counter notCompleted;
    private final Metrics.Counter leafComparisons;
    private final Metrics.Counter compared;
    private final Metrics.Counter pulled;
    private final Metrics.Counter pushed;
    private int underWay;
    private boolean started;

    public AntiEntropy(Surroundings node) {
        this.node = node;
        this.pace = new Pace(node.clock(), node.config());
        this.copyPace = new Pace(node.clock(), node.config());
        this.responder = new ExchangeResponder(node);
        this.scrub = new Scrub(node, this::repairSoon);
        Duration fine = node.config().interval().dividedBy(4);
        this.tick = fine.compareTo(LONGEST_TICK) < 0 ? fine : LONGEST_TICK;
        sharePeers();
        node.ring().onChange((before, now) -> sharePeers());
        Metrics metrics = node.metrics();
        this.completed = metrics.counter("anti_entropy_exchanges_total", "Exchanges led by this node and completed");
        this.notCompleted = metrics.counter(
                "anti_entropy_exchanges_incomplete_total", "Exchanges led by this node and not completed");
        this.leafComparisons = metrics.counter(
                "anti_entropy_leaf_comparisons_total",
                "Messages that compared leaves, which only slots that differ need");
        this.compared = metrics.counter("anti_entropy_keys_compared_total", "Records compared one by one in exchanges");
        this.pulled = metrics.counter("anti_entropy_keys_pulled_total", "Records fetched from peers by exchanges");
        this.pushed = metrics.counter("anti_entropy_keys_pushed_total", "Records sent to peers by exchanges");
        metrics.gauge("anti_entropy_exchanges_under_way", "Exchanges led by this node now", () -> underWay);
    }

    /** By the ring of now, who shares which slots with this node. Those that were known keep what is known of them. */
    private void sharePeers() {
        SlotTable table = node.table();
        SortedMap<NodeId, List<Integer>> shared = new TreeMap<>();
        for (int slot = 0; slot < table.slots(); slot++) {
            if (table.owns(node.self(), slot)) {
                for (NodeId owner : table.owners(slot)) {
                    if (!owner.equals(node.self())) {
                        shared.computeIfAbsent(owner, none -> new ArrayList<>()).add(slot);
                    }
                }
            }
        }
        peers.keySet().retainAll(shared.keySet());
        shared.forEach((id, slots) -> {
            Peer known = peers.get(id);
            if (known == null) {
                Peer added = new Peer(id, slots);
                if (started) {
                    added.met(node.clock().nanos());
                }
                peers.put(id, added);
            } else {
                known.shared = slots;
                if (known.readsWait()) {
                    known.soon();
                }
            }
        });
    }

    /** Once the node serves. */
    public void start() {
        if (!node.config().enabled()) {
            return;
        }
        started = true;
        for (Peer peer : peers.values()) {
            // Soon, because a restart may have missed much; not all peers at once.
            peer.met(node.clock().nanos());
        }
        scrub.begin();
        node.wheel().after(Duration.ZERO, this::tick);
    }

    /** Answers a peer that leads an exchange. False if the request is none of an exchange. */
    public boolean onPeerRequest(NodeId from, PeerRequest request, Consumer<PeerReply> answer) {
        if (request instanceof PeerRequest.CompareRoots roots) {
            responder.compareRoots(roots, answer);
        } else if (request instanceof PeerRequest.CompareLeaves leaves) {
            responder.compareLeaves(leaves, answer);
        } else if (request instanceof PeerRequest.SyncRange range) {
            responder.syncRange(from, range, answer);
        } else {
            return false;
        }
        return true;
    }

    /** Begins exchanges as soon as there is room for them: with one peer, or with all. Returns with how many. */
    public int repair(@Nullable NodeId only) {
        int begun = 0;
        for (Peer peer : peers.values()) {
            if (only == null || only.equals(peer.id)) {
                peer.soon();
                peer.mayWaitUntil = peer.nextAt;
                begun++;
            }
        }
        return begun;
    }

    /**
     * Brings all that this node holds of one slot to a peer that is to take it over. Whatever the peer has beyond that comes here as well. Begins
     * at once, whatever else is under way.
     *
     * @param everyKey compares every record, not only where sums differ, and so finds those that cannot be read here
     * @param done told once, unless the copy is cancelled
     */
    public SlotCopy copySlot(NodeId peer, int slot, Handover handover, boolean everyKey, Consumer<SlotCopy> done) {
        SlotCopy copy = new SlotCopy(node, copyPace, peer, slot, handover, everyKey, this::repairDamaged, done);
        copy.begin();
        return copy;
    }

    /** How fast all copies together go, from now on; exchanges have a pace of their own. */
    public void paceCopies(int keysPerSecond, long bytesPerSecond) {
        copyPace.set(keysPerSecond, bytesPerSecond);
    }

    /** As scrubbing does it: without the damaged record the leaf differs from those of the other owners, who then send theirs. */
    private void repairDamaged(int leaf) {
        node.rebuild().rebuild(leaf, result -> repairSoon(leaf));
    }

    private void repairSoon(int leaf) {
        int slot = leaf >>> LeafSums.DEPTH - node.table().log2Slots();
        for (NodeId owner : node.table().owners(slot)) {
            Peer peer = peers.get(owner);
            if (peer != null) {
                peer.soon();
            }
        }
    }

    private void tick() {
        for (Peer peer : peers.values()) {
            peer.look();
        }
        beginDue();
        boolean hurry = node.recovering().count() > 0 && HURRIED_TICK.compareTo(tick) < 0;
        node.wheel().after(hurry ? HURRIED_TICK : tick, this::tick);
    }

    /** Who has waited longest goes first, or the last of many would never have its turn. */
    private void beginDue() {
        while (underWay < node.config().sessions()) {
            Peer first = null;
            for (Peer peer : peers.values()) {
                if (peer.isDue() && (first == null || peer.nextAt - first.nextAt < 0)) {
                    first = peer;
                }
            }
            if (first == null) {
                return;
            }
            first.begin();
        }
    }

    private long randomUpTo(Duration most) {
        return (long) (node.random().nextDouble() * most.toNanos());
    }

    public RepairStatus status() {
        List<RepairStatus.Peer> all = new ArrayList<>();
        peers.values().forEach(peer -> all.add(peer.status()));
        return new RepairStatus(
                node.recovering().count(),
                node.rebuild().suspects().size(),
                scrub.position(),
                scrub.damagedRecords(),
                all);
    }

    /** What this node knows about its exchanges with one peer. */
    private final class Peer {
        private final NodeId id;
        private List<Integer> shared;
        private @Nullable Exchange exchange;
        private boolean reachable;
        private boolean onceMore;
        private long nextAt;
        // Exchanges in a row of which it did not take all.
        private int refusals;
        private long mayWaitUntil;
        private long completeAtNanos;
        private long exchanges;
        private long comparedKeys;
        private long pulledKeys;
        private long pushedKeys;
        private String problem = "";

        Peer(NodeId id, List<Integer> shared) {
            this.id = id;
            this.shared = shared;
        }

        void look() {
            boolean was = reachable;
            reachable = node.peers().reachable(id);
            long now = node.clock().nanos();
            if (reachable && !was) {
                // It may have missed much, or have something that everybody else missed.
                met(now);
            }
        }

        /** What this is about, an exchange that is under way may have passed already. */
        void soon() {
            nextAt = node.clock().nanos();
            onceMore = exchange != null;
        }

        /** Hints bring what was missed at a pace that suits both; comparing meanwhile would bring it all again, at once. */
        void met(long now) {
            Duration hintsFirst = readsWait() ? Duration.ZERO : node.hints().begunAfter();
            nextAt = now + hintsFirst.toNanos() + jitter();
            mayWaitUntil = now + node.config().interval().toNanos();
        }

        private long jitter() {
            return readsWait() ? 0 : randomUpTo(node.config().retry());
        }

        private boolean readsWait() {
            return !node.recovering().pendingWith(id).isEmpty();
        }

        private boolean waitsForHints(long now) {
            return now - mayWaitUntil < 0 && !readsWait() && node.hints().areUnderWayWith(id);
        }

        boolean isDue() {
            long now = node.clock().nanos();
            return reachable && exchange == null && nextAt - now <= 0 && !waitsForHints(now);
        }

        void begin() {
            List<Integer> pending = node.recovering().pendingWith(id);
            boolean recovering = !pending.isEmpty();
            Exchange begun = new Exchange(node, pace, id, recovering ? pending : shared, recovering, this::ended);
            exchange = begun;
            underWay++;
            begun.begin();
        }

        private void ended(Exchange.Outcome outcome, String why) {
            Exchange over = exchange;
            exchange = null;
            underWay--;
            if (over != null) {
                ExchangeProgress progress = over.progress();
                comparedKeys += progress.compared();
                pulledKeys += progress.pulled();
                pushedKeys += progress.pushed();
                leafComparisons.add(progress.leafComparisons());
                compared.add(progress.compared());
                pulled.add(progress.pulled());
                pushed.add(progress.pushed());
            }
            long now = node.clock().nanos();
            boolean complete = outcome == Exchange.Outcome.COMPLETE;
            boolean took = over == null || over.progress().allPushed();
            if (complete) {
                completed.increment();
                exchanges++;
                completeAtNanos = now;
                problem = took ? "" : "the peer did not take all it was sent";
            } else {
                notCompleted.increment();
                problem = why;
            }
            refusals = took ? 0 : refusals + 1;
            Duration base = pauseAfter(complete);
            nextAt = onceMore
                    ? now
                    : now + (long) (base.toNanos() * (0.9 + 0.2 * node.random().nextDouble()));
            onceMore = false;
            node.wheel().after(Duration.ZERO, AntiEntropy.this::beginDue);
        }

        private Duration pauseAfter(boolean complete) {
            Duration retry = node.config().retry();
            Duration interval = node.config().interval();
            if (!node.recovering().pendingWith(id).isEmpty()) {
                return retry;
            }
            if (refusals > 0) {
                // What it does not take, a full disk say, it is offered less and less often.
                Duration longer = retry.multipliedBy(1L << Math.min(refusals, MAX_DOUBLINGS));
                return longer.compareTo(interval) < 0 ? longer : interval;
            }
            return complete ? interval : retry;
        }

        RepairStatus.Peer status() {
            Exchange now = exchange;
            long nanos = node.clock().nanos();
            RepairStatus.State state = now != null
                    ? RepairStatus.State.EXCHANGING
                    : node.peers().reachable(id) ? RepairStatus.State.WAITING : RepairStatus.State.UNREACHABLE;
            return new RepairStatus.Peer(
                    id,
                    state,
                    shared.size(),
                    node.recovering().pendingWith(id).size(),
                    exchanges == 0 ? -1 : (nanos - completeAtNanos) / 1_000_000,
                    now == null ? 0 : now.progress().slotsDone(),
                    now == null ? 0 : now.progress().slots(),
                    now == null ? 0 : now.progress().left(),
                    now == null ? 0 : now.progress().millisLeft(nanos),
                    comparedKeys + (now == null ? 0 : now.progress().compared()),
                    pulledKeys + (now == null ? 0 : now.progress().pulled()),
                    pushedKeys + (now == null ? 0 : now.progress().pushed()),
                    exchanges,
                    problem);
        }
    }
}
