package dev.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.SortedSet;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The checker sees every planted mistake: one of its invariants I1 to I10 fails within a bounded number of seeds, all of which are clean
 * without the mistake. An exception in core does not count.
 */
class MutantsTest {
    static final int MOST_SEEDS = 2_000;

    @ParameterizedTest
    @EnumSource
    void isCaughtByANumberedInvariant(Mutant mutant) {
        for (long seed = 1; seed <= MOST_SEEDS; seed++) {
            RunReport report = Simulation.run(PlanGenerator.plan(seed), mutant.subject());
            SortedSet<String> invariants = report.invariants();
            boolean threw = invariants.contains(Violation.DEFECT);
            // That a mistake stops the service does not show that the checker sees what it does to data.
            invariants.removeAll(List.of(Violation.DEFECT, Violation.AVAILABILITY));
            if (!threw && !invariants.isEmpty()) {
                System.out.printf("%-16s caught at seed %4d by %-20s %s%n", mutant, seed, invariants, mutant.mistake());
                assertThat(Simulation.run(seed).violations())
                        .as("seed %d without the mistake", seed)
                        .isEmpty();
                return;
            }
        }
        throw new AssertionError(mutant + " was not caught in " + MOST_SEEDS + " seeds: " + mutant.mistake());
    }
}
