package dev.quorate.cli.hints;

import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.DurationConverter;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Waits until nothing waits any more: for scripts that go on when a cluster is whole again. */
@Command(
        name = "wait",
        description = "Wait until all hints are handed over.",
        footer = {"", "Exits with 8 when some are left at the end of the time, with 5 when a node does not answer."})
public final class HintsWaitCommand extends KvctlCommand {
    private static final long PAUSE_MILLIS = 500;

    @Parameters(index = "0", arity = "0..1", paramLabel = "OWNER", description = "Only hints for this node.")
    private @Nullable String owner;

    @Option(
            names = "--for",
            paramLabel = "TIME",
            converter = DurationConverter.class,
            defaultValue = "5m",
            description = "Give up after this long. Default: ${DEFAULT-VALUE}.")
    private Duration patience;

    @Override
    protected ExitCode run() throws InterruptedException {
        long giveUp = System.nanoTime() + patience.toNanos();
        try (AdminConnection admin = AdminConnection.of(options())) {
            while (true) {
                HintKeepers keepers = HintKeepers.of(admin, owner);
                if (keepers.keys() == 0 && keepers.silent().isEmpty()) {
                    say("no hints wait");
                    return ExitCode.OK;
                }
                if (System.nanoTime() >= giveUp) {
                    say(keepers.keys() + " hints wait after " + DurationConverter.text(patience));
                    return keepers.silent().isEmpty() ? ExitCode.DEADLINE : ExitCode.UNAVAILABLE;
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        }
    }
}
