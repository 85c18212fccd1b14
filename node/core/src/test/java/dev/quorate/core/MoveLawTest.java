package dev.quorate.core;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.storage.TransferRules;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** A slot that moves to and fro loses nothing, and no strict read misses what was strictly acknowledged before it (rules.md A8, A12). */
class MoveLawTest {
    private static final int STEPS = 1500;

    @Test
    void nothingIsLostAndNoStrictReadIsStale() {
        SortedMap<String, Integer> seen = new TreeMap<>();
        forEachSeed(Integer.getInteger("moves.seeds", 1000), seed -> {
            MoveWorld world = new MoveWorld(seed, new TransferRules());
            world.run(STEPS);
            List<String> problems = world.heal();
            assertThat(world.staleReads()).isEmpty();
            assertThat(problems).isEmpty();
            world.seen().forEach((what, times) -> seen.merge(what, times, Integer::sum));
        });
        System.out.println(seen);
    }
}
