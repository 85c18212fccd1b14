package dev.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** Gossip alone, in rings of some size. The long and large runs are {@code kvctl sim gossip}. */
class GossipSimulationTest {
    private static GossipSimulation.Report run(long seed, int nodes, double loss, int seconds) {
        return GossipSimulation.run(new GossipSimulation.Plan(seed, nodes, loss, Duration.ofSeconds(seconds)));
    }

    @Test
    void ofAHundredNodesEachKnowsEachOtherWithinAFewRounds() {
        GossipSimulation.Report report = run(1, 100, 0, 60);
        assertThat(report.falseDowns()).isZero();
        assertThat(report.accusations())
                .as("by those who found the dead one out first, not by all")
                .isLessThan(50);
        assertThat(report.behind().p99()).isLessThanOrEqualTo(4);
        assertThat(report.behind().max()).isLessThanOrEqualTo(8);
        assertThat(report.bytesPerNodeSecond())
                .as("twelve bytes a member and exchange, both ways, and as much again for frames")
                .isLessThan(20_000);
        assertThat(report.allKnewSeconds()).isLessThanOrEqualTo(15);
    }

    @Test
    void aFifthOfTheMessagesLostMakesNobodyDownAndHidesNoDeath() {
        for (int nodes : new int[] {3, 10, 60}) {
            GossipSimulation.Report report = run(7, nodes, 0.2, 300);
            assertThat(report.falseDowns()).isZero();
            assertThat(report.ages().max()).isLessThan(8_000);
            assertThat(report.allKnewSeconds()).isLessThanOrEqualTo(15);
        }
    }

    @Test
    void theSameSeedIsTheSameRun() {
        assertThat(run(3, 20, 0.1, 30)).isEqualTo(run(3, 20, 0.1, 30));
    }
}
