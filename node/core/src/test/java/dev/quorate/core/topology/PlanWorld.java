package dev.quorate.core.topology;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.MoveReport;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.ring.StagedChange;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;

/** A ring that operators and nodes change, one agreed change after the other. */
final class PlanWorld {
    static final List<Quorums> BUCKETS = List.of(new Quorums("default", 3, 2, 2));

    final Planner planner = new Planner(BUCKETS);
    final Random random;
    RingState ring;

    PlanWorld(long seed, int nodes, int racks, int log2Slots) {
        this.random = new Random(seed);
        this.ring = evenly(nodes, racks, log2Slots);
    }

    static RingState evenly(int nodes, int racks, int log2Slots) {
        List<NodeEntry> founders = new ArrayList<>();
        for (int number = 1; number <= nodes; number++) {
            Member member = new Member(new NodeId(number), 1, "dc1", "r" + number % racks, "h" + number);
            founders.add(new NodeEntry(member, "", "", "", "", NodeStatus.NORMAL));
        }
        return RingState.genesis(founders, 3, log2Slots);
    }

    /** Makes a change that must be possible. */
    void make(Change change) {
        Change.Step step = change.on(ring);
        assertThat(step).isNotInstanceOf(Change.Step.Not.class);
        take(step);
    }

    /** Makes a change if it is possible. */
    void tryTo(Change change) {
        take(change.on(ring));
    }

    private void take(Change.Step step) {
        if (step instanceof Change.Step.To to) {
            assertThat(to.next().version()).isEqualTo(ring.version().next());
            ring = to.next();
            check();
        }
    }

    NodeId admit(double weight, String rack) {
        int number = ring.nextNodeNumber();
        make(Changes.admit(new Newcomer("u" + number, weight, "dc1", rack, "h" + number, "", "", "")));
        return new NodeId(number);
    }

    RingPlan plan() {
        PlanOutcome outcome = planner.plan(ring, slot -> 1000 + slot, 1000);
        return outcome.match(plan -> plan, rejection -> {
            throw new AssertionError("no plan: " + rejection);
        });
    }

    RingPlan commit() {
        RingPlan plan = plan();
        make(planner.commit(plan.planId()));
        return plan;
    }

    void finish(Move move) {
        Reports reports = new Reports(List.of(new MoveReport.Finished(move.slot(), move.id(), move.attempt())));
        make(reports);
        assertThat(reports.verdicts()).containsExactly(MoveReport.Verdict.DONE);
    }

    /** All hand-overs come to their ends, in any order. */
    void finishAll() {
        while (!ring.moves().isEmpty()) {
            List<Move> current = List.copyOf(ring.currentMoves().values());
            finish(current.get(random.nextInt(current.size())));
        }
    }

    /** Something that an operator or a node does. */
    void anything(int racks) {
        List<NodeId> all = List.copyOf(new TreeSet<>(ring.nodes().keySet()));
        NodeId any = all.get(random.nextInt(all.size()));
        switch (random.nextInt(12)) {
            case 0 -> admit(1 + random.nextInt(2), "r" + random.nextInt(racks));
            case 1 -> tryTo(Changes.stage(any, new StagedChange.Leave()));
            case 2 -> tryTo(Changes.stage(any, new StagedChange.Replace(null, random.nextBoolean())));
            case 3 ->
                tryTo(Changes.stage(
                        any, new StagedChange.Replace(all.get(random.nextInt(all.size())), random.nextBoolean())));
            case 4 -> tryTo(Changes.stage(any, new StagedChange.Weight(1 + random.nextInt(3))));
            case 5 ->
                tryTo(Changes.stage(any, new StagedChange.Relabel("dc1", "r" + random.nextInt(racks), "h" + any)));
            case 6 -> tryTo(Changes.stage(any, new StagedChange.Join()));
            case 7 -> tryTo(Changes.unstage(any));
            case 8 -> {
                if (!ring.moves().isEmpty()) {
                    Move move = ring.moves().get(random.nextInt(ring.moves().size()));
                    tryTo(Changes.cancel(move.id()));
                }
            }
            case 9 -> tryTo(new Reports(List.of(new MoveReport.Left(any))));
            case 10 -> {
                tryTo(Changes.callVoters(Changes.votersFor(ring, node -> true), true));
                tryTo(Changes.seatVoters());
            }
            default -> finishSome();
        }
        if (random.nextInt(4) == 0) {
            tryTo(planner.commit(planner.plan(ring, slot -> 1, 1).match(RingPlan::planId, rejection -> 0L)));
        }
    }

    private void finishSome() {
        List<MoveReport> reports = new ArrayList<>();
        for (Move move : ring.currentMoves().values()) {
            if (random.nextInt(3) == 0) {
                reports.add(
                        random.nextInt(4) == 0
                                ? new MoveReport.Again(move.slot(), move.id(), move.attempt())
                                : new MoveReport.Finished(move.slot(), move.id(), move.attempt()));
            }
        }
        if (!reports.isEmpty()) {
            make(new Reports(reports));
        }
    }

    /** What holds of every ring that was ever agreed about. */
    private void check() {
        SlotTable table = ring.table();
        for (NodeEntry entry : ring.nodes().values()) {
            if (!entry.status().mayOwn()) {
                assertThat(table.slotsOf(entry.id())).isZero();
            }
        }
        for (Move move : ring.moves()) {
            boolean first = move.equals(ring.currentMove(move.slot()));
            NodeId inPlace = table.owners(move.slot()).get(move.position());
            if (move.kind() == Move.Kind.MOVE) {
                if (first) {
                    assertThat(inPlace).isEqualTo(move.from());
                    assertThat(table.owners(move.slot())).doesNotContain(move.to());
                }
                assertThat(ring.node(move.to())).isNotNull();
            } else {
                assertThat(inPlace).isEqualTo(move.to());
            }
        }
    }
}
