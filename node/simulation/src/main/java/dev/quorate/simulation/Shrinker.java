package dev.quorate.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * Makes a failing plan smaller by leaving out what is not needed for the failure (delta debugging): first faults, then changes of the ring, then
 * operations, in ever
 * smaller pieces. Works because every direction, disk and client draws from a stream of its own.
 */
public final class Shrinker {
    /** Runs that one shrinking may take. */
    private static final int MOST_RUNS = 3_000;

    private final Predicate<Plan> fails;
    private int runs;

    /** @param fails whether a plan still shows the failure */
    public Shrinker(Predicate<Plan> fails) {
        this.fails = fails;
    }

    /** The smallest failing plan found; the given one if nothing can go. */
    public Plan shrink(Plan failing) {
        Plan smallest = failing;
        int before;
        do {
            before = smallest.size();
            Plan base = smallest;
            smallest = base.withFaults(smaller(base.faults(), base::withFaults));
            Plan fewerFaults = smallest;
            smallest = fewerFaults.withChanges(smaller(fewerFaults.changes(), fewerFaults::withChanges));
            Plan fewerChanges = smallest;
            smallest = fewerChanges.withOperations(smaller(fewerChanges.operations(), fewerChanges::withOperations));
        } while (smallest.size() < before && runs < MOST_RUNS);
        return smallest;
    }

    private <T> List<T> smaller(List<T> parts, Function<List<T>, Plan> planOf) {
        List<T> kept = new ArrayList<>(parts);
        int piece = Math.max(1, kept.size() / 2);
        while (!kept.isEmpty() && runs < MOST_RUNS) {
            boolean removed = false;
            for (int from = 0; from < kept.size() && runs < MOST_RUNS; ) {
                List<T> without = new ArrayList<>(kept.subList(0, from));
                without.addAll(kept.subList(Math.min(kept.size(), from + piece), kept.size()));
                runs++;
                if (fails.test(planOf.apply(without))) {
                    kept = without;
                    removed = true;
                } else {
                    from += piece;
                }
            }
            if (piece > 1) {
                piece = Math.max(1, piece / 2);
            } else if (!removed) {
                break;
            }
        }
        return kept;
    }
}
