package dev.quorate.core.handoff;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.HybridClock;
import dev.quorate.core.runtime.LoopLag;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.RandomSource;
import dev.quorate.core.storage.HintRules;
import dev.quorate.core.storage.HintTable;
import dev.quorate.core.storage.ReplicaTable;
import dev.quorate.core.storage.Storage;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Hands what this node kept for owners to them when they are back, and takes what others kept for it. One pass over the hints of an owner at
 * a time; passes begin when the owner has been reachable for a while, and anew as long as hints remain. Confined to the event loop.
 */
public final class Handoff {
    static final Duration TICK = Duration.ofSeconds(1);

    /** Owners that are sent to at a time. */
    static final int MAX_PASSES = 4;

    /** Walks that give up what waits for an owner, in each time that a hint is kept for it: each meets again what nobody took. */
    private static final int GIVE_UPS_PER_WINDOW = 100;

    private static final long NOT_REACHABLE = Long.MIN_VALUE;

    /** What the passes share. */
    record Work(
            NodeId self,
            HandoffConfig config,
            HintRules rules,
            Rows rows,
            ReplicaTable replicas,
            Storage storage,
            PeerCalls peers,
            Clock clock,
            HybridClock hybridClock,
            EventLoop loop,
            DeadlineWheel wheel,
            LoopLag lag,
            HandoffCounters counters) {}

    private static final class Target {
        private long readyAt = NOT_REACHABLE;
        private long giveUpAt = Long.MIN_VALUE;
        /** Since the last walk the ring has changed. */
        private boolean ownsOtherSlots;

        private @Nullable HintPass pass;
        private final ArrayDeque<Runnable> purges = new ArrayDeque<>();
        private String outcome = "";
    }

    /**
     * What came of a purge.
     *
     * @param dropped hints
     * @param problem why it ended before its end; empty if it did not
     */
    public record Purged(long dropped, String problem) {}

    private final Work work;
    private final HintIntake intake;
    private final RandomSource random;
    private final SortedMap<NodeId, Target> targets = new TreeMap<>();
    // Who is served first when the next has room: each its turn, or those with the lowest numbers would take all of it.
    private NodeId turn = new NodeId(1);
    private int passes;
    private int givingUp;

    public Handoff(
            NodeId self,
            HandoffConfig config,
            HintRules rules,
            Rows rows,
            ReplicaTable replicas,
            Storage storage,
            PeerCalls peers,
            Clock clock,
            HybridClock hybridClock,
            EventLoop loop,
            DeadlineWheel wheel,
            LoopLag lag,
            RandomSource random,
            Metrics metrics) {
        HandoffCounters counters = new HandoffCounters(metrics);
        this.work = new Work(
                self, config, rules, rows, replicas, storage, peers, clock, hybridClock, loop, wheel, lag, counters);
        this.intake = new HintIntake(config, clock, hybridClock, storage, lag, metrics);
        this.random = random;
        metrics.gauge("hint_passes", "Owners that hints are handed to now", () -> passes);
    }

    /** Looks for something to hand over from now on. */
    public void start() {
        work.wheel().after(TICK, this::tick);
    }

    /** Another node asks how much it may hand over. */
    public PeerReply.HintCredits grant(NodeId sender, PeerRequest.AskHintCredits asked) {
        return intake.grant(sender, asked);
    }

    /** How long after two nodes have met each has begun to hand over what it kept for the other, if anything. */
    public Duration begunAfter() {
        return work.config().settle().plus(work.config().jitter()).plus(TICK).plus(TICK);
    }

    /** Whether this node still has to hand over to the peer, or anybody to this node, as far as it can tell. */
    public boolean isUnderWayWith(NodeId peer) {
        return work.replicas().hints().backlog(peer).keys() > 0 || intake.isWanted();
    }

    /** What waits, by owner. */
    public List<HintStatus> status() {
        List<HintStatus> all = new ArrayList<>();
        work.replicas().hints().backlogs().forEach((owner, backlog) -> {
            Target target = targets.get(owner);
            boolean reachable = work.peers().reachable(owner);
            all.add(new HintStatus(
                    owner,
                    backlog.keys(),
                    backlog.bytes(),
                    HybridClock.millisOf(backlog.since()),
                    reachable,
                    target == null ? "" : describe(target, reachable)));
        });
        return all;
    }

    private static String describe(Target target, boolean reachable) {
        HintPass pass = target.pass;
        if (pass != null) {
            return pass.describe();
        }
        String waiting = reachable ? "waits until the owner has been back for a while" : "waits for the owner";
        return target.outcome.isEmpty() ? waiting : target.outcome;
    }

    /** Hands over now what waits for these owners, if they can be had; null means all. */
    public void replay(@Nullable NodeId owner) {
        for (NodeId each : work.replicas().hints().backlogs().keySet()) {
            if (owner == null || owner.equals(each)) {
                Target target = targets.computeIfAbsent(each, absent -> new Target());
                if (work.peers().reachable(each)) {
                    target.readyAt = work.clock().nanos();
                    begin(each, target, HintPass.Purpose.DELIVER);
                }
            }
        }
    }

