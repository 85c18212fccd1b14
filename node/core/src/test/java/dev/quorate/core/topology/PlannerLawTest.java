package dev.quorate.core.topology;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.MoveReport;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.ring.StagedChange;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class PlannerLawTest {
    /** Moves counted against the fewest that give every node its target. */
    private double overOptimum(RingPlan plan) {
        long optimum = 0;
        for (RingPlan.NodeShare share : plan.nodes()) {
            optimum += Math.max(0, share.target() - share.slotsBefore());
        }
        return plan.moves().size() / (double) optimum;
    }

    @Test
    void joinsAndLeavesMoveHardlyMoreThanTheyMust() {
        double[] sum = new double[1];
        int[] plans = new int[1];
        forEachSeed(24, seed -> {
            int racks = seed % 2 == 0 ? 1 : 3;
            PlanWorld world = new PlanWorld(seed, 3 + (int) (seed % 9), racks, 8);
            for (int step = 0; step < 4; step++) {
                boolean leaves = step > 1 && world.ring.table().members().size() > 6;
                if (leaves) {
                    List<NodeId> staying = new ArrayList<>();
                    world.ring.nodes().forEach((node, entry) -> {
                        if (entry.status() == NodeStatus.NORMAL) {
                            staying.add(node);
                        }
                    });
                    NodeId leaving = staying.get(world.random.nextInt(staying.size()));
                    world.make(Changes.stage(leaving, new StagedChange.Leave()));
                } else {
                    for (int joins = 0; joins < racks; joins++) {
                        world.admit(1, "r" + joins);
                    }
                }
                RingPlan plan = world.commit();
                double over = overOptimum(plan);
                sum[0] += over;
                plans[0]++;
                assertThat(over).isLessThan(1.3);
                world.finishAll();
                check(world, plan);
            }
        });
        assertThat(sum[0] / Math.max(1, plans[0])).isLessThanOrEqualTo(1.05);
    }

    private static void check(PlanWorld world, RingPlan plan) {
        SlotTable table = world.ring.table();
        for (int slot = 0; slot < table.slots(); slot++) {
            assertThat(new TreeSet<>(table.owners(slot)))
                    .isEqualTo(new TreeSet<>(plan.table().owners(slot)));
        }
        for (RingPlan.NodeShare share : plan.nodes()) {
            assertThat(table.slotsOf(share.node())).isEqualTo(share.slotsAfter());
            assertThat(Math.abs(share.slotsAfter() - share.target()))
                    .isLessThanOrEqualTo(Math.max(1, share.target() / 200));
            assertThat(share.because()).isNotEmpty();
        }
    }

    @Test
    void aNodeOfWeightTwoGetsTwiceAsMuch() {
        PlanWorld world = new PlanWorld(1, 6, 1, 8);
        world.make(Changes.stage(new NodeId(2), new StagedChange.Weight(2)));
        RingPlan plan = world.commit();
        world.finishAll();
        check(world, plan);
        assertThat(world.ring.table().slotsOf(new NodeId(2))).isBetween(218, 221);
        assertThat(world.ring.table().slotsOf(new NodeId(3))).isBetween(109, 110);
    }

    @Test
    void ownersOfASlotStandInDifferentRacks() {
        forEachSeed(20, seed -> {
            PlanWorld world = new PlanWorld(seed, 6, 3, 7);
            world.admit(1, "r0");
            world.admit(1, "r1");
            world.admit(1, "r2");
            world.make(Changes.stage(new NodeId(1), new StagedChange.Relabel("dc1", "r0", "h1")));
            world.commit();
            world.finishAll();
            SlotTable table = world.ring.table();
            for (int slot = 0; slot < table.slots(); slot++) {
                TreeSet<String> racks = new TreeSet<>();
                table.owners(slot)
                        .forEach(owner -> racks.add(table.member(owner).rack()));
                assertThat(racks).hasSize(3);
            }
        });
    }

    @Test
    void whateverIsPlannedWhileHandOversRunComesToAnEnd() {
        forEachSeed(60, seed -> {
            PlanWorld world = new PlanWorld(seed, 4 + (int) (seed % 5), 1 + (int) (seed % 3), 5);
            for (int step = 0; step < 60; step++) {
                world.anything(3);
            }
            world.make(Changes.clear());
            if (world.planner.plan(world.ring, slot -> 1, 1) instanceof PlanOutcome.Planned) {
                RingPlan last = world.commit();
                world.finishAll();
                check(world, last);
            } else {
                world.finishAll();
            }
        });
    }

    @Test
    void handOversThatMayHaveBegunGoOn() {
        forEachSeed(40, seed -> {
            PlanWorld world = new PlanWorld(seed, 5, 1, 6);
            world.admit(1, "r0");
            world.commit();
            List<Move> begun = List.copyOf(world.ring.currentMoves().values());
            world.admit(1, "r0");
            RingPlan plan = world.commit();
            assertThat(plan.pinned()).containsExactlyElementsOf(begun);
            assertThat(world.ring.moves()).startsWith(begun.toArray(new Move[0]));
            assertThat(overOptimum(plan)).isLessThan(1.1);
            world.finishAll();
            check(world, plan);
        });
    }

    @Test
    void handOversToANodeThatIsLeavingAreGivenUp() {
        PlanWorld world = new PlanWorld(1, 5, 1, 6);
        NodeId joined = world.admit(1, "r0");
        world.commit();
        world.make(Changes.stage(joined, new StagedChange.Leave()));
        RingPlan plan = world.commit();
        assertThat(plan.dropped()).isNotEmpty().allMatch(move -> move.to().equals(joined));
        assertThat(world.ring.moves()).isEmpty();
        assertThat(world.ring.table().slotsOf(joined)).isZero();
    }

    @Test
    void aPlanIsStaleOnceItWouldDoSomethingElse() {
        PlanWorld world = new PlanWorld(1, 5, 1, 6);
        world.admit(1, "r0");
        long before = world.plan().planId();
        world.make(Changes.stage(new NodeId(1), new StagedChange.Weight(3)));
        Change.Step step = world.planner.commit(before).on(world.ring);
        assertThat(step)
                .isInstanceOfSatisfying(
                        Change.Step.Not.class,
                        not -> assertThat(not.rejection().reason()).isEqualTo(Rejection.Reason.PLAN_STALE));
        world.make(Changes.unstage(new NodeId(1)));
        assertThat(world.plan().planId()).isEqualTo(before);
    }

    /** Otherwise nobody could look at a plan and commit it while a hundred hand-overs finish a minute. */
    @Test
    void aPlanIsNotStaleBecauseAHandOverFinished() {
        PlanWorld world = new PlanWorld(1, 5, 1, 6);
        world.admit(1, "r0");
        world.commit();
        world.admit(1, "r0");
        long planned = world.plan().planId();
        world.finish(world.ring.moves().get(0));
        assertThat(world.plan().planId()).isEqualTo(planned);
    }

    @Test
    void aDeadNodesSlotsAreMadeAgainAtOnce() {
        PlanWorld world = new PlanWorld(1, 6, 1, 6);
        NodeId dead = new NodeId(4);
        NodeId successor = world.admit(1, "r0");
        int slots = world.ring.table().slotsOf(dead);
        world.make(Changes.stage(dead, new StagedChange.Replace(successor, false)));
        RingPlan plan = world.commit();
        assertThat(plan.moves())
                .hasSize(slots)
                .allMatch(move -> move.kind() == Move.Kind.RECOVER
                        && move.from().equals(dead)
                        && move.to().equals(successor));
        assertThat(world.ring.isActive(dead)).isFalse();
        assertThat(world.ring.table().slotsOf(successor)).isEqualTo(slots);
        assertThat(plan.traffic()).noneMatch(traffic -> traffic.from().equals(dead));
        world.finishAll();
        check(world, plan);
    }

    @Test
    void handOversOfANodeThatDiesGoOnAsRecoveryToTheSameReceiver() {
        PlanWorld world = new PlanWorld(1, 6, 1, 6);
        NodeId joined = world.admit(1, "r0");
        world.commit();
        Move begun = world.ring.moves().get(0);
        world.make(Changes.stage(begun.from(), new StagedChange.Replace(null, false)));
        RingPlan plan = world.commit();
        assertThat(plan.dropped()).contains(begun);
        assertThat(world.ring.table().owners(begun.slot()).get(begun.position()))
                .isEqualTo(joined);
        assertThat(world.ring.moves())
                .anyMatch(move -> move.kind() == Move.Kind.RECOVER
                        && move.slot() == begun.slot()
                        && move.to().equals(joined)
                        && move.id() != begun.id());
    }

    @Test
    void aDeadNodeIsNotReplacedWithTooFewSurvivorsUnlessThatIsWanted() {
        Planner careless = new Planner(List.of(new Quorums("fast", 3, 1, 1)));
        PlanWorld world = new PlanWorld(1, 6, 1, 6);
        NodeId dead = new NodeId(4);
        world.make(Changes.stage(dead, new StagedChange.Replace(null, false)));
        RingPlan plan = careless.plan(world.ring, slot -> 1, 1).match(planned -> planned, rejection -> {
            throw new AssertionError(rejection);
        });
        assertThat(plan.warnings()).anyMatch(warning -> warning.kind() == RingPlan.Warning.Kind.TOO_FEW_SURVIVORS);
        assertThat(careless.commit(plan.planId()).on(world.ring))
                .isInstanceOfSatisfying(
                        Change.Step.Not.class,
                        not -> assertThat(not.rejection().reason()).isEqualTo(Rejection.Reason.TOO_FEW_SURVIVORS));
        world.make(Changes.stage(dead, new StagedChange.Replace(null, true)));
        RingPlan unsafe = careless.plan(world.ring, slot -> 1, 1).match(planned -> planned, rejection -> {
            throw new AssertionError(rejection);
        });
        world.make(careless.commit(unsafe.planId()));
        assertThat(world.ring.moves()).isNotEmpty().allMatch(Move::unsafe);
    }

    @Test
    void thereIsNoPlanThatLeavesFewerHostsThanOwners() {
        PlanWorld world = new PlanWorld(1, 3, 1, 6);
        world.make(Changes.stage(new NodeId(2), new StagedChange.Leave()));
        assertThat(world.planner.plan(world.ring, slot -> 1, 1))
                .isInstanceOfSatisfying(
                        PlanOutcome.NoPlan.class,
                        none -> assertThat(none.rejection().reason()).isEqualTo(Rejection.Reason.PLAN_IMPOSSIBLE));
    }

    @Test
    void aDrainedNodeLeavesOnceItDoesNotVote() {
        PlanWorld world = new PlanWorld(1, 5, 1, 5);
        NodeId leaving = new NodeId(1);
        world.make(Changes.stage(leaving, new StagedChange.Leave()));
        world.commit();
        world.finishAll();
        world.tryTo(new Reports(List.of(new MoveReport.Left(leaving))));
        assertThat(world.ring.nodes().get(leaving).status()).isEqualTo(NodeStatus.DRAINING);
        world.make(Changes.callVoters(Changes.votersFor(world.ring, node -> true), true));
        assertThat(world.ring.newVoters()).doesNotContain(leaving).hasSize(3);
        world.make(Changes.seatVoters());
        world.make(new Reports(List.of(new MoveReport.Left(leaving))));
        assertThat(world.ring.nodes().get(leaving).status()).isEqualTo(NodeStatus.LEFT);
    }

    @Test
    void leadersAreBalancedOnceNothingMoves() {
        PlanWorld world = new PlanWorld(1, 3, 1, 8);
        world.admit(1, "r0");
        world.commit();
        assertThat(world.planner.balanceLeaders().on(world.ring)).isInstanceOf(Change.Step.Done.class);
        world.finishAll();
        RingState before = world.ring;
        world.make(world.planner.balanceLeaders());
        for (Member member : world.ring.table().members()) {
            assertThat(world.ring.table().ledBy(member.id())).isBetween(63, 65);
        }
        for (int slot = 0; slot < before.table().slots(); slot++) {
            assertThat(world.ring.rowEpoch(slot)).isEqualTo(before.rowEpoch(slot));
        }
        assertThat(world.planner.balanceLeaders().on(world.ring)).isInstanceOf(Change.Step.Done.class);
        Planner narrow = new Planner(List.of(new Quorums("narrow", 2, 1, 2)));
        assertThat(narrow.balanceLeaders().on(before)).isInstanceOf(Change.Step.Done.class);
    }

    @Test
    void aPlanSaysWhatItCosts() {
        PlanWorld world = new PlanWorld(1, 3, 1, 6);
        NodeId joined = world.admit(1, "r0");
        RingPlan plan = world.plan();
        long bytes = 0;
        List<String> because = new ArrayList<>();
        for (RingPlan.PlannedMove move : plan.moves()) {
            bytes += 1000 + move.slot();
        }
        for (RingPlan.NodeShare share : plan.nodes()) {
            because.add(share.node() + ": " + share.because());
            if (share.node().equals(joined)) {
                assertThat(share.bytesAfter()).isEqualTo(bytes);
                assertThat(share.peakBytes()).isEqualTo(bytes);
            } else {
                assertThat(share.peakBytes()).isEqualTo(share.bytesBefore());
            }
        }
        assertThat(plan.bytes()).isEqualTo(bytes);
        assertThat(plan.traffic().stream().mapToLong(RingPlan.Traffic::bytes).sum())
                .isEqualTo(bytes);
        assertThat(plan.estimated().toMillis()).isEqualTo(bytes + 48 * Planner.MILLIS_PER_MOVE);
        assertThat(because)
                .containsExactly(
                        "n1: its share goes from 64 slots to 48, since n4 joins",
                        "n2: its share goes from 64 slots to 48, since n4 joins",
                        "n3: its share goes from 64 slots to 48, since n4 joins",
                        "n4: joins; its share goes from 0 slots to 48");
    }
}
