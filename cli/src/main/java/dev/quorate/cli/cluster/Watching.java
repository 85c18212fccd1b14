package dev.quorate.cli.cluster;

import dev.quorate.cli.terminal.DurationConverter;
import dev.quorate.cli.terminal.GlobalOptions;
import dev.quorate.cli.terminal.Terminal;
import java.time.Duration;
import picocli.CommandLine.Option;

/** Options of commands that can print again and again, and how they do: over what they printed before when somebody looks, else below. */
final class Watching {
    @Option(names = "--watch", description = "Again and again, until Ctrl-C.")
    private boolean watch;

    @Option(
            names = "--every",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            defaultValue = "1s",
            description = "With --watch: how often. Default: ${DEFAULT-VALUE}.")
    private Duration every = Duration.ofSeconds(1);

    @Option(names = "--rounds", paramLabel = "NUMBER", description = "With --watch: stop after so many.")
    private int rounds = Integer.MAX_VALUE;

    private int round;
    private int printedLines;

    /** Whether another round is due, which this waits for. */
    boolean next() throws InterruptedException {
        if (round == 0) {
            round = 1;
            return true;
        }
        if (!watch || round >= rounds) {
            return false;
        }
        round++;
        Thread.sleep(every.toMillis());
        return true;
    }

    boolean on() {
        return watch;
    }

    /** Data; over that of the round before where lines may be rewritten. */
    void print(GlobalOptions options, String text) {
        Terminal terminal = options.terminal();
        if (round > 1 && options.animated()) {
            // Up to the first line of the round before, and everything below it goes.
            terminal.out().print("\u001b[" + printedLines + "A\u001b[J");
        } else if (round > 1) {
            terminal.out().println();
        }
        terminal.out().print(text);
        printedLines = (int) text.lines().count();
    }
}
