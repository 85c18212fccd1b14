package dev.quorate.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import dev.quorate.cli.bench.ColdFigures.ReadsMode;
import dev.quorate.cli.bench.ColdPhase.Keys;
import dev.quorate.cli.bench.ColdPhase.State;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class ColdTest {
    private static Measurement measurement(long operations, long micros, double serverCpuMicros) {
        Histogram histogram = new Histogram(3);
        histogram.recordValueWithCount(micros * 1000, operations);
        return new Measurement(operations, 2.0, histogram, histogram, new TreeMap<>(), serverCpuMicros, 5.67);
    }

    private static ColdFigures figures(Optional<Long> resident) {
        return new ColdFigures(
                new ColdPhase(State.COLD, Keys.STORED, 64),
                ReadsMode.pool,
                measurement(100, 900, 50),
                measurement(200, 20, 25),
                measurement(200, 30, 25),
                50,
                1_024_000,
                resident,
                resident.map(bytes -> 10 * bytes));
    }

    @Test
    void coldPhasesComeBeforeAllIsReadOnce() {
        assertThat(ColdPhase.all(List.of(1, 64)))
                .containsExactly(
                        new ColdPhase(State.COLD, Keys.STORED, 1),
                        new ColdPhase(State.COLD, Keys.STORED, 64),
                        new ColdPhase(State.COLD, Keys.ABSENT, 64),
                        new ColdPhase(State.WARM, Keys.STORED, 1),
                        new ColdPhase(State.WARM, Keys.STORED, 64),
                        new ColdPhase(State.WARM, Keys.ABSENT, 64),
                        new ColdPhase(State.WARM, Keys.RECENT, 64));
    }

    @Test
    void faultsAndDiskAreOfTheMeasuredReadsAndProcessorTimeOfAll() {
        assertThat(ColdFigures.markdown(List.of(figures(Optional.of(10L))), 1000))
                .contains(
                        "| reads pool, cold, GET, 64 in flight | 50 | 900 | 900 | 900 | 0.50 | 10.0 | 10.0 | 1 % to 10 % | 20 | 30 | 0 |");
        JsonObject json =
                ColdFigures.json(List.of(figures(Optional.of(10L)))).get(0).getAsJsonObject();
        assertThat(json.get("residentBytesAfter").getAsLong()).isEqualTo(100);
        assertThat(json.get("majorFaults").getAsLong()).isEqualTo(50);
    }

    @Test
    void whatTheSystemDoesNotTellIsNotMadeUp() {
        assertThat(ColdFigures.markdown(List.of(figures(Optional.empty())), 1000))
                .contains("| ? to ? |");
        assertThat(ColdFigures.json(List.of(figures(Optional.empty())))
                        .get(0)
                        .getAsJsonObject()
                        .has("residentBytesBefore"))
                .isFalse();
    }

    @Test
    void deviceNumbersAreTakenApartAsGlibcPacksThem() {
        assertThat(PageCache.device(0xfe00)).isEqualTo("254:0");
        assertThat(PageCache.device(0x10301)).isEqualTo("259:1");
        assertThat(PageCache.device(0x1000_0802L)).isEqualTo("8:65538");
    }
}
