package dev.quorate.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class OutageSecondTest {
    private static OutageSecond second(SortedMap<String, Long> failures, Long... cpuMicros) {
        Histogram response = new Histogram(3);
        response.recordValueWithCount(2_000_000, 50);
        return new OutageSecond(
                OutageSecond.Phase.REPLAY,
                12.04,
                new Recording.Interval(response, response, failures),
                7,
                List.of(cpuMicros));
    }

    @Test
    void lineHasAsManyFieldsAsTheHeaderAndTheProcessorTimeOfThisSecondOnly() {
        SortedMap<String, Long> failures = new TreeMap<>(Map.of("DEADLINE", 2L, "OVERLOADED", 1L));
        OutageSecond before = second(new TreeMap<>(), 1_000_000L, 5_000_000L);
        String line = second(failures, 1_300_000L, 40_000L).csv(1, before);
        assertThat(line).isEqualTo("1,12.0,replay,50,2.0,2.0,2.0,3,7,300,40,DEADLINE=2 OVERLOADED=1");
        assertThat(line.split(",", -1)).hasSameSizeAs(OutageSecond.header(2).split(",", -1));
    }

    @Test
    void failuresOfAllSecondsAreAddedUpByReason() {
        assertThat(OutageSecond.sum(List.of(
                        new TreeMap<>(Map.of("DEADLINE", 2L)), new TreeMap<>(Map.of("DEADLINE", 3L, "MISSING", 1L)))))
                .isEqualTo(Map.of("DEADLINE", 5L, "MISSING", 1L));
    }
}
