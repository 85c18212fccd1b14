package dev.quorate.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class OverloadTrialTest {
    private final List<OverloadSecond> seconds = new ArrayList<>();

    @Test
    void whatIsDroppedIsNoFailure() {
        add(OverloadTrial.Phase.OVERLOAD, 100, 50, failures(OpenLoop.TOO_MANY_WAITING, 30, "OVERLOADED", 5));
        add(OverloadTrial.Phase.OVERLOAD, 200, 50, failures(OpenLoop.TOO_MANY_WAITING, 10));
        OverloadTrial.Outcome outcome = new OverloadTrial.Outcome(seconds);

        assertThat(outcome.goodput(OverloadTrial.Phase.OVERLOAD)).isEqualTo(150);
        assertThat(outcome.dropped(OverloadTrial.Phase.OVERLOAD)).isEqualTo(20);
        assertThat(seconds.get(0).failed()).isEqualTo(5);
        assertThat(seconds.get(0).csv())
                .startsWith("1.0,overload,100,")
                .endsWith("NOT_STARTED_TOO_MANY_WAITING=30 OVERLOADED=5");
        assertThat(OverloadSecond.HEADER.split(","))
                .hasSameSizeAs(seconds.get(0).csv().split(","));
    }

    @Test
    void isAsBeforeWhenNothingFailsAndTheLastPercentWaitsHardlyLonger() {
        add(OverloadTrial.Phase.BEFORE, 100, 10, failures());
        add(OverloadTrial.Phase.AFTER, 100, 500, failures());
        add(OverloadTrial.Phase.AFTER, 100, 15, failures());
        add(OverloadTrial.Phase.AFTER, 100, 15, failures("DEADLINE", 1));
        add(OverloadTrial.Phase.AFTER, 100, 19, failures());
        add(OverloadTrial.Phase.AFTER, 100, 12, failures());
        assertThat(new OverloadTrial.Outcome(seconds).recoveredAfterSeconds()).isEqualTo(3);

        add(OverloadTrial.Phase.AFTER, 100, 30, failures());
        assertThat(new OverloadTrial.Outcome(seconds).recoveredAfterSeconds()).isNegative();
    }

    private void add(OverloadTrial.Phase phase, int answered, long millis, SortedMap<String, Long> failures) {
        Histogram response = new Histogram(Recording.DIGITS);
        response.recordValueWithCount(TimeUnit.MILLISECONDS.toNanos(millis), answered);
        seconds.add(new OverloadSecond(
                phase, seconds.size() + 1, 1, new Recording.Interval(response, response, failures), 1_000, 0, 0));
    }

    private static SortedMap<String, Long> failures(Object... pairs) {
        SortedMap<String, Long> failures = new TreeMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            failures.put((String) pairs[i], ((Integer) pairs[i + 1]).longValue());
        }
        return failures;
    }
}
