package dev.quorate.core.topology;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.RingCodec;
import dev.quorate.core.ring.RingDelta;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.RingUpdate;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.RandomSource;
import dev.quorate.core.runtime.Watched;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Adopts committed states, passes them on, and gets them from others. A state is durable here before anybody is told that this node has it: the
 * others count on it that a node which once refused requests under a former row does so for ever (rules.md A18). Confined to the event loop.
 */
final class RingKeeper {
    /** States from which others are helped on by their changes alone. */
    static final int REMEMBERED = 64;

    /** Slots of all of them together: a state of a large ring is megabytes while much of it moves. */
    private static final int REMEMBERED_SLOTS = 1 << 19;

    /** Members told at once of what this node had agreed about; gossip tells the others. */
    static final int TOLD = 32;

    static final Duration FETCH_TIMEOUT = Duration.ofSeconds(2);
    private static final Duration RETRY_FULL_STORAGE = Duration.ofMillis(100);
    private static final int MAX_PULLS = 256;
    private static final Bytes KEY = Bytes.utf8("ring");

    private static final PeerCalls.Waiter NOBODY = new PeerCalls.Waiter() {
        @Override
        public void answered(PeerReply reply) {}

        @Override
        public void failed(PeerCalls.CallFailure failure) {}
    };

    /** Somebody waits until at least this version is adopted. */
    private record Waiting(RingVersion version, Runnable then) {}

    /** Somebody wants to know more than {@code before}, and has heard that {@code who} does. */
    private record Pull(NodeId who, RingVersion before, Consumer<Boolean> done) {}

    private final NodeId self;
    private final CurrentRing ring;
    private final Storage storage;
    private final PeerCalls peers;
    private final EventLoop loop;
    private final DeadlineWheel wheel;
    private final RandomSource random;
    private final Deque<RingState> remembered = new ArrayDeque<>();
    private final List<Waiting> waiting = new ArrayList<>();
    private final List<Pull> pulls = new ArrayList<>();
    private final Metrics.Counter adoptions;
    private final Metrics.Counter pullsFailed;
    private final Metrics.Counter pullsRefused;
    private boolean storing;
    private @Nullable RingState next;
    private boolean pulling;
    private @Nullable RingDelta lastDelta;

    RingKeeper(
            NodeId self,
            CurrentRing ring,
            Storage storage,
            PeerCalls peers,
            EventLoop loop,
            DeadlineWheel wheel,
            RandomSource random,
            Metrics metrics) {
        this.self = self;
        this.ring = ring;
        this.storage = storage;
        this.peers = peers;
        this.loop = loop;
        this.wheel = wheel;
        this.random = random;
        this.adoptions = metrics.counter("ring_adoptions_total", "Committed states of the ring that this node adopted");
        this.pullsFailed = metrics.counter(
                "ring_pulls_failed_total", "Times a node that knew a later ring could not be made to send it");
        this.pullsRefused = metrics.counter(
                "ring_pulls_refused_total", "Times a later ring was not asked for because too many asked already");
        metrics.gauge(
                "ring_epoch",
                "Epoch of the ring that this node has adopted",
                () -> ring.state().version().epoch());
        metrics.gauge(
                "ring_generation",
                "Generation of the ring that this node has adopted",
                () -> ring.state().version().generation());
        metrics.gauge(
                "ring_moves",
                "Hand-overs that are not finished",
                () -> ring.state().moves().size());
        metrics.gauge("ring_pulls", "Requests for a later ring that wait for an answer", pulls::size);
        remember(ring.state());
    }

    /** Adopts what a former process of this node had adopted. */
    CompletionStage<Void> load() {
        return storage.get(Table.META, KEY).thenAccept(bytes -> {
            if (bytes != null) {
                RingState stored = RingCodec.decode(bytes);
                if (ring.adopt(stored)) {
                    remember(stored);
                }
            }
        });
    }

    RingState state() {
        return ring.state();
    }

    RingVersion version() {
        return ring.state().version();
    }

    /** The committed state of that version, if it was adopted here not long ago. */
    @Nullable
    RingState remembered(RingVersion version) {
        if (version().equals(version)) {
            return state();
        }
        for (RingState state : remembered) {
            if (state.version().equals(version)) {
                return state;
            }
        }
        return null;
    }

    /** Takes a committed state; {@code then} runs when this node has it, or a later one, durably. */
    void adopt(RingState committed, Runnable then) {
        if (committed.version().compareTo(version()) <= 0) {
            then.run();
            return;
        }
        waiting.add(new Waiting(committed.version(), then));
        RingState planned = next;
        if (planned == null || committed.version().compareTo(planned.version()) > 0) {
            next = committed;
        }
        storeNext();
    }

    private void storeNext() {
        RingState committed = next;
        if (storing || committed == null) {
            return;
        }
        storing = true;
        if (storage.refusal(Storage.WriteKind.REPLICA_MERGE) != null) {
            wheel.after(RETRY_FULL_STORAGE, () -> {
                storing = false;
                storeNext();
            });
            return;
        }
        next = null;
        WriteBatch batch = WriteBatch.put(Table.META, KEY, RingCodec.encode(committed));
        Watched.whenComplete(storage.commit(batch), loop, (durable, failure) -> {
            // After a failed sync the process ends; until then this node goes on with the ring it has.
            if (failure == null) {
                storing = false;
                adoptDurable(committed);
                storeNext();
            }
        });
    }

