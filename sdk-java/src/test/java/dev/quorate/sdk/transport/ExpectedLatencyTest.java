package dev.quorate.sdk.transport;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ExpectedLatencyTest {
    private static final double MILLISECOND = 1e6;

    private final ExpectedLatency latency = new ExpectedLatency();

    @Test
    void aNodeWithoutAnAnswerYetIsTriedOnce() {
        assertThat(latency.nanos(0)).isLessThan(MILLISECOND);
        assertThat(latency.nanos(1)).isGreaterThan(500 * MILLISECOND);
        latency.answeredAfter(2 * MILLISECOND);
        assertThat(latency.nanos(1)).isEqualTo(2 * MILLISECOND);
    }

    @Test
    void aNodeThatWasAwayIsNotTakenForTheFastestOfAll() {
        latency.answeredAfter(2 * MILLISECOND);
        for (int halfSecond = 0; halfSecond < 240; halfSecond++) {
            latency.fade();
            assertThat(latency.nanos(0)).isGreaterThanOrEqualTo(MILLISECOND / 10);
        }
        assertThat(latency.nanos(100)).as("before its first answer").isGreaterThan(500 * MILLISECOND);
    }

    @Test
    void aSlowNodeGetsAnotherChance() {
        latency.answeredAfter(3_000 * MILLISECOND);
        for (int halfSecond = 0; halfSecond < 20; halfSecond++) {
            latency.fade();
        }
        assertThat(latency.nanos(0)).isLessThan(5 * MILLISECOND);
    }

    @Test
    void waitingInVainCountsAtOnceAndOnlyAgainstANode() {
        latency.answeredAfter(2 * MILLISECOND);
        latency.waitedInVain(MILLISECOND);
        assertThat(latency.nanos(0)).isEqualTo(2 * MILLISECOND);
        latency.waitedInVain(202 * MILLISECOND);
        assertThat(latency.nanos(0)).isEqualTo(102 * MILLISECOND);
    }
}
