package dev.quorate.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class HybridClockTest {
    private final ManualTime time = new ManualTime();
    private final HybridClock clock = new HybridClock(time, time);

    @Test
    void growsWithEveryTimeEvenWhenTheWallClockGoesBack() {
        long before = clock.next();
        time.jumpWall(Duration.ofHours(-1));
        assertThat(clock.next()).isGreaterThan(before);
    }

    @Test
    void followsAnotherNodeThatIsAhead() {
        long remote = HybridClock.ofMillis(time.wallMillis() + 5_000);
        clock.observe(remote);
        assertThat(clock.next()).isGreaterThan(remote);
    }

    @Test
    void doesNotFollowAClockThatIsFarAhead() {
        long remote = HybridClock.ofMillis(time.wallMillis() + 61_000);
        clock.observe(remote);
        assertThat(clock.next()).isLessThan(remote);
    }

    @Test
    void startsBeyondAFormerProcess() {
        long mark = HybridClock.ofMillis(time.wallMillis() + 3_600_000);
        clock.startAt(mark);
        assertThat(clock.next()).isGreaterThan(mark);
    }
}
