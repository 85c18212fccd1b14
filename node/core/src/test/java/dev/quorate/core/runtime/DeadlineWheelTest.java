package dev.quorate.core.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.Seeds;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class DeadlineWheelTest {
    private final ManualTime time = new ManualTime();
    private final DeadlineWheel wheel = new DeadlineWheel(time, time);
    private final List<String> ran = new ArrayList<>();

    @Test
    void runsATaskNotEarlyAndAtMostOneTickLate() {
        Seeds.forEachSeed(200, seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            ManualTime ownTime = new ManualTime();
            DeadlineWheel ownWheel = new DeadlineWheel(ownTime, ownTime);
            List<Long> lateBy = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                long delay = random.nextLong(3_000_000_000L);
                long dueAt = ownTime.nanos() + delay;
                ownWheel.after(Duration.ofNanos(delay), () -> lateBy.add(ownTime.nanos() - dueAt));
                ownTime.pass(Duration.ofNanos(random.nextLong(50_000_000)));
            }
            ownTime.pass(Duration.ofSeconds(5));
            assertThat(lateBy).hasSize(50).allSatisfy(late -> assertThat(late).isBetween(0L, DeadlineWheel.TICK_NANOS));
            assertThat(ownWheel.size()).isZero();
        });
    }

    @Test
    void aCancelledTaskNeverRuns() {
        DeadlineWheel.Handle handle = wheel.after(Duration.ofMillis(10), () -> ran.add("cancelled"));
        wheel.after(Duration.ofMillis(10), () -> ran.add("kept"));
        handle.cancel();
        time.pass(Duration.ofSeconds(1));
        assertThat(ran).containsExactly("kept");
    }

    @Test
    void aShortTimeoutDoesNotWaitForALongOne() {
        wheel.after(Duration.ofSeconds(30), () -> ran.add("long"));
        wheel.after(Duration.ofMillis(5), () -> ran.add("short"));
        time.pass(Duration.ofMillis(20));
        assertThat(ran).containsExactly("short");
    }

    @Test
    void manyTimeoutsShareATimer() {
        for (int i = 0; i < 1000; i++) {
            wheel.after(Duration.ofSeconds(2), () -> ran.add("x"));
        }
        assertThat(time.timersSet()).isEqualTo(1);
    }

    @Test
    void aDefectInOneTaskKeepsNoOtherFromRunning() {
        wheel.after(Duration.ofMillis(5), () -> {
            throw new IllegalStateException("a defect");
        });
        wheel.after(Duration.ofMillis(5), () -> ran.add("second"));
        assertThatThrownBy(() -> time.pass(Duration.ofMillis(50))).hasMessage("a defect");
        assertThat(ran).containsExactly("second");
    }

    @Test
    void aTaskMayScheduleAnother() {
        wheel.after(Duration.ofMillis(5), () -> wheel.after(Duration.ofMillis(5), () -> ran.add("second")));
        time.pass(Duration.ofMillis(50));
        assertThat(ran).containsExactly("second");
    }
}
