package dev.quorate.core.storage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.ManualStorage;
import dev.quorate.core.runtime.HybridClock;
import dev.quorate.core.runtime.ManualTime;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class HybridClockMarkTest {
    private final ManualTime time = new ManualTime();
    private final ManualStorage storage = new ManualStorage();

    /** A new process that issues some times, if the storage is its own. Returns the last. */
    private long life(long atLeast) {
        HybridClock clock = new HybridClock(time, time);
        HybridClockMark mark = new HybridClockMark(clock, storage);
        assertThat(mark.load()).isCompleted();
        for (int i = 0; i < 1_000; i++) {
            mark.keepAhead();
            long issued = clock.next();
            assertThat(issued).isGreaterThan(atLeast);
            time.pass(Duration.ofMillis(i % 50));
        }
        return clock.last();
    }

    @Test
    void theNextProcessStartsBeyondAllThatTheFormerIssued() {
        long last = life(0);
        time.jumpWall(Duration.ofHours(-1));
        last = life(last);
        time.jumpWall(Duration.ofMillis(-15));
        assertThat(life(last)).isGreaterThan(last);
    }

    @Test
    void aProcessThatKeepsDyingDoesNotRunAwayFromTheWallClock() {
        HybridClock clock = new HybridClock(time, time);
        for (int start = 0; start < 100; start++) {
            clock = new HybridClock(time, time);
            HybridClockMark mark = new HybridClockMark(clock, storage);
            assertThat(mark.load()).isCompleted();
            mark.keepAhead();
            assertThat(clock.next()).isPositive();
            time.pass(Duration.ofSeconds(2));
        }
        long aheadMillis = HybridClock.millisOf(clock.last()) - time.wallMillis();
        assertThat(aheadMillis).isLessThan(HybridClock.MAX_AHEAD_MILLIS / 2);
    }
}
