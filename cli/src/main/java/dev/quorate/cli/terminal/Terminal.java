package dev.quorate.cli.terminal;

import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * Everything a command may know about where it runs, so that tests run commands without a process. Data goes to
 * {@code out}, talk to {@code err}.
 *
 * @param err for progress, hints and errors
 * @param interactive whether a person watches {@code err}: only then lines are rewritten or coloured
 */
public record Terminal(
        InputStream in,
        PrintStream out,
        PrintStream err,
        Map<String, String> environment,
        Path workingDirectory,
        boolean interactive) {

    public static Terminal ofProcess() {
        return new Terminal(
                System.in,
                new PrintStream(System.out, true, StandardCharsets.UTF_8),
                new PrintStream(System.err, true, StandardCharsets.UTF_8),
                System.getenv(),
                Path.of("").toAbsolutePath(),
                System.console() != null);
    }
}
