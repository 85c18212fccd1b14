package dev.quorate.cli.bench;

import com.google.gson.JsonObject;
import dev.quorate.cli.dev.LocalCluster;
import dev.quorate.cli.terminal.Json;
import dev.quorate.cli.terminal.Terminal;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** What else a figure depends on; a figure without it cannot be compared with another. */
final class Surroundings {
    private Surroundings() {}

    static JsonObject json(Terminal terminal) throws InterruptedException {
        JsonObject json = new JsonObject();
        json.addProperty("when", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        json.addProperty("git", gitId(terminal));
        json.addProperty("java", Runtime.version().toString());
        json.addProperty("jvm", System.getProperty("java.vm.name"));
        json.add(
                "clientFlags",
                Json.strings(ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                        // Where the class archive lies says where, not how, it ran.
                        .filter(flag -> flag.startsWith("-X") && !flag.startsWith("-XX:SharedArchiveFile"))
                        .toList()));
        json.addProperty("processors", Runtime.getRuntime().availableProcessors());
        json.addProperty(
                "system",
                System.getProperty("os.name") + " " + System.getProperty("os.version") + " "
                        + System.getProperty("os.arch"));
        return json;
    }

    private static String gitId(Terminal terminal) throws InterruptedException {
        String home = terminal.environment().getOrDefault(LocalCluster.HOME_VARIABLE, ".");
        // Git is not a condition for measuring.
        return Programs.output(Path.of(home), "git", "describe", "--always", "--dirty", "--abbrev=10")
                .orElse("unknown");
    }
}
