package dev.quorate.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.quorate.cli.terminal.CommandFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SuiteComparisonTest {
    private static final SuiteCase GET = new SuiteCase(SuiteCase.Subject.ONE_UNARY, Mix.READS, 100, 64);
    private static final SuiteCase PUT = new SuiteCase(SuiteCase.Subject.ONE_UNARY, Mix.WRITES, 100, 64);

    @TempDir
    Path folder;

    @Test
    void standsBesideWhatWasSaved() throws Exception {
        SuiteComparison before = SuiteComparison.read(
                saved(summary(GET, 0.5, 20), summary(new SuiteCase(SuiteCase.Subject.ECHO, Mix.READS, 100, 64), 1, 5)));

        String text = before.markdown(List.of(summary(GET, 0.6, 15), summary(PUT, 0.4, 30)));

        assertThat(text)
                .contains("before.json (2026-11-28T00:00:00Z, abc)")
                .contains("| one node, unary, GET, 100 B, 64 in flight | 0.50 | 0.60 | +20 % | 20.0 | 15.0 |")
                .doesNotContain("PUT")
                .doesNotContain("| echo");
    }

    @Test
    void whatTheSuiteDidNotWriteIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("other.json"), "{\"throughput\": 1}");
        assertThatThrownBy(() -> SuiteComparison.read(file))
                .isInstanceOf(CommandFailure.class)
                .hasMessageContaining("no result of kvctl bench suite");
        assertThatThrownBy(() -> SuiteComparison.read(folder.resolve("missing.json")))
                .isInstanceOf(CommandFailure.class)
                .hasMessageContaining("missing.json");
        Path broken = Files.writeString(folder.resolve("broken.json"), "{\"cases\": [{}], \"surroundings\": {}}");
        assertThatThrownBy(() -> SuiteComparison.read(broken)).isInstanceOf(CommandFailure.class);
    }

    private Path saved(Summary... summaries) throws IOException {
        JsonArray cases = new JsonArray();
        for (Summary summary : summaries) {
            cases.add(summary.json());
        }
        JsonObject surroundings = new JsonObject();
        surroundings.addProperty("when", "2026-11-28T00:00:00Z");
        surroundings.addProperty("git", "abc");
        JsonObject json = new JsonObject();
        json.add("cases", cases);
        json.add("surroundings", surroundings);
        return Files.writeString(folder.resolve("before.json"), json.toString());
    }

    private static Summary summary(SuiteCase what, double ratio, double cpu) {
        Spread any = Spread.of(List.of(1.0));
        return new Summary(what, any, Spread.of(List.of(ratio)), any, any, Spread.of(List.of(cpu)), 0);
    }
}
