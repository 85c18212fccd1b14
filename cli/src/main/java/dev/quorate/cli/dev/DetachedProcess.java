package dev.quorate.cli.dev;

import dev.quorate.cli.local.ProcessIdentity;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Processes that are children of nobody: they outlive the command that started them. */
final class DetachedProcess {
    private static final Duration POLL = Duration.ofMillis(40);

    private DetachedProcess() {}

    static Process launch(List<String> command, Path directory, Map<String, String> variables, Path log)
            throws IOException {
        List<String> detached = new ArrayList<>();
        // A session of its own: what the terminal sends to kvctl's process group when it closes is not for them.
        if (onPath("setsid")) {
            detached.add("setsid");
        }
        detached.addAll(command);
        return launchAttached(detached, directory, variables, log);
    }

    /** In this command's session, whose signals it gets too. */
    static Process launchAttached(List<String> command, Path directory, Map<String, String> variables, Path log)
            throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.directory(directory.toFile());
        // The files say what the nodes are: variables meant for one node would reach all of them.
        builder.environment().keySet().removeIf(name -> name.startsWith("QUORATE_"));
        builder.environment().putAll(variables);
        builder.redirectErrorStream(true);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        return builder.start();
    }

    /** Checks once more who holds the process id, just before the signal goes out. */
    static void signal(String name, ProcessIdentity process) throws IOException, InterruptedException {
        if (!process.alive()) {
            return;
        }
        Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .redirectErrorStream(true)
                .start();
        String said = new String(kill.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (kill.waitFor() != 0 && process.alive()) {
            throw new CommandFailure(
                    ExitCode.DENIED, "cannot signal process " + process.pid() + ": " + said.strip(), null);
        }
    }

    static boolean awaitEnd(ProcessIdentity process, Duration patience) throws InterruptedException {
        long giveUpAt = System.nanoTime() + patience.toNanos();
        while (process.alive()) {
            if (System.nanoTime() > giveUpAt) {
                return false;
            }
            Thread.sleep(POLL.toMillis());
        }
        return true;
    }

    private static boolean onPath(String program) {
        String path = System.getenv("PATH");
        if (path == null) {
            return false;
        }
        for (String directory : path.split(":", -1)) {
            if (Files.isExecutable(Path.of(directory, program))) {
                return true;
            }
        }
        return false;
    }
}
