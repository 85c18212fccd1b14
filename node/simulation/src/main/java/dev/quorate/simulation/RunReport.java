package dev.quorate.simulation;

import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * What one run did and found.
 *
 * @param simulatedNanos virtual time that passed, for the whole cluster
 * @param operations gets and writes that clients asked for
 * @param faults that were struck, by kind
 * @param trace equal exactly when two runs were the same
 */
public record RunReport(
        Plan plan,
        List<Violation> violations,
        long trace,
        long events,
        long messages,
        long simulatedNanos,
        long operations,
        Map<Fault.Kind, Integer> faults,
        int crashesThatLostData,
        Situations situations,
        Map<String, Long> counters) {
    public boolean failed() {
        return !violations.isEmpty();
    }

    /** The numbers of the invariants that failed. */
    public SortedSet<String> invariants() {
        SortedSet<String> invariants = new TreeSet<>();
        violations.forEach(violation -> invariants.add(violation.invariant()));
        return invariants;
    }
}
