package dev.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** A failing plan of hundreds of parts becomes one that a person can read. */
class ShrinkerTest {
    @Test
    void leavesWhatTheFailureNeeds() {
        Plan failing = LongStream.rangeClosed(1, 50)
                .mapToObj(PlanGenerator::plan)
                .filter(ShrinkerTest::stillFails)
                .findFirst()
                .orElseThrow();

        Plan smallest = new Shrinker(ShrinkerTest::stillFails).shrink(failing);

        assertThat(stillFails(smallest)).isTrue();
        assertThat(smallest.operations()).hasSizeBetween(2, 5);
        assertThat(smallest.faults()).hasSizeLessThanOrEqualTo(1);
    }

    private static boolean stillFails(Plan plan) {
        return Simulation.run(plan, Mutant.A1.subject()).violations().stream()
                .anyMatch(violation -> violation.invariant().equals("I2"));
    }
}
