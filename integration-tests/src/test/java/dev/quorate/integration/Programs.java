package dev.quorate.integration;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * The product's programs, run as a user would run them, but from the class path of this build. Small heaps and the quick
 * compiler: many of them share two cores with the tests.
 */
final class Programs {
    static final String KVNODE = "dev.quorate.server.app.Kvnode";
    static final String KVCTL = "dev.quorate.cli.Kvctl";

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private Programs() {}

    /** How a program ended and what it said. */
    record Ended(List<String> command, int exitCode, String out, String err) {
        String said() {
            return out + err;
        }

        @Override
        public String toString() {
            return String.join(" ", command) + "\nexit code " + exitCode + "\n" + out + err;
        }
    }

    static List<String> kvnode(String... arguments) {
        return java(
                KVNODE,
                "ch.qos.logback.classic.spi.LogbackServiceProvider",
                List.of(
                        "-Xmx160m",
                        "-XX:MaxDirectMemorySize=160m",
                        "--add-opens=java.base/java.nio=ALL-UNNAMED",
                        "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED"),
                arguments);
    }

    static List<String> kvctl() {
        return java(KVCTL, "org.slf4j.nop.NOPServiceProvider", List.of("-Xmx128m"));
    }

    static Ended kvctl(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(kvctl());
        command.addAll(Arrays.asList(arguments));
        return run(command, Map.of());
    }

    /** Both programs' libraries are on this class path, so each is told whose logging is its own. */
    private static List<String> java(String main, String logging, List<String> flags, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xshare:auto"));
        command.addAll(flags);
        command.addAll(List.of("-Dslf4j.provider=" + logging, "-Dslf4j.internal.verbosity=WARN"));
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main));
        command.addAll(Arrays.asList(arguments));
        return command;
    }

    static Ended run(List<String> command, Map<String, String> environment) throws IOException, InterruptedException {
        return run(command, environment, Path.of(".").toAbsolutePath(), PATIENCE);
    }

    static Ended run(List<String> command, Map<String, String> environment, Path directory, Duration patience)
            throws IOException, InterruptedException {
        // Files, not pipes: what the program leaves running in the background would keep a pipe open.
        File out = File.createTempFile("quorate", ".out");
        File err = File.createTempFile("quorate", ".err");
        try {
            ProcessBuilder builder = new ProcessBuilder(command)
                    .directory(directory.toFile())
                    .redirectInput(new File("/dev/null"))
                    .redirectOutput(out)
                    .redirectError(err);
            // What the developer's shell has set must not change what is tested.
            builder.environment().keySet().removeIf(name -> name.startsWith("QUORATE_") || name.startsWith("KVCTL_"));
            builder.environment().putAll(environment);
            Process process = builder.start();
            Orphans.started(process);
            boolean inTime = process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS);
            if (!inTime) {
                process.destroyForcibly().waitFor();
            }
            Ended ended = new Ended(
                    command,
                    process.exitValue(),
                    Files.readString(out.toPath(), StandardCharsets.UTF_8),
                    Files.readString(err.toPath(), StandardCharsets.UTF_8));
            if (!inTime) {
                throw new AssertionError("not over after " + patience + ": " + ended);
            }
            return ended;
        } finally {
            Files.delete(out.toPath());
            Files.delete(err.toPath());
        }
    }
}
