package dev.quorate.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class LoopLagTest {
    private final ManualTime time = new ManualTime();
    private final LoopLag lag = new LoopLag(time, new DeadlineWheel(time, time), time);

    @Test
    void aLoopThatKeepsUpIsNotLate() {
        for (int i = 0; i < 50; i++) {
            assertThat(lag.average()).isZero();
            time.pass(Duration.ofMillis(100));
        }
    }

    @Test
    void aLoopThatIsAlwaysLateIsAsLateAsItIs() {
        lag.average();
        for (int i = 0; i < 100; i++) {
            time.stall(Duration.ofMillis(58));
            lag.average();
        }
        assertThat(lag.average()).isBetween(Duration.ofMillis(25), Duration.ofMillis(35));
    }

    @Test
    void oneCollectionASecondIsNothingAndAStallOfASecondIs() {
        for (int i = 0; i < 20; i++) {
            lag.average();
            time.stall(Duration.ofMillis(60));
            time.pass(Duration.ofMillis(940));
        }
        assertThat(lag.average()).isLessThan(Duration.ofMillis(5));
        time.stall(Duration.ofSeconds(1));
        assertThat(lag.average()).isGreaterThan(Duration.ofMillis(500));
        time.pass(Duration.ofSeconds(2));
        lag.average();
        time.pass(Duration.ofSeconds(2));
        lag.average();
        time.pass(Duration.ofSeconds(2));
        assertThat(lag.average()).isLessThan(Duration.ofMillis(5));
    }

    @Test
    void measuresOnlyWhileSomebodyAsks() {
        lag.average();
        time.pass(Duration.ofSeconds(5));
        int timers = time.timersSet();
        time.pass(Duration.ofMinutes(1));
        assertThat(time.timersSet()).isEqualTo(timers);
        assertThat(lag.average()).isZero();
        time.pass(Duration.ofSeconds(1));
        assertThat(time.timersSet()).isGreaterThan(timers);
    }
}
