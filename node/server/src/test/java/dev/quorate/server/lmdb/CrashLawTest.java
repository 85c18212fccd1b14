package dev.quorate.server.lmdb;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.server.lmdb.CrashWorld.Mistake;
import dev.quorate.server.lmdb.CrashWorld.Seen;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** No crash loses what was acknowledged or brings back what was not; and the test would notice if one did. */
class CrashLawTest {
    private static final int SEEDS = Integer.getInteger("crash.seeds", 60);
    private static final int SEEDS_TO_NOTICE = 100;
    private static final int STEPS = 300;

    @Test
    void everyCrashLeavesAPrefixWithAllAcknowledgedBatchesLaw() {
        Seen seen = new Seen();
        forEachSeed(SEEDS, seed -> run(seed, Set.of(), seen));
        if (Long.getLong("seed") == null) {
            assertThat(seen.batches).isPositive();
            assertThat(seen.powerLosses).isPositive();
            assertThat(seen.kills).isPositive();
            assertThat(seen.tornTails).isPositive();
            assertThat(seen.crashesDuringFlush).isPositive();
            assertThat(seen.refused).isPositive();
            assertThat(seen.undecidableTails).isPositive();
            assertThat(seen.damaged).isEqualTo(seen.refused + seen.undecidableTails);
        }
    }

    @ParameterizedTest
    @EnumSource
    void theLawNoticesMistake(Mistake mistake) {
        assertThatThrownBy(() -> forEachSeed(SEEDS_TO_NOTICE, seed -> run(seed, Set.of(mistake), new Seen())))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("P");
    }

    private static void run(long seed, Set<Mistake> mistakes, Seen seen) {
        try {
            Path directory = FastDirectory.create("quorate-crash-");
            try (CrashWorld world = new CrashWorld(directory, seed, mistakes, seen)) {
                world.run(STEPS);
            } finally {
                try (Stream<Path> files = Files.walk(directory)) {
                    for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                        Files.delete(file);
                    }
                }
            }
        } catch (IOException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
