package dev.quorate.cli.bench;

import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** An {@link EchoServer} in a JVM of its own, so that the ceiling pays for two processes as a node does. */
final class EchoProcess implements AutoCloseable {
    private static final String HEAP = "-Xmx256m";

    private final Process process;
    private final int port;

    private EchoProcess(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    static EchoProcess start() throws IOException {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        HEAP,
                        "-Xmn64m",
                        "-XX:+UseSerialGC",
                        // As the nodes have it: the ratio is to compare servers, not compilers.
                        "-XX:ThreadPriorityPolicy=1",
                        "-XX:CompilerThreadPriority=10",
                        "-XX:-PrintWarnings",
                        "-cp",
                        System.getProperty("java.class.path"),
                        EchoServer.class.getName())
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
