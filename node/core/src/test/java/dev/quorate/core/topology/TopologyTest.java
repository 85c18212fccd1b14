package dev.quorate.core.topology;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.core.ring.StagedChange;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.topology.Rejection.Reason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TopologyTest {
    private static final Duration TIMEOUT = TopologyWorld.TIMEOUT;

    private static Newcomer newcomer(String name) {
        return new Newcomer(name, 1, "dc1", "r1", "host-" + name, name + ":7400", name + ":7401", name + ":7402");
    }

    private static RingState committed(ChangeOutcome outcome) {
        assertThat(outcome).isInstanceOf(ChangeOutcome.Committed.class);
        return ((ChangeOutcome.Committed) outcome).ring();
    }

    private static @Nullable Reason reason(ChangeOutcome outcome) {
        return outcome.match(
                committed -> null,
                Rejection::reason,
                unknown -> unknown.because().reason());
    }

    /** A node is admitted and given its share by a committed plan. */
    private static TopologyWorld.Node grow(TopologyWorld world) {
        Topology any = world.node(2).topology();
        RingState admitted = committed(world.await(done -> any.admit(newcomer("new"), TIMEOUT, done)));
        NodeEntry entry = Topology.byUuid(admitted, "new");
        assertThat(entry).isNotNull();
        TopologyWorld.Node node = world.add(entry.id(), admitted);
        RingPlan plan = any.plan(slot -> 1, 1).match(planned -> planned, rejection -> {
            throw new AssertionError(rejection);
        });
        committed(world.await(done -> any.commit(plan.planId(), TIMEOUT, done)));
        return node;
    }

    @Test
    void aNodeIsAdmittedOnceAndEverybodyHearsOfIt() {
        TopologyWorld world = new TopologyWorld(3);
        Topology asked = world.node(3).topology();
        RingState first = committed(world.await(done -> asked.admit(newcomer("a"), TIMEOUT, done)));
        RingState again = committed(world.await(done -> world.node(1).topology().admit(newcomer("a"), TIMEOUT, done)));
        assertThat(again).isEqualTo(first);
        NodeEntry entry = Topology.byUuid(first, "a");
        assertThat(entry).isNotNull();
        assertThat(entry.id()).isEqualTo(new NodeId(4));
        assertThat(entry.status()).isEqualTo(NodeStatus.JOINING);
        assertThat(first.staged()).containsEntry(entry.id(), new StagedChange.Join());
        world.time.pass(Duration.ofMillis(100));
        for (int number = 1; number <= 3; number++) {
            assertThat(world.node(number).ring()).isEqualTo(first);
        }
    }

    @Test
    void whatIsStagedHasNoEffectBeforeItsPlanIsCommitted() {
        TopologyWorld world = new TopologyWorld(3);
        RingState before = world.node(1).ring();
        Topology topology = world.node(1).topology();
        assertThat(reason(world.await(done -> topology.stage(new NodeId(9), new StagedChange.Leave(), TIMEOUT, done))))
                .isEqualTo(Reason.NODE_UNKNOWN);
        RingState staged = committed(
                world.await(done -> topology.stage(new NodeId(1), new StagedChange.Weight(2), TIMEOUT, done)));
        assertThat(staged.table().owners(0)).isEqualTo(before.table().owners(0));
        assertThat(staged.table().members()).isEqualTo(before.table().members());
        RingState cleared = committed(world.await(done -> topology.clear(TIMEOUT, done)));
        assertThat(cleared.staged()).isEmpty();
        assertThat(topology.plan(slot -> 1, 1)).isInstanceOf(PlanOutcome.NoPlan.class);
        assertThat(reason(world.await(done -> topology.commit(1, TIMEOUT, done))))
                .isEqualTo(Reason.NOTHING_STAGED);
    }

    @Test
    void whatTheRingCannotCarryIsRefused() {
        TopologyWorld world = new TopologyWorld(3);
        Topology topology = world.node(1).topology();
        String endless = "x".repeat(Newcomer.MAX_TEXT_BYTES + 1);
        for (StagedChange change : List.of(
                new StagedChange.Weight(0),
                new StagedChange.Weight(Double.NaN),
                new StagedChange.Relabel("dc1", "", "h"),
                new StagedChange.Relabel("dc1", endless, "h"),
                new StagedChange.Relabel("dc1", "r", "half of a character: \ud83d"),
                new StagedChange.Join(),
                new StagedChange.Replace(new NodeId(1), false))) {
            assertThat(reason(world.await(done -> topology.stage(new NodeId(1), change, TIMEOUT, done))))
                    .isEqualTo(Reason.CHANGE_NOT_APPLICABLE);
        }
        assertThatThrownBy(() -> newcomer("")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> newcomer(endless)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void handOversAreFinishedManyAtATimeByTheClaimant() {
        TopologyWorld world = new TopologyWorld(3);
        TopologyWorld.Node added = grow(world);
        world.time.pass(Duration.ofSeconds(3));
        RingVersion before = world.node(1).ring().version();
        List<ChangeOutcome> outcomes = new ArrayList<>();
        List<Move> moves = List.copyOf(world.node(1).ring().currentMoves().values());
        assertThat(moves.size()).isGreaterThan(10);
        for (Move move : moves) {
            world.node(move.from().number()).topology().finish(move, outcomes::add);
        }
        world.time.pass(Duration.ofMillis(500));
        assertThat(outcomes).hasSize(moves.size()).allMatch(outcome -> outcome instanceof ChangeOutcome.Committed);
        RingState after = added.ring();
        assertThat(after.moves()).isEmpty();
        assertThat(after.version().epoch() - before.epoch()).isLessThanOrEqualTo(2);
        assertThat(after.table().slotsOf(added.id)).isEqualTo(moves.size());
        Move first = moves.get(0);
        assertThat(reason(world.await(done -> world.node(2).topology().finish(first, done))))
                .isEqualTo(Reason.MOVE_NOT_UNDER_WAY);
    }

    @Test
    void aHandOverBeginsAgainUnderTheNextAttempt() {
        TopologyWorld world = new TopologyWorld(3);
        grow(world);
        Move move = world.node(2).ring().moves().get(0);
        RingState again = committed(world.await(done -> world.node(2).topology().again(move, done)));
        assertThat(again.isUnderWay(move.slot(), move.id(), move.attempt())).isFalse();
        assertThat(again.isUnderWay(move.slot(), move.id(), move.attempt() + 1)).isTrue();
        assertThat(reason(world.await(done -> world.node(2).topology().finish(move, done))))
                .isEqualTo(Reason.MOVE_NOT_UNDER_WAY);
    }

    @Test
    void reportsGoElsewhereWhenTheClaimantIsGone() {
        TopologyWorld world = new TopologyWorld(3);
        grow(world);
        world.time.pass(Duration.ofMillis(100));
        Move move = world.node(3).ring().moves().get(0);
        assertThat(world.node(3).topology().claimant()).isEqualTo(new NodeId(1));
        world.node(1).crash();
        assertThat(world.node(3).topology().claimant()).isEqualTo(new NodeId(2));
        committed(world.await(done -> world.node(3).topology().finish(move, done)));
        world.node(2).crash();
        Move next = world.node(3).ring().moves().get(0);
        assertThat(reason(world.await(done -> world.node(3).topology().finish(next, done))))
                .isEqualTo(Reason.NO_VOTER_MAJORITY);
    }

    @Test
    void withoutAMajorityOfTheVotersNothingChanges() {
        TopologyWorld world = new TopologyWorld(3);
        world.isolate(3);
        Topology alone = world.node(3).topology();
        ChangeOutcome outcome = world.await(done -> alone.pause(true, TIMEOUT, done));
        assertThat(outcome).isInstanceOf(ChangeOutcome.Rejected.class);
        assertThat(reason(outcome)).isEqualTo(Reason.NO_VOTER_MAJORITY);
        assertThat(committed(world.await(done -> world.node(1).topology().pause(true, TIMEOUT, done)))
                        .paused())
                .isTrue();
        world.isolate();
        assertThat(committed(world.await(done -> alone.pause(false, TIMEOUT, done)))
                        .version()
                        .epoch())
                .isEqualTo(3);
    }

    /** Two who change the ring at the same time outbid each other until one is through, and then the other. */
    @Test
    void changesMadeAtTheSameTimeAreAllMade() {
        TopologyWorld world = new TopologyWorld(5);
        List<ChangeOutcome> outcomes = new ArrayList<>();
        for (int number = 1; number <= 5; number++) {
            String name = "n" + number;
            world.node(number).topology().admit(newcomer(name), TIMEOUT, outcomes::add);
        }
        world.time.pass(TIMEOUT);
        assertThat(outcomes).hasSize(5).allMatch(outcome -> outcome instanceof ChangeOutcome.Committed);
        RingState ring = world.node(1).ring();
        assertThat(ring.nextNodeNumber()).isEqualTo(11);
        for (int number = 1; number <= 5; number++) {
            assertThat(Topology.byUuid(ring, "n" + number)).isNotNull();
        }
    }

    @Test
    void aChangeWhoseAcceptanceIsUnseenIsUnknownAndFoundLater() {
        TopologyWorld world = new TopologyWorld(3);
        world.lose(request -> request instanceof PeerRequest.AcceptRing);
        Topology topology = world.node(1).topology();
        ChangeOutcome outcome = world.await(done -> topology.pause(true, Duration.ofMillis(800), done));
        assertThat(outcome).isInstanceOf(ChangeOutcome.Unknown.class);
        world.lose(request -> false);
        // Node 1 accepted it itself, and has it agreed about when nobody else says what became of it.
        world.time.pass(Duration.ofSeconds(10));
        assertThat(world.node(2).ring().paused()).isTrue();
    }

    @Test
    void aRestartedNodeAsksTheVotersWhatItMissed() {
        TopologyWorld world = new TopologyWorld(3);
        RingState first = committed(world.await(done -> world.node(1).topology().pause(true, TIMEOUT, done)));
        world.time.pass(Duration.ofMillis(100));
        world.node(3).crash();
        RingState second =
                committed(world.await(done -> world.node(1).topology().pause(false, TIMEOUT, done)));
        world.node(3).restart();
        assertThat(world.node(3).ring()).isEqualTo(first);
        List<Boolean> read = new ArrayList<>();
        world.node(3).topology().readFromVoters(TIMEOUT, read::add);
        world.time.pass(Duration.ofSeconds(1));
        assertThat(read).containsExactly(true);
        assertThat(world.node(3).ring()).isEqualTo(second);
        world.isolate(3);
        world.node(3).topology().readFromVoters(Duration.ofSeconds(2), read::add);
        world.time.pass(Duration.ofSeconds(3));
        assertThat(read).containsExactly(true, false);
    }

    @Test
    void aNodeThatIsBehindPullsWhatOthersHave() {
        TopologyWorld world = new TopologyWorld(3);
        world.isolate(3);
        committed(world.await(done -> world.node(1).topology().pause(true, TIMEOUT, done)));
        RingState later = committed(world.await(done -> world.node(1).topology().pause(false, TIMEOUT, done)));
        world.isolate();
        world.node(3).sent.clear();
        for (int i = 0; i < 10; i++) {
            world.node(3).topology().heardOf(new NodeId(1), later.version());
        }
        world.time.pass(Duration.ofMillis(50));
        assertThat(world.node(3).ring()).isEqualTo(later);
        assertThat(world.node(3).sent).hasSize(1);
        List<Boolean> pulled = new ArrayList<>();
        world.node(3).topology().pullFrom(new NodeId(2), pulled::add);
        world.time.pass(Duration.ofMillis(50));
        assertThat(pulled).containsExactly(false);
    }

    /** Voters that were given up for lost are still members: called back while nobody reaches them, they would stop every change for good. */
    @Test
    void nobodyIsCalledToVoteWhoCannotBeReached() {
        TopologyWorld world = new TopologyWorld(5);
        Topology topology = world.node(4).topology();
        List<NodeId> lost = List.of(new NodeId(1), new NodeId(2));
        world.isolate(1, 2);
        committed(world.await(done -> topology.recover(lost, topology.recoveryConfirmation(lost), TIMEOUT, done)));
        world.time.pass(Duration.ofSeconds(30));
        RingState ring = committed(world.await(done -> topology.pause(true, TIMEOUT, done)));
        assertThat(ring.voters()).containsExactly(new NodeId(3), new NodeId(4), new NodeId(5));
    }

    @Test
    void votersFollowTheMembers() {
        TopologyWorld world = new TopologyWorld(3);
        TopologyWorld.Node added = grow(world);
        Topology topology = world.node(2).topology();
        committed(world.await(done -> topology.cancelAll(TIMEOUT, done)));
        committed(world.await(
                done -> topology.stage(new NodeId(1), new StagedChange.Replace(added.id, false), TIMEOUT, done)));
        world.node(1).crash();
        long planId = topology.plan(slot -> 1, 1).match(RingPlan::planId, rejection -> {
            throw new AssertionError(rejection);
        });
        committed(world.await(done -> topology.commit(planId, TIMEOUT, done)));
        world.time.pass(Duration.ofSeconds(20));
        RingState ring = world.node(3).ring();
        assertThat(ring.voters()).containsExactly(new NodeId(2), new NodeId(3), added.id);
        assertThat(ring.newVoters()).isEmpty();
        assertThat(ring.node(new NodeId(1)))
                .isNotNull()
                .satisfies(entry -> assertThat(entry.status()).isEqualTo(NodeStatus.REMOVED));
    }

    @Test
    void aNodeThatWasTakenOutHearsOfItAndVotesNoMore() {
        TopologyWorld world = new TopologyWorld(4);
        Topology topology = world.node(2).topology();
        world.node(4).crash();
        committed(world.await(
                done -> topology.stage(new NodeId(4), new StagedChange.Replace(null, false), TIMEOUT, done)));
        long planId = topology.plan(slot -> 1, 1).match(RingPlan::planId, rejection -> {
            throw new AssertionError(rejection);
        });
        RingState without = committed(world.await(done -> topology.commit(planId, TIMEOUT, done)));
        world.node(4).restart();
        world.node(4).topology().pullFrom(new NodeId(2), later -> {});
        List<ChangeOutcome> outcomes = new ArrayList<>();
        world.node(4).topology().pause(true, Duration.ofSeconds(3), outcomes::add);
        world.time.pass(Duration.ofSeconds(5));
        assertThat(world.node(4).ring().version()).isGreaterThanOrEqualTo(without.version());
        assertThat(outcomes).hasSize(1);
        assertThat(reason(outcomes.get(0))).isEqualTo(Reason.NO_VOTER_MAJORITY);
    }

    @Test
    void aLostMajorityIsRecoveredFromByWhoSaysWhatIsLost() {
        TopologyWorld world = new TopologyWorld(5);
        RingState before =
                committed(world.await(done -> world.node(4).topology().pause(true, TIMEOUT, done)));
        world.time.pass(Duration.ofMillis(100));
        Topology topology = world.node(4).topology();
        List<NodeId> lost = List.of(new NodeId(1), new NodeId(2));
        String words = topology.recoveryConfirmation(lost);
        assertThat(words).isEqualTo("begin generation 1 without n1, n2");
        assertThat(reason(world.await(done -> topology.recover(lost, "yes", TIMEOUT, done))))
                .isEqualTo(Reason.CONFIRMATION_WRONG);
        assertThat(reason(world.await(done -> topology.recover(lost, words, TIMEOUT, done))))
                .isEqualTo(Reason.VOTERS_PRESENT);
        world.isolate(1, 2);
        assertThat(reason(world.await(done -> topology.pause(false, Duration.ofSeconds(2), done))))
                .isEqualTo(Reason.NO_VOTER_MAJORITY);
        RingState recovered = committed(world.await(done -> topology.recover(lost, words, TIMEOUT, done)));
        assertThat(recovered.version())
                .isEqualTo(new RingVersion(1, before.version().epoch() + 1));
        assertThat(recovered.voters()).containsExactly(new NodeId(3), new NodeId(4), new NodeId(5));
        RingState after = committed(world.await(done -> world.node(5).topology().pause(false, TIMEOUT, done)));
        assertThat(after.paused()).isFalse();
        world.isolate();
        // Those that were not lost after all are nobody's voters any more, and learn it.
        List<ChangeOutcome> outcomes = new ArrayList<>();
        world.node(1).topology().heardOf(new NodeId(3), after.version());
        world.time.pass(Duration.ofSeconds(1));
        world.node(1).topology().pause(true, TIMEOUT, outcomes::add);
        world.time.pass(Duration.ofSeconds(1));
        assertThat(outcomes).hasSize(1);
        assertThat(committed(outcomes.get(0)).version().generation()).isEqualTo(1);
    }

    /** Node 3 never heard of the change, and node 2 forgot it: the two are a majority, and would make another one in its place. */
    @Test
    void aVoterThatLostItsDiskAbstainsUntilOthersHaveRemindedIt() {
        TopologyWorld world = new TopologyWorld(3);
        world.isolate(3);
        RingState changed =
                committed(world.await(done -> world.node(1).topology().pause(true, TIMEOUT, done)));
        world.node(2).crash();
        world.isolate(1);
        world.node(2).wipe();
        assertThat(world.node(2).ring().paused()).isFalse();
        assertThat(reason(world.await(done -> world.node(3).topology().split(Duration.ofSeconds(5), done))))
                .isEqualTo(Reason.NO_VOTER_MAJORITY);
        world.isolate();
        RingState split = committed(world.await(done -> world.node(3).topology().split(TIMEOUT, done)));
        assertThat(split.paused()).isTrue();
        assertThat(split.version()).isEqualTo(changed.version().next());
        world.time.pass(Duration.ofSeconds(3));
        world.node(1).crash();
        committed(world.await(done -> world.node(2).topology().pause(false, TIMEOUT, done)));
    }

    @Test
    void theOnlyVoterThatLostItsDiskIsGivenUpForLost() {
        TopologyWorld world = new TopologyWorld(2);
        RingState before =
                committed(world.await(done -> world.node(1).topology().pause(true, TIMEOUT, done)));
        assertThat(before.voters()).containsExactly(new NodeId(1));
        world.time.pass(Duration.ofMillis(100));
        world.node(1).crash();
        world.node(1).wipe();
        world.time.pass(Duration.ofSeconds(5));
        assertThat(world.node(1).ring()).isEqualTo(before);
        assertThat(reason(world.await(done -> world.node(1).topology().pause(false, TIMEOUT, done))))
                .isEqualTo(Reason.NO_VOTER_MAJORITY);
        Topology other = world.node(2).topology();
        List<NodeId> lost = List.of(new NodeId(1));
        RingState recovered =
                committed(world.await(done -> other.recover(lost, other.recoveryConfirmation(lost), TIMEOUT, done)));
        assertThat(recovered.voters()).containsExactly(new NodeId(2));
        assertThat(recovered.paused()).isTrue();
        committed(world.await(done -> world.node(1).topology().pause(false, TIMEOUT, done)));
    }

    @Test
    void aNodeThatHasNotReadItsDiskPromisesNothing() {
        TopologyWorld world = new TopologyWorld(3);
        Topology unread = new Topology(new Topology.Surroundings(
                new NodeId(1),
                new CurrentRing(world.node(1).ring()),
                PlanWorld.BUCKETS,
                new RegisterRules(),
                new CrashingStorage().storage(),
                new PeerCalls(world.node(1), new DeadlineWheel(world.time, world.time), world.time, world.time),
                world.time,
                world.time,
                new DeadlineWheel(world.time, world.time),
                world.source(),
                world.time));
        List<PeerReply> replies = new ArrayList<>();
        assertThat(unread.onPeerRequest(new NodeId(2), PeerRequest.ReadAccepted.INSTANCE, replies::add))
                .isTrue();
        assertThat(replies).containsExactly(new PeerReply.Refused(PeerReply.Refusal.NOT_READY));
        assertThat(unread.onPeerRequest(new NodeId(2), PeerRequest.Ping.INSTANCE, replies::add))
                .isFalse();
        assertThat(replies).hasSize(1);
    }
}
