package dev.quorate.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import dev.quorate.cli.terminal.CommandFailure;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FiguresTest {
    @TempDir
    Path folder;

    private static Measurement measurement(long operations, long micros) {
        Histogram histogram = new Histogram(3);
        histogram.recordValueWithCount(micros * 1000, operations);
        return new Measurement(operations, 2.0, histogram, histogram, new TreeMap<>(), 12.34, 5.67);
    }

    private static JsonObject result(long operations, long micros, int inFlight) {
        JsonObject json = measurement(operations, micros).json();
        JsonObject settings = new JsonObject();
        settings.addProperty("inFlight", inFlight);
        settings.addProperty("nodes", "127.0.0.1:" + operations);
        json.add("settings", settings);
        return json;
    }

    @Test
    void jsonOfAMeasurementIsStable() {
        assertThat(measurement(1000, 200).json())
                .hasToString("{\"operations\":1000,\"seconds\":2.0,\"throughput\":500.0,\"failures\":{},"
                        + "\"serviceMicros\":{\"p50\":200.1,\"p90\":200.1,\"p99\":200.1,\"p999\":200.1,\"max\":200.1},"
                        + "\"responseMicros\":{\"p50\":200.1,\"p90\":200.1,\"p99\":200.1,\"p999\":200.1,\"max\":200.1},"
                        + "\"serverCpuMicrosPerOperation\":12.3,\"clientCpuMicrosPerOperation\":5.7}");
    }

    @Test
    void comparisonTellsChangeAndJudgesByTolerance() {
        Comparison slower = Comparison.of(result(1000, 200, 64), result(800, 200, 64));
        assertThat(slower.throughput()).isBetween(-20.1, -19.9);
        assertThat(slower.worseThan(15)).isTrue();
        assertThat(slower.worseThan(25)).isFalse();
        assertThat(slower.settingsDiffer()).isFalse();
        assertThat(Comparison.of(result(800, 200, 64), result(1000, 200, 64)).worseThan(15))
                .isFalse();
        assertThat(Comparison.of(result(1000, 200, 64), result(1000, 900, 64)).worseThan(15))
                .isTrue();
        assertThat(Comparison.of(result(1000, 200, 64), result(1000, 200, 1)).settingsDiffer())
                .isTrue();
    }

    @Test
    void onlyResultsOfBenchAreCompared() throws Exception {
        Path file = folder.resolve("old.json");
        for (String text : List.of("{}", "[]", "no json", "{\"throughput\":1}")) {
            Files.writeString(file, text);
            assertThatThrownBy(() -> Comparison.read(file)).isInstanceOf(CommandFailure.class);
        }
        Files.writeString(file, result(1, 1, 1).toString());
        assertThat(Comparison.read(file)).isEqualTo(result(1, 1, 1));
    }

    @Test
    void medianOfRounds() {
        assertThat(Spread.of(List.of(3.0, 1.0, 2.0))).isEqualTo(new Spread(1, 2, 3));
        assertThat(Spread.of(List.of(4.0, 2.0))).isEqualTo(new Spread(2, 3, 4));
    }

    @Test
    void suiteComparesEachRoundWithTheEchoOfItsOwnGroup() {
        BenchSuiteCommand.SuiteResult result = new BenchSuiteCommand.SuiteResult(3);
        result.startToReady(Duration.ofMillis(900));
        SuiteCase reads = new SuiteCase(SuiteCase.Subject.ONE_UNARY, Mix.READS, 100, 64);
        result.add(reads, measurement(800, 100), measurement(1000, 100));
        result.add(reads, measurement(100, 100), measurement(200, 100));
        result.add(reads, measurement(900, 100), measurement(1000, 100));
        assertThat(result.markdown())
                .contains("| one node, unary, GET, 100 B, 64 in flight | 400 (50-450) | 0.80 (0.50-0.90) | 100 | 100 |")
                .contains("| GET, unary / echo | 0.80 | 0.80 | 0.95 |")
                .contains("| start to ready, one node, s | 0.90 | 1.0 | 0.5 |");
        assertThat(result.json()
                        .getAsJsonArray("cases")
                        .get(0)
                        .getAsJsonObject()
                        .get("ratioToEcho")
                        .getAsDouble())
                .isEqualTo(0.8);
    }

    @Test
    void suiteLeavesOutWhatIsNotWanted() {
        assertThat(SuiteCase.groups(100, List.of(1, 64), null)).hasSize(8);
        assertThat(SuiteCase.groups(100, List.of(1, 64), Pattern.compile("three nodes.*50/50.*64")))
                .hasSize(2)
                .allSatisfy(group -> assertThat(group).hasSize(1));
    }
}
