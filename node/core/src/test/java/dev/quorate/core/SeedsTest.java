package dev.quorate.core;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;

/** Under {@code -Dseed} there is only one seed, so there is nothing of this to see. */
@DisabledIfSystemProperty(named = "seed", matches = ".*")
class SeedsTest {
    @Test
    void runsEverySeed() {
        List<Long> seen = new ArrayList<>();

        forEachSeed(3, seen::add);

        assertThat(seen).containsExactly(1L, 2L, 3L);
    }

    @Test
    void namesTheSeedAndTheReplayCommand() {
        assertThatThrownBy(() -> forEachSeed(10, seed -> assertThat(seed).isLessThan(7)))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("seed 7, ")
                .hasMessageContaining("-pl node/core ")
                .hasMessageContaining("-Dtest=SeedsTest#")
                .hasMessageContaining("-Dseed=7");
    }
}
