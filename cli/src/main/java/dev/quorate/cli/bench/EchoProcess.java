package dev.quorate.cli.bench;

import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** An {@link EchoServer} in a JVM of its own, so that the ceiling pays for two processes as a node does. */
final class EchoProcess implements AutoCloseable {
    private static final List<String> COMPILERS = List.of(
            "-XX:MaxInlineLevel=",
            "-XX:InlineSmallCode=",
            "-XX:ThreadPriorityPolicy=",
            "-XX:CompilerThreadPriority=",
            "-XX:-PrintWarnings");

    private final Process process;
    private final int port;

    private EchoProcess(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    static EchoProcess start() throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmOptions());
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), EchoServer.class.getName()));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        // Closed with the process, by close().
        BufferedReader out = process.inputReader(StandardCharsets.UTF_8);
        @Nullable String port = out.readLine();
        if (port == null) {
            throw new CommandFailure(ExitCode.FAILURE, "the echo server did not start", null);
        }
        return new EchoProcess(process, Integer.parseInt(port));
    }

    /** Heap and collector of a node, and its compilers' options, which the launcher gives this JVM too: the ratio is to compare servers. */
    private static List<String> jvmOptions() {
        List<String> options = new ArrayList<>(List.of("-Xmx256m", "-Xmn64m", "-XX:+UseSerialGC"));
        for (String option : ManagementFactory.getRuntimeMXBean().getInputArguments()) {
            if (COMPILERS.stream().anyMatch(option::startsWith)) {
                options.add(option);
            }
        }
        return options;
    }

    String address() {
        return "127.0.0.1:" + port;
    }

    long pid() {
        return process.pid();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
