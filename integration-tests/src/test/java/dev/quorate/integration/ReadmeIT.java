package dev.quorate.integration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.integration.Programs.Ended;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs the README: the commands of all its console blocks, in order, in one shell, in an empty folder, with what this build has made. Each
 * must end with exit code 0 and say what the README shows: {@code ...} stands for anything, alone on a line for any number of lines, and
 * columns may be wider.
 */
@Timeout(value = 5, unit = TimeUnit.MINUTES)
final class ReadmeIT {
    private static final Path REPOSITORY = Path.of(System.getProperty("repository"));
    private static final Pattern BLOCK =
            Pattern.compile("^```console\\n(.*?)^```$", Pattern.DOTALL | Pattern.MULTILINE);
    private static final String PROMPT = "$ ";
    private static final String ANYTHING = "...";
    /** The jars are there; a build within the build would only cost time. */
    private static final Map<String, String> ENVIRONMENT =
            Map.of("KVCTL_BUILD", "never", "KVNODE_BUILD", "never", "KVNODE_HEAP", "192m");

    @TempDir
    private Path folder;

    /** One command of the README and what it is to say. */
    private record Step(String command, List<String> output) {
        Pattern expected() {
            String lines = output.stream()
                    .map(line -> line.equals(ANYTHING) ? "(?:.*\\n)*?" : line(line) + "\\n")
                    .collect(Collectors.joining());
            return Pattern.compile(lines);
        }

        private static String line(String text) {
            StringBuilder pattern = new StringBuilder();
            // Ports are taken by others now and then.
            Matcher special =
                    Pattern.compile("\\.\\.\\.|  +|127\\.0\\.0\\.1:74\\d\\d").matcher(text);
            int from = 0;
            while (special.find()) {
                pattern.append(Pattern.quote(text.substring(from, special.start())));
                String found = special.group();
                pattern.append(found.equals(ANYTHING) ? ".*" : found.startsWith(" ") ? " +" : "127\\.0\\.0\\.1:\\d+");
                from = special.end();
            }
            return pattern.append(Pattern.quote(text.substring(from)))
                    .append(" *")
                    .toString();
        }
    }

    @AfterEach
    void nothingIsLeftRunning() throws Exception {
        Path kvctl = folder.resolve("kvctl");
        if (Files.isSymbolicLink(kvctl)) {
            Programs.run(List.of("./kvctl", "dev", "down", "--wipe"), ENVIRONMENT, folder, Duration.ofMinutes(1));
            Files.delete(kvctl);
        }
    }

    @Test
    void everyCommandDoesWhatTheReadmeShows() throws Exception {
        List<Step> steps = steps(Files.readString(REPOSITORY.resolve("README.md")));
        assertThat(steps).as("commands in the README").hasSizeGreaterThan(10);
        assertThat(REPOSITORY.resolve("cli/target/kvctl.classpath"))
                .as("what './mvnw package' leaves for the launcher; this test is part of 'verify'")
                .exists();
        Files.createSymbolicLink(folder.resolve("kvctl"), REPOSITORY.resolve("kvctl"));

        StringBuilder script = new StringBuilder();
        for (int i = 0; i < steps.size(); i++) {
            script.append("{ ")
                    .append(steps.get(i).command())
                    .append("\n} >")
                    .append(i)
                    .append(".out 2>&1; echo $? >")
                    .append(i)
                    .append(".code\n");
        }
        Ended shell = Programs.run(List.of("sh", "-c", script.toString()), ENVIRONMENT, folder, Duration.ofMinutes(4));

        assertThat(shell.said()).as("the shell's own complaints").isEmpty();
        List<String> wrong = new ArrayList<>();
        for (int i = 0; i < steps.size(); i++) {
            Step step = steps.get(i);
            String output = Files.readString(folder.resolve(i + ".out"));
            String code = Files.readString(folder.resolve(i + ".code")).strip();
            if (!code.equals("0") || !step.expected().matcher(output).matches()) {
                wrong.add("$ " + step.command() + "\nexit code " + code + ", and said:\n" + output
                        + "where the README has:\n" + String.join("\n", step.output()));
            }
        }
        assertThat(wrong).isEmpty();
    }

    private static List<Step> steps(String readme) {
        List<Step> steps = new ArrayList<>();
        Matcher blocks = BLOCK.matcher(readme);
        while (blocks.find()) {
            for (String line : blocks.group(1).lines().toList()) {
                if (line.startsWith(PROMPT)) {
                    steps.add(new Step(line.substring(PROMPT.length()), new ArrayList<>()));
                } else {
                    steps.get(steps.size() - 1).output().add(line);
                }
            }
        }
        return steps;
    }
}