    /**
     * Forgets what waits for an owner, when the pass under way has ended, if there is one: two at a time would both drop what is in the index
     * only, and count it twice. What only this node holds is lost.
     */
    public CompletionStage<Purged> purge(NodeId owner) {
        Target target = targets.computeIfAbsent(owner, absent -> new Target());
        CompletableFuture<Purged> purged = new CompletableFuture<>();
        target.purges.add(() -> {
            HintPass pass = new HintPass(work, owner, HintPass.Purpose.PURGE, ended -> {
                over(target, ended);
                purged.complete(new Purged(ended.done(), ended.problem()));
            });
            target.pass = pass;
            passes++;
            pass.start();
        });
        if (target.pass == null) {
            beginPurge(target);
        } else {
            target.pass.stop("purged");
        }
        return purged;
    }

    private static void beginPurge(Target target) {
        Runnable purge = target.purges.poll();
        if (purge != null) {
            purge.run();
        }
    }

    /** The ring is another one: what is kept for those who lost slots may be for others now. */
    public void follow(RingState before, RingState now) {
        SortedMap<NodeId, HintTable.Backlog> backlogs = work.replicas().hints().backlogs();
        SlotTable former = before.table();
        if (backlogs.isEmpty() || former.slots() != now.table().slots()) {
            return;
        }
        for (int slot = 0; slot < former.slots(); slot++) {
            if (before.rowEpoch(slot) == now.rowEpoch(slot)) {
                continue;
            }
            for (NodeId owner : former.owners(slot)) {
                if (backlogs.containsKey(owner) && !now.table().owns(owner, slot)) {
                    targets.computeIfAbsent(owner, absent -> new Target()).ownsOtherSlots = true;
                }
            }
        }
    }

    private void tick() {
        work.wheel().after(TICK, this::tick);
        SortedMap<NodeId, HintTable.Backlog> backlogs = work.replicas().hints().backlogs();
        targets.keySet().removeIf(owner -> !backlogs.containsKey(owner) && isIdle(owner));
        NodeId first = turn;
        backlogs.tailMap(first).forEach(this::look);
        backlogs.headMap(first).forEach(this::look);
    }

    private boolean isIdle(NodeId owner) {
        Target target = targets.get(owner);
        return target == null || target.pass == null;
    }

    private void look(NodeId owner, HintTable.Backlog backlog) {
        Target target = targets.computeIfAbsent(owner, absent -> new Target());
        long now = work.clock().nanos();
        if (owner.equals(work.self())) {
            giveUp(owner, target, now);
            return;
        }
        if (!work.rows().isMember(owner)) {
            // It never comes for them.
            begin(owner, target, HintPass.Purpose.GIVE_UP);
            return;
        }
        if (!work.peers().reachable(owner)) {
            target.readyAt = NOT_REACHABLE;
            long oldest = work.hybridClock().last()
                    - HybridClock.ofMillis(work.config().window().toMillis());
            if (target.ownsOtherSlots || work.rows().isLeaving()) {
                // Some of them may be for slots that are another's now: these need not wait for it.
                begin(owner, target, HintPass.Purpose.GIVE_UP);
            } else if (backlog.since() < oldest) {
                giveUp(owner, target, now);
            }
            return;
        }
        if (target.readyAt == NOT_REACHABLE) {
            long jitter = (long) (random.nextDouble() * work.config().jitter().toNanos());
            target.readyAt = now + work.config().settle().toNanos() + jitter;
        }
        if (now >= target.readyAt) {
            begin(owner, target, HintPass.Purpose.DELIVER);
        }
    }

    private void giveUp(NodeId owner, Target target, long now) {
        if (now >= target.giveUpAt) {
            begin(owner, target, HintPass.Purpose.GIVE_UP);
        }
    }

    private void begin(NodeId owner, Target target, HintPass.Purpose purpose) {
        boolean givesUp = purpose == HintPass.Purpose.GIVE_UP;
        // Giving up is this node's own work: one walk at a time, and nobody who is reachable waits for it.
        boolean room = givesUp ? givingUp == 0 : passes - givingUp < MAX_PASSES;
        if (target.pass != null || !room) {
            return;
        }
        if (givesUp) {
            givingUp++;
            target.ownsOtherSlots = false;
        } else {
            turn = new NodeId(owner.number() + 1);
        }
        HintPass pass = new HintPass(work, owner, purpose, ended -> over(target, ended));
        target.pass = pass;
        passes++;
        pass.start();
    }

    private void over(Target target, HintPass ended) {
        passes--;
        if (ended.purpose() == HintPass.Purpose.GIVE_UP) {
            givingUp--;
            target.giveUpAt = work.clock().nanos() + work.config().window().toNanos() / GIVE_UPS_PER_WINDOW;
            if (ended.problem().isEmpty()) {
                work.replicas().hints().noneIsOlder(ended.owner(), ended.oldestLeft());
            }
        }
        if (target.pass == ended) {
            target.pass = null;
        }
        target.outcome = ended.problem();
        beginPurge(target);
    }
}
