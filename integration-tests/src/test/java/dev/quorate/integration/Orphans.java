package dev.quorate.integration;

import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;

/**
 * Sees to it that no process outlives the tests, even if their JVM is killed: a shell reads from a pipe which processes run, and when the
 * pipe ends with some of them still running, it kills them. The kernel closes the pipe whatever the JVM dies of.
 */
final class Orphans {
    private static final String WATCH = """
            running=' '
            while read -r word pid; do
                case $word in
                started) running="$running$pid " ;;
                ended) running="${running%% $pid *} ${running#* $pid }" ;;
                esac
            done
            for pid in $running; do kill -9 "$pid" 2>/dev/null; done
            """;

    private static final Writer PIPE = start();

    private Orphans() {}

    static void started(Process process) {
        tell("started " + process.pid());
        var unused = process.onExit().thenAccept(ended -> tell("ended " + ended.pid()));
    }

    private static void tell(String line) {
        synchronized (PIPE) {
            try {
                PIPE.write(line + "\n");
                PIPE.flush();
            } catch (IOException failed) {
                throw new UncheckedIOException("the watch over the test's processes is gone", failed);
            }
        }
    }

    private static Writer start() {
        try {
            Process watch = new ProcessBuilder("sh", "-c", WATCH)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return new OutputStreamWriter(watch.getOutputStream(), StandardCharsets.US_ASCII);
        } catch (IOException failed) {
            throw new UncheckedIOException("cannot start a shell", failed);
        }
    }
}
