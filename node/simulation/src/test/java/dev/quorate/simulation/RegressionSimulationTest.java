package dev.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.peer.Mode;
import dev.quorate.core.replication.Bucket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What seeds once found, as the smallest plan that showed it. */
class RegressionSimulationTest {
    @Test
    void aRetryIsAnsweredWithAllThatItsWriteSuperseded() {
        // With a context that covered the write alone, an owner that had not heard of it kept what it had superseded
        // (I3).
        assertThat(Simulation.run(PlanGenerator.firstPlan(513890), new Subject())
                        .violations())
                .isEmpty();
        assertThat(Simulation.run(PlanGenerator.firstPlan(514840), new Subject())
                        .violations())
                .isEmpty();
    }

    /** A stopped node carried out a first attempt after its retries, and superseded them: the answer is the first attempt. */
    @Test
    void aFirstAttemptThatComesLastIsTheAnswer() {
        assertThat(Simulation.run(40981).violations()).isEmpty();
    }

    /** A read showed what its only replica had not synced yet, and a power loss took back. */
    @Test
    void whatAReadThatRepairsFirstHasShownSurvivesAPowerLoss() {
        assertThat(Simulation.run(741).violations()).isEmpty();
    }

    /**
     * Voters of which two had no memory yet waited for a change of the voters to be agreed about, and that waited for one of them: no
     * hand-over ended.
     */
    @Test
    void aVoterRemembersWhileVotersAreBeingChanged() {
        assertThat(Simulation.run(451).violations()).isEmpty();
    }

    /** A voter was taken out by itself and one other, while the third had no memory yet: nobody was left to change the ring, no hand-over ended. */
    @ParameterizedTest
    @ValueSource(longs = {2_000_185, 2_001_730, 2_002_363, 2_003_548})
    void noVoterIsTakenOutWhileTheOthersCannotGoOnWithoutIt(long seed) {
        assertThat(Simulation.run(seed).violations()).isEmpty();
    }

    /** A sloppy read looked for somebody to stand in for an owner that had left while the read was under way. */
    @Test
    void nobodyStandsInForAnOwnerThatHasLeft() {
        assertThat(Simulation.run(2_000_101).violations()).isEmpty();
    }

    /** Two lives of a node had said something in the same heartbeat of the same boot, one of them farewell: that stood for ever. */
    @Test
    void aFarewellThatIsNotOnesOwnIsNoticedInTheSameHeartbeatToo() {
        assertThat(Simulation.run(3_008_133).violations()).isEmpty();
    }

    /** Writes and reads of fewer replicas than the bucket's, with nodes that are taken out and live: nothing is promised of them. */
    @ParameterizedTest
    @ValueSource(longs = {3_002_436, 3_007_467})
    void whatOnlyANodeThatIsOutAcknowledgedIsNotPromised(long seed) {
        assertThat(Simulation.run(seed).violations()).isEmpty();
    }

    /** An empty disk was replaced by an old one before the node had heard the others out: the checker took that for a promise kept. */
    @Test
    void anImageForgetsThatTheNodeIsRecovering() {
        assertThat(Simulation.run(20_216).violations()).isEmpty();
    }

    private static final long MILLI = 1_000_000;

    /**
     * A node that found its old identity file refused every write with a context, because contexts named dots that this life of it had
     * not minted yet; only a write without one made it notice, and take a new boot.
     */
    @Test
    void aNodeWithARolledBackIdentityTakesWritesWithAContext() {
        List<ClientOp> operations = new ArrayList<>();
        for (int number = 0; number < 4; number++) {
            operations.add(readModifyWrite(number, (500 + 10 * number) * MILLI, 1));
        }
        Fault rolledBack = new Fault(0, Fault.Kind.IDENTITY_ROLLED_BACK, 700 * MILLI, 100 * MILLI, 1, 2, 0, 0.5, 0);

        RunReport report =
                Simulation.run(new Plan(setup(1, 1, 1_000 * MILLI), operations, List.of(rolledBack)), new Subject());

        assertThat(report.violations()).isEmpty();
        assertThat(report.situations().count(Situation.BOOT_RENEWED)).isEqualTo(1);
    }

    /**
     * A write missed its quorum behind a partition; then its coordinator's record, the only copy, was damaged and replaced by what the
     * others held. The retry was known there, so the record was replicated again, without the write in it, and acknowledged.
     */
    @Test
    void aRetryIsNotAcknowledgedOnceTheOnlyCopyIsGone() {
        // 1 and 2 on one side, 3 on the other.
        List<Fault> faults = List.of(
                new Fault(0, Fault.Kind.PARTITION, 400 * MILLI, 120 * MILLI, 1, 3, 0b011, 0, 0),
                new Fault(1, Fault.Kind.DAMAGED_RECORD, 600 * MILLI, 60 * MILLI, 3, 3, 0, 0, 0));
        List<ClientOp> operations = List.of(
                blindPut(0, 100 * MILLI, 500 * MILLI),
                blindPut(1, 440 * MILLI, 330 * MILLI),
                operation(2, 620 * MILLI, 1, ClientOp.Kind.GET, 3, 1, ClientOp.Retry.NEVER, 300 * MILLI));
        Setup setup = setup(1, 1, 3_000 * MILLI);

        RunReport report = Simulation.run(new Plan(setup, operations, faults), new Subject());

        assertThat(report.violations()).isEmpty();
        assertThat(report.situations().count(Situation.DAMAGED_RECORD_RESCUED)).isEqualTo(1);
        assertThat(report.situations().count(Situation.RETRY_DRIVEN_AGAIN)).isPositive();
    }

    private static ClientOp blindPut(int number, long atNanos, long timeoutNanos) {
        return operation(number, atNanos, 0, ClientOp.Kind.BLIND_PUT, 3, 2, ClientOp.Retry.SAME_BOOT, timeoutNanos);
    }

    private static ClientOp readModifyWrite(int number, long atNanos, int node) {
        return operation(
                number, atNanos, 0, ClientOp.Kind.READ_MODIFY_WRITE, node, 1, ClientOp.Retry.NEVER, 1_000 * MILLI);
    }

    /** Of key 0, with quorums of two. */
    private static ClientOp operation(
            int number,
            long atNanos,
            int client,
            ClientOp.Kind kind,
            int node,
            int attempts,
            ClientOp.Retry retry,
            long timeoutNanos) {
        return new ClientOp(
                number, atNanos, client, 0, kind, node, node, 2, 2, attempts, retry, false, timeoutNanos, 0);
    }

    /** Three replicas, quorums of two, nothing unusual. */
    private static Setup setup(long seed, int keys, long chaosNanos) {
        return new Setup(
                seed,
                3,
                3,
                2,
                2,
                0,
                keys,
                3,
                Bucket.BlindWrites.OVERWRITE_SEEN,
                MILLI / 2,
                false,
                2 * MILLI,
                0,
                MILLI,
                0,
                0,
                20 * MILLI,
                0.1,
                32,
                chaosNanos,
                0,
                false,
                Mode.STRICT,
                Mode.STRICT,
                Bucket.Repair.ASYNC,
                1 << 20,
                3);
    }

    /** A change had been forwarded to the next owner and was cleared away before it was acknowledged: the checker took the copy here for promised. */
    @ParameterizedTest
    @ValueSource(longs = {9_005_970, 11_002_353})
    void anAnswerAfterTheClearingIsTheNextOwnersPromise(long seed) {
        assertThat(Simulation.run(seed).violations()).isEmpty();
    }
}
