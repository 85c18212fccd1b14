package dev.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.replication.Bucket;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What seeds once found, as the smallest plan that showed it. */
class RegressionSimulationTest {
    private static final long MILLI = 1_000_000;

    /**
     * A node that found its old identity file refused every write with a context, because contexts named dots that this life of it had
     * not minted yet; only a write without one made it notice, and take a new boot.
     */
    @Test
    void aNodeWithARolledBackIdentityTakesWritesWithAContext() {
        List<ClientOp> operations = new ArrayList<>();
        for (int number = 0; number < 4; number++) {
            operations.add(readModifyWrite(number, (10 + 10 * number) * MILLI, 1));
        }
        Fault rolledBack = new Fault(0, Fault.Kind.IDENTITY_ROLLED_BACK, 500 * MILLI, 100 * MILLI, 1, 2, 0, 0.5, 0);

        RunReport report = Simulation.run(new Plan(threeNodes(), operations, List.of(rolledBack)), new Subject());

        assertThat(report.violations()).isEmpty();
        assertThat(report.situations().count(Situation.BOOT_RENEWED)).isEqualTo(1);
    }

    private static ClientOp readModifyWrite(int number, long atNanos, int node) {
        return new ClientOp(
                number,
                atNanos,
                0,
                0,
                ClientOp.Kind.READ_MODIFY_WRITE,
                node,
                node,
                2,
                2,
                1,
                ClientOp.Retry.NEVER,
                false,
                1_000 * MILLI,
                0);
    }

    /** One key, three replicas, quorums of two, nothing unusual. */
    private static Setup threeNodes() {
        return new Setup(
                1,
                3,
                3,
                2,
                2,
                0,
                1,
                2,
                Bucket.BlindWrites.OVERWRITE_SEEN,
                MILLI,
                true,
                MILLI,
                0,
                MILLI,
                0,
                0,
                20 * MILLI,
                0.1,
                32,
                1_000 * MILLI);
    }
}
