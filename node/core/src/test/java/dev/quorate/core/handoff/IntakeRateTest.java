package dev.quorate.core.handoff;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.quorate.core.runtime.ManualTime;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class IntakeRateTest {
    private static final int MOST = 5_000;

    private final ManualTime time = new ManualTime();
    private final IntakeRate rate = new IntakeRate(time, MOST);

    private void seconds(int seconds, int load, long lagMillis) {
        for (int tenth = 0; tenth < 10 * seconds; tenth++) {
            time.pass(Duration.ofMillis(100));
            rate.look(load, Duration.ofMillis(lagMillis));
        }
    }

    @Test
    void beginsLowAndReachesTheMostWithinHalfAMinuteIfNobodyMinds() {
        assertThat(rate.keysPerSecond()).isEqualTo(MOST / 10.0);
        seconds(10, 0, 0);
        assertThat(rate.keysPerSecond()).isLessThan(MOST / 3.0);
        seconds(20, 0, 0);
        assertThat(rate.keysPerSecond()).isEqualTo(MOST);
        seconds(10, 0, 0);
        assertThat(rate.keysPerSecond()).isEqualTo(MOST);
        assertThat(rate.cuts()).isZero();
    }

    @Test
    void holdsBetweenEaseAndTrouble() {
        seconds(10, 0, 0);
        double before = rate.keysPerSecond();
        seconds(10, 0, 7);
        assertThat(rate.keysPerSecond()).isEqualTo(before);
    }

    @Test
    void halvesOnceASecondWhileTheLoopIsLateOrQueuesAreFull() {
        seconds(40, 0, 0);
        seconds(1, 0, 11);
        assertThat(rate.keysPerSecond()).isCloseTo(MOST / 2.0, within(1.0));
        seconds(1, 50, 0);
        assertThat(rate.keysPerSecond()).isCloseTo(MOST / 4.0, within(1.0));
        assertThat(rate.cuts()).isEqualTo(2);
    }

    @Test
    void neverComesToAStandstill() {
        seconds(60, 100, 1_000);
        assertThat(rate.keysPerSecond()).isEqualTo(MOST / 10.0);
        assertThat(new IntakeRate(time, 1).keysPerSecond()).isEqualTo(1);
    }

    @Test
    void beginsLowAgainAfterALongPause() {
        seconds(40, 0, 0);
        time.pass(Duration.ofSeconds(31));
        rate.look(0, Duration.ZERO);
        assertThat(rate.keysPerSecond()).isEqualTo(MOST / 10.0);
    }
}
