package dev.quorate.sdk;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SlowStartTest {
    private static final int CALLS_PER_SECOND = 1_000;

    private final SlowStart slowStart = new SlowStart();
    private long now = -5_000_000_000L;

    private int turnsInASecond() {
        int turns = 0;
        for (int call = 0; call < CALLS_PER_SECOND; call++) {
            now += TimeUnit.SECONDS.toNanos(1) / CALLS_PER_SECOND;
            turns += slowStart.takesTurn(now) ? 1 : 0;
        }
        return turns;
    }

    @Test
    void aNodeThatHasNotBegunAnewGetsItsShare() {
        assertThat(turnsInASecond()).isEqualTo(CALLS_PER_SECOND);
    }

    @Test
    void theShareGrowsFromNearlyNothingToAllOfIt() {
        slowStart.begin(now);
        int before = turnsInASecond();
        assertThat(before).isLessThanOrEqualTo(2);
        for (int second = 2; second <= 30; second++) {
            int turns = turnsInASecond();
            assertThat(turns).as("second %d", second).isGreaterThanOrEqualTo(before);
            before = turns;
        }
        assertThat(before).isGreaterThan(CALLS_PER_SECOND * 9 / 10);
        assertThat(turnsInASecond()).isEqualTo(CALLS_PER_SECOND);
    }

    @Test
    void anotherBeginningBeginsAgain() {
        slowStart.begin(now);
        for (int second = 0; second < 20; second++) {
            turnsInASecond();
        }
        slowStart.begin(now);
        assertThat(turnsInASecond()).isLessThanOrEqualTo(2);
    }
}
