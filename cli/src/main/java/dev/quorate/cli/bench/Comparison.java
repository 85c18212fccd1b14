package dev.quorate.cli.bench;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * A result beside an older one, as change in percent of the older.
 *
 * @param settingsDiffer whether the two measured different things
 */
record Comparison(double throughput, double p50, double p99, boolean settingsDiffer) {

    static JsonObject read(Path file) {
        try {
            JsonObject json = JsonParser.parseString(Files.readString(file)).getAsJsonObject();
            if (!json.has("throughput") || !json.has("responseMicros")) {
                throw new JsonParseException("no result of kvctl bench");
            }
            return json;
        } catch (IOException | JsonParseException | IllegalStateException e) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "cannot read " + file + ": " + e.getMessage(),
                    "results are written with kvctl bench --save FILE",
                    e);
        }
    }

    static Comparison of(JsonObject before, JsonObject after) {
        Latencies old = Latencies.fromJson(before.getAsJsonObject("responseMicros"));
        Latencies now = Latencies.fromJson(after.getAsJsonObject("responseMicros"));
        return new Comparison(
                change(
                        before.get("throughput").getAsDouble(),
                        after.get("throughput").getAsDouble()),
                change(old.p50(), now.p50()),
                change(old.p99(), now.p99()),
                !comparable(before).equals(comparable(after)));
    }

    /** Where the nodes listen does not matter; all else does. */
    private static JsonObject comparable(JsonObject result) {
        JsonObject settings = result.getAsJsonObject("settings").deepCopy();
        settings.remove("nodes");
        return settings;
    }

    private static double change(double before, double after) {
        return before == 0 ? 0 : (after / before - 1) * 100;
    }

    boolean worseThan(double tolerancePercent) {
        return throughput < -tolerancePercent || p99 > 2 * tolerancePercent;
    }

    String text() {
        String text = String.format(
                Locale.ROOT, "compared     throughput %+.1f %%, p50 %+.1f %%, p99 %+.1f %%", throughput, p50, p99);
        return settingsDiffer ? text + "\nthe settings differ: this compares different things" : text;
    }
}