    private void adoptDurable(RingState committed) {
        if (ring.adopt(committed)) {
            adoptions.increment();
            remember(committed);
        }
        List<Runnable> due = new ArrayList<>();
        waiting.removeIf(each -> {
            boolean reached = each.version.compareTo(version()) <= 0;
            if (reached) {
                due.add(each.then);
            }
            return reached;
        });
        due.forEach(Runnable::run);
    }

    private void remember(RingState state) {
        remembered.addLast(state);
        int most = Math.max(
                1, Math.min(REMEMBERED, REMEMBERED_SLOTS / state.table().slots()));
        while (remembered.size() > most) {
            remembered.removeFirst();
        }
    }

    /** What brings a node that has this version to ours; null if it has nothing to learn. */
    @Nullable
    RingUpdate updateSince(RingVersion since) {
        RingState now = state();
        if (now.version().compareTo(since) <= 0) {
            return null;
        }
        RingState base = remembered(since);
        return base == null ? new RingUpdate.Full(now) : updateSince(base);
    }

    /** Most ask for the same at the same time, since they had the same before. */
    private RingUpdate updateSince(RingState base) {
        RingState now = state();
        RingDelta last = lastDelta;
        if (last == null
                || !last.base().equals(base.version())
                || !last.version().equals(now.version())) {
            last = RingCodec.between(base, now);
            lastDelta = last;
        }
        return last == null ? new RingUpdate.Full(now) : new RingUpdate.Changes(last);
    }

    /** Tells others about the state that this node has just adopted, as what changed since {@code base}. */
    void spread(RingState base) {
        RingState now = state();
        RingUpdate update = updateSince(base);
        List<NodeEntry> all = now.active();
        int start = random.nextInt(Math.max(1, all.size()));
        int told = 0;
        for (NodeEntry former : base.active()) {
            // Nobody gossips with who is out: this is how it hears of that.
            if (!now.isActive(former.id()) && peers.reachable(former.id())) {
                peers.call(former.id(), new PeerRequest.TellRing(update), FETCH_TIMEOUT, NOBODY);
            }
        }
        for (int k = 0; k < all.size() && told < TOLD; k++) {
            NodeId node = all.get((start + k) % all.size()).id();
            if (!node.equals(self) && peers.reachable(node)) {
                peers.call(node, new PeerRequest.TellRing(update), FETCH_TIMEOUT, NOBODY);
                told++;
            }
        }
    }

    /** Another node tells what was agreed about. */
    void told(NodeId from, RingUpdate update) {
        if (update.version().compareTo(version()) <= 0) {
            return;
        }
        if (update instanceof RingUpdate.Changes changes
                && remembered(changes.delta().base()) == null) {
            heardOf(from, update.version());
        } else {
            take(update, () -> {});
        }
    }

    /** Takes an update if it builds on what this node has. */
    private void take(RingUpdate update, Runnable then) {
        if (update instanceof RingUpdate.Full full) {
            adopt(full.state(), then);
        } else if (update instanceof RingUpdate.Changes changes) {
            RingState base = remembered(changes.delta().base());
            if (base == null) {
                // Not to be asked for again at once: the answer would be the same.
                pullsFailed.increment();
                then.run();
                return;
            }
            RingState state;
            try {
                state = RingCodec.apply(base, changes.delta());
            } catch (IllegalArgumentException malformed) {
                pullsFailed.increment();
                then.run();
                return;
            }
            adopt(state, then);
        }
    }

    /** That node is known to have adopted this version. */
    void heardOf(NodeId who, RingVersion version) {
        RingState planned = next;
        boolean coming = planned != null && planned.version().compareTo(version) >= 0;
        if (version.compareTo(version()) <= 0 || coming || who.equals(self)) {
            return;
        }
        for (Pull pull : pulls) {
            if (pull.who.equals(who)) {
                return;
            }
        }
        pullFrom(who, later -> {});
    }

    /** {@code done} is told whether this node knows more than it does now. */
    void pullFrom(NodeId who, Consumer<Boolean> done) {
        if (pulls.size() >= MAX_PULLS) {
            pullsRefused.increment();
            done.accept(false);
            return;
        }
        pulls.add(new Pull(who, version(), done));
        pullNext();
    }

    private void pullNext() {
        if (pulling || pulls.isEmpty()) {
            return;
        }
        pulling = true;
        NodeId who = pulls.get(0).who;
        // Those that come later may have heard of something later.
        List<Pull> asking = new ArrayList<>(pulls);
        asking.removeIf(pull -> !pull.who.equals(who));
        peers.call(who, new PeerRequest.FetchRing(version()), FETCH_TIMEOUT, new PeerCalls.Waiter() {
            @Override
            public void answered(PeerReply reply) {
                if (reply instanceof PeerReply.RingFetched fetched) {
                    RingUpdate update = fetched.update();
                    if (update == null) {
                        pulled(asking);
                    } else {
                        take(update, () -> pulled(asking));
                    }
                } else {
                    pullsFailed.increment();
                    pulled(asking);
                }
            }

            @Override
            public void failed(PeerCalls.CallFailure failure) {
                pullsFailed.increment();
                pulled(asking);
            }
        });
    }

    /** Those who asked, and whoever else is content now, are told; for the others the next is asked. */
    private void pulled(List<Pull> asked) {
        pulling = false;
        List<Pull> over = new ArrayList<>();
        for (Iterator<Pull> each = pulls.iterator(); each.hasNext(); ) {
            Pull pull = each.next();
            if (asked.contains(pull) || version().compareTo(pull.before) > 0) {
                over.add(pull);
                each.remove();
            }
        }
        over.forEach(pull -> pull.done.accept(version().compareTo(pull.before) > 0));
        pullNext();
    }
}
