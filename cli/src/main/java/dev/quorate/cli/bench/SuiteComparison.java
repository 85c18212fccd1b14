package dev.quorate.cli.bench;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The suite's ratios beside those of an older run, which was saved with the same options or says something else. */
final class SuiteComparison {
    private record Then(double ratio, double serverCpuMicros) {}

    private final String file;
    private final String when;
    private final Map<String, Then> cases;

    private SuiteComparison(String file, String when, Map<String, Then> cases) {
        this.file = file;
        this.when = when;
        this.cases = cases;
    }

    static SuiteComparison read(Path file) {
        try {
            JsonObject json = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
            if (!json.has("cases") || !json.has("surroundings")) {
                throw new JsonParseException("no result of kvctl bench suite");
            }
            Map<String, Then> cases = new LinkedHashMap<>();
            for (JsonElement each : json.getAsJsonArray("cases")) {
                JsonObject entry = each.getAsJsonObject();
                cases.put(
                        key(
                                entry.get("subject").getAsString(),
                                entry.get("operation").getAsString(),
                                entry.get("valueSize").getAsInt(),
                                entry.get("inFlight").getAsInt()),
                        new Then(
                                entry.get("ratioToEcho").getAsDouble(),
                                entry.get("serverCpuMicrosPerOperation").getAsDouble()));
            }
            JsonObject surroundings = json.getAsJsonObject("surroundings");
            String when = surroundings.get("when").getAsString() + ", "
                    + surroundings.get("git").getAsString();
            return new SuiteComparison(file.getFileName().toString(), when, cases);
        } catch (IOException | RuntimeException e) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "cannot read " + file + ": " + e.getMessage(),
                    "results are written with kvctl bench suite --save FILE",
                    e);
        }
    }

    private static String key(String subject, String operation, int valueSize, int inFlight) {
        return subject + " " + operation + " " + valueSize + " " + inFlight;
    }

    /** In Markdown. Cases that only one of both runs has are left out. */
    String markdown(List<Summary> now) {
        StringBuilder text = new StringBuilder();
        text.append(String.format(Locale.ROOT, "Ratios to the echo beside those of %s (%s).%n%n", file, when));
        text.append("| | then | now | change | server CPU us/op then | now |\n|---|---|---|---|---|---|\n");
        for (Summary summary : now) {
            SuiteCase what = summary.what();
            @Nullable
            Then then = cases.get(key(what.subject().name(), what.operation(), what.valueSize(), what.inFlight()));
            if (then != null && what.subject() != SuiteCase.Subject.ECHO) {
                text.append(String.format(
                        Locale.ROOT,
                        "| %s | %.2f | %.2f | %+.0f %% | %.1f | %.1f |%n",
                        what.name(),
                        then.ratio(),
                        summary.ratio().median(),
                        (summary.ratio().median() / then.ratio() - 1) * 100,
                        then.serverCpuMicros(),
                        summary.serverCpuMicros().median()));
            }
        }
        return text.toString();
    }
}
