package dev.quorate.core.version;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.version.VersioningWorld.Answer;
import dev.quorate.core.version.VersioningWorld.Faults;
import dev.quorate.core.version.VersioningWorld.Scheme;
import dev.quorate.core.version.VersioningWorld.Verdict;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** No write is lost by what the store does, and the model would notice: schemes that others have used lose some in it. */
class VersioningModelTest {
    private static final int STEPS = 60;

    @Test
    void keepsExactlyTheLiveWritesOnAnUnreliableNetwork() {
        forEachSeed(6_000, seed -> {
            Verdict verdict = run(seed, STEPS, Scheme.OWN_MARKER, Faults.NONE);
            assertNothingLost(verdict);
            assertThat(verdict.falseSiblings())
                    .as("superseded writes that came back")
                    .isZero();
        });
    }

    @Test
    void losesNothingWhenNodesCrashBackOrAreWiped() {
        forEachSeed(6_000, seed -> assertNothingLost(run(seed, STEPS, Scheme.OWN_MARKER, Faults.CRASHES)));
    }

    @Test
    void losesNothingWhenContextsArePrunedToo() {
        forEachSeed(6_000, seed -> assertNothingLost(run(seed, STEPS, Scheme.OWN_MARKER, Faults.ALL)));
    }

    @Test
    void losesNothingInLongRuns() {
        forEachSeed(600, seed -> assertNothingLost(run(seed, 300, Scheme.OWN_MARKER, Faults.ALL)));
    }

    @ParameterizedTest
    @EnumSource(names = {"PLAIN_INTERVALS", "COUNTER_PER_KEY", "COUNTER_PER_NODE", "EPOCH"})
    void weakerSchemesLoseWritesEvenWithoutFaults(Scheme scheme) {
        assertThat(lostIn(1_000, scheme, Answer.SEEN_AND_OWN_DOT, Faults.NONE)).isPositive();
    }

    @Test
    void bootNumbersThatRepeatLoseWrites() {
        assertThat(lostIn(1_000, Scheme.BOOT_REUSED, Answer.SEEN_AND_OWN_DOT, new Faults(false, true, false)))
                .isPositive();
    }

    @Test
    void puttingTheWholeContextIntoAnAnswerLosesWrites() {
        assertThat(lostIn(1_000, Scheme.OWN_MARKER, Answer.WHOLE_CONTEXT, Faults.NONE))
                .isPositive();
    }

    @Test
    void wholeContextIsSafeInAnAnswerToTheOnlySibling() {
        forEachSeed(
                6_000,
                seed -> assertNothingLost(
                        new VersioningWorld(seed, Scheme.OWN_MARKER, Answer.WHOLE_CONTEXT_IF_ALONE, Faults.ALL)
                                .run(STEPS)));
    }

    private static int lostIn(int worlds, Scheme scheme, Answer answer, Faults faults) {
        int lost = 0;
        for (long seed = 1; seed <= worlds; seed++) {
            lost += new VersioningWorld(seed, scheme, answer, faults).run(STEPS).lost();
        }
        return lost;
    }

    private static Verdict run(long seed, int steps, Scheme scheme, Faults faults) {
        return new VersioningWorld(seed, scheme, Answer.SEEN_AND_OWN_DOT, faults).run(steps);
    }

    private static void assertNothingLost(Verdict verdict) {
        assertThat(verdict.lost()).as("lost writes").isZero();
        assertThat(verdict.dotConflicts()).as("dots that named two writes").isZero();
        assertThat(verdict.orderMattered())
                .as("merging in another order differs")
                .isFalse();
    }
}
