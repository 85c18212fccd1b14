package dev.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedSet;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The checker sees every planted mistake: one of its numbered invariants fails within a bounded number of seeds, all of which are clean
 * without the mistake. An exception in core does not count, nor does a cluster that stops serving.
 */
class MutantsTest {
    static final int MOST_SEEDS = 2_000;

    @ParameterizedTest
    @EnumSource
    void isCaughtByANumberedInvariant(Mutant mutant) {
        long seed = seedThatCatches(mutant, 1);
        System.out.printf(
                "%-16s caught at seed %4d by %-20s %s%n",
                mutant, seed, invariants(run(mutant, seed)), mutant.mistake());
        assertThat(Simulation.run(seed).violations())
                .as("seed %d without the mistake", seed)
                .isEmpty();
    }

    /** The table of medians: {@code -Dtest=MutantsTest -Dmutants.starts=9}. */
    @ParameterizedTest
    @EnumSource
    @EnabledIfSystemProperty(named = "mutants.starts", matches = "[1-9][0-9]*")
    void isCaughtFromWhereverTheSeedsBegin(Mutant mutant) {
        int starts = Integer.getInteger("mutants.starts", 1);
        List<Long> seedsToCatch = new ArrayList<>();
        for (int start = 0; start < starts; start++) {
            long first = 1 + 100_000L * start;
            seedsToCatch.add(seedThatCatches(mutant, first) - first + 1);
        }
        Collections.sort(seedsToCatch);
        System.out.printf(
                "%-16s median %4d of %s seeds: %s%n",
                mutant, seedsToCatch.get(starts / 2), seedsToCatch, mutant.mistake());
        assertThat(seedsToCatch).hasSize(starts);
    }

    private static long seedThatCatches(Mutant mutant, long first) {
        for (long seed = first; seed < first + MOST_SEEDS; seed++) {
            RunReport report = run(mutant, seed);
            boolean threw = report.invariants().contains(Violation.DEFECT);
            if (!threw && !invariants(report).isEmpty()) {
                return seed;
            }
        }
        throw new AssertionError(
                mutant + " was not caught in " + MOST_SEEDS + " seeds from " + first + ": " + mutant.mistake());
    }

    private static RunReport run(Mutant mutant, long seed) {
        return Simulation.run(PlanGenerator.plan(seed), mutant.subject());
    }

    /** That a mistake stops the service does not show that the checker sees what it does to data. */
    private static SortedSet<String> invariants(RunReport report) {
        SortedSet<String> invariants = report.invariants();
        invariants.removeAll(List.of(Violation.DEFECT, Violation.AVAILABILITY));
        return invariants;
    }
}
