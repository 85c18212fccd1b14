package dev.quorate.core.topology;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingCodec;
import dev.quorate.core.ring.RingDelta;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.SlotAllocator;
import dev.quorate.core.ring.StagedChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Prints what plans of large rings cost: how long they take, how much they move against the optimum, and what the ring weighs. A program and no
 * test: run its {@code main}.
 */
final class PlanScale {
    private PlanScale() {}

    public static void main(String[] arguments) {
        for (int nodes : new int[] {3, 30, 100, 300, 1000}) {
            measure(nodes);
        }
    }

    private static void measure(int nodes) {
        List<NodeEntry> founders = new ArrayList<>();
        for (int number = 1; number <= nodes; number++) {
            founders.add(entry(number));
        }
        int log2Slots = SlotAllocator.log2SlotsFor(
                founders.stream().map(NodeEntry::placement).toList(), 3);
        long started = System.nanoTime();
        RingState ring = RingState.genesis(founders, 3, log2Slots);
        say("%d nodes, %d slots: founded in %d ms", nodes, 1 << log2Slots, millisSince(started));
        int bytes = RingCodec.encode(ring).length();
        started = System.nanoTime();
        RingCodec.decode(RingCodec.encode(ring));
        say("  weighs %d bytes, encoded and decoded in %d ms", bytes, millisSince(started));

        Newcomer newcomer = new Newcomer("new", 1, "dc1", "rack-1", "host-new", "a:7400", "a:7401", "a:7402");
        RingState joining = after(Changes.admit(newcomer), ring);
        ring = plan("join of one", joining);
        RingState twenty = joining;
        for (int k = 0; k < Math.min(20, nodes); k++) {
            String name = "new-" + k;
            twenty = after(
                    Changes.admit(new Newcomer(name, 1, "dc1", "rack-" + k % 10, "host-" + name, "a:1", "a:2", "a:3")),
                    twenty);
        }
        plan("join of " + (1 + Math.min(20, nodes)), twenty);
        if (nodes > 3) {
            plan("leave of one", after(Changes.stage(new NodeId(2), new StagedChange.Leave()), joiningOff(joining)));
            plan(
                    "death of one",
                    after(Changes.stage(new NodeId(2), new StagedChange.Replace(null, false)), joiningOff(joining)));
        }
        RingState finished = ring.edit().finish(ring.moves().get(0)).build();
        RingDelta delta = RingCodec.between(ring, finished);
        say(
                "  one hand-over finished: %d bytes of changes",
                delta == null ? -1 : delta.changes().length());
    }

    private static RingState joiningOff(RingState ring) {
        return after(Changes.clear(), ring);
    }

    private static RingState plan(String what, RingState ring) {
        Planner planner = new Planner(PlanWorld.BUCKETS);
        long started = System.nanoTime();
        RingPlan plan = planner.plan(ring, slot -> 1 << 20, 50 << 20).match(planned -> planned, rejection -> {
            throw new IllegalStateException(rejection.toString());
        });
        long planned = millisSince(started);
        started = System.nanoTime();
        RingState next = after(planner.commit(plan.planId()), ring);
        long optimum = 0;
        for (RingPlan.NodeShare share : plan.nodes()) {
            optimum += Math.max(0, share.target() - share.slotsBefore());
        }
        RingDelta delta = RingCodec.between(ring, next);
        say(
                "  %s: planned in %d ms, committed in %d ms, %d moves, optimum %d (%.3f), %d bytes of changes, ring then %d",
                what,
                planned,
                millisSince(started),
                plan.moves().size(),
                optimum,
                plan.moves().size() / (double) optimum,
                delta == null ? -1 : delta.changes().length(),
                RingCodec.encode(next).length());
        return next;
    }

    private static RingState after(Change change, RingState ring) {
        return ((Change.Step.To) change.on(ring)).next();
    }

    private static NodeEntry entry(int number) {
        Member member = new Member(new NodeId(number), 1, "dc1", "rack-" + number % 10, "host-" + number);
        String address = "10.1." + number / 256 + "." + number % 256 + ":740";
        return new NodeEntry(member, "", address + "0", address + "1", address + "2", NodeStatus.NORMAL);
    }

    private static long millisSince(long started) {
        return (System.nanoTime() - started) / 1_000_000;
    }

    private static void say(String format, Object... values) {
        System.out.printf(Locale.ROOT, format + "%n", values);
    }
}
