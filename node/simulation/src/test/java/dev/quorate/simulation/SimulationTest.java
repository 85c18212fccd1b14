package dev.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Many seeds, each another cluster under other faults: no promise is broken, and the seeds go where it is dangerous. */
class SimulationTest {
    private static final int SEEDS = 300;

    @Test
    void noSeedBreaksAPromiseAndAllGoWhereItIsDangerous() {
        Sweep sweep = new Sweep();
        List<String> broken = new ArrayList<>();
        for (long seed = 1; seed <= SEEDS; seed++) {
            RunReport report = Simulation.run(seed);
            sweep.add(report);
            if (report.failed()) {
                broken.add("seed " + seed + ": " + report.violations().get(0) + "\n  replay: "
                        + SimCommand.replay(report.plan()));
            }
        }

        assertThat(broken).isEmpty();
        for (Situation situation : Situation.values()) {
            assertThat(sweep.situations().count(situation))
                    .as("%s: %s", situation, situation.meaning())
                    .isPositive();
        }
        assertThat(sweep.operationsPerSeed()).isGreaterThanOrEqualTo(200);
        assertThat(sweep.faultsPerSeed()).isGreaterThanOrEqualTo(5);
        assertThat(sweep.faultKindsPerSeed()).isGreaterThanOrEqualTo(3);
        assertThat(sweep.shareOfSeedsThatLostUnsyncedData()).isGreaterThanOrEqualTo(0.5);
    }
}
