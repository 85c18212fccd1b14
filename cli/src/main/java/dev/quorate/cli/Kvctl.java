package dev.quorate.cli;

import dev.quorate.cli.bench.BenchCommand;
import dev.quorate.cli.cluster.ClusterGroup;
import dev.quorate.cli.cluster.PingCommand;
import dev.quorate.cli.dev.DevGroup;
import dev.quorate.cli.hints.HintsGroup;
import dev.quorate.cli.key.DelCommand;
import dev.quorate.cli.key.GetCommand;
import dev.quorate.cli.key.KeyGroup;
import dev.quorate.cli.key.MgetCommand;
import dev.quorate.cli.key.MputCommand;
import dev.quorate.cli.key.PutCommand;
import dev.quorate.cli.repair.RepairGroup;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.GlobalOptions;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.cli.terminal.Terminal;
import dev.quorate.simulation.SimCommand;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The root of the command tree, and the one place where failures become messages and exit codes. */
@Command(
        name = "kvctl",
        description = "Quorate's command line: keys, clusters, development clusters, measurements.",
        mixinStandardHelpOptions = true,
        versionProvider = VersionCommand.Provider.class,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            DevGroup.class,
            GetCommand.class,
            PutCommand.class,
            DelCommand.class,
            MgetCommand.class,
            MputCommand.class,
            KeyGroup.class,
            ClusterGroup.class,
            RepairGroup.class,
            HintsGroup.class,
            PingCommand.class,
            BenchCommand.class,
            SimCommand.class,
            CompletionCommand.class,
            VersionCommand.class
        },
        footer = {
            "",
            "Start here:",
            "  kvctl dev up",
            "  kvctl put hello world",
            "  kvctl get hello",
            "",
            "Exit codes: 0 ok, 1 failure, 2 usage, 3 cannot connect, 4 not found, 5 too few replicas or nodes that",
            "refuse work, 6 a precondition did not hold, 7 denied, 8 deadline, 9 some of several failed, 130",
            "interrupted. Data is on standard output, everything else on standard error."
        })
public final class Kvctl {
    /** gRPC tells its log about every connection that fails; the command tells the user. Held, or the setting is lost. */
    private static final Logger GRPC_LOG = Logger.getLogger("io.grpc");

    @Mixin(name = KvctlCommand.GLOBAL_OPTIONS)
    private final GlobalOptions options;

    private Kvctl(Terminal terminal) {
        options = new GlobalOptions(terminal);
    }

    public static void main(String[] arguments) {
        int exitCode = run(Terminal.ofProcess(), arguments);
        // Not a plain return: a channel's threads that linger would cost every command a second.
        System.exit(exitCode);
    }

    /** @return the exit code */
    public static int run(Terminal terminal, String... arguments) {
        GRPC_LOG.setLevel(Level.OFF);
        CommandLine line = commandLine(terminal);
        int exitCode = line.execute(arguments);
        line.getOut().flush();
        line.getErr().flush();
        return exitCode;
    }

    static CommandLine commandLine(Terminal terminal) {
        Kvctl root = new Kvctl(terminal);
        CommandLine line = new CommandLine(root)
                .setOut(writer(terminal.out()))
                .setErr(writer(terminal.err()))
                // "@file" is a value here, and picocli would read arguments from it.
                .setExpandAtFiles(false)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpAutoWidth(terminal.interactive())
                .setParameterExceptionHandler((failure, arguments) -> usage(failure, terminal))
                .setExecutionExceptionHandler((failure, command, parsed) -> failed(failure, root.options));
        line.setExecutionStrategy(new CommandLine.RunLast());
        return line;
    }

    private static int usage(ParameterException failure, Terminal terminal) {
        CommandLine command = failure.getCommandLine();
        terminal.err().println("kvctl: " + failure.getMessage());
        UnmatchedArgumentException.printSuggestions(failure, command.getErr());
        command.getErr().flush();
        terminal.err().println("see '" + command.getCommandSpec().qualifiedName() + " --help'");
        return ExitCode.USAGE.number();
    }

    private static int failed(Exception failure, GlobalOptions options) {
        PrintStream err = options.terminal().err();
        options.terminal().out().flush();
        ExitCode exitCode = ExitCode.FAILURE;
        if (failure instanceof CommandFailure expected) {
            exitCode = expected.exitCode();
            err.println("kvctl: " + expected.text());
            if (expected.nextStep() != null) {
                err.println("next: " + expected.nextStep());
            }
        } else if (failure instanceof InterruptedException) {
            exitCode = ExitCode.INTERRUPTED;
            err.println("kvctl: interrupted");
        } else {
            String message = failure.getMessage();
            err.println("kvctl: " + failure.getClass().getSimpleName() + (message == null ? "" : ": " + message));
            if (!options.debug()) {
                err.println("next: the same command with --debug shows where");
            }
        }
        if (options.debug()) {
            failure.printStackTrace(err);
        }
        return exitCode.number();
    }

    private static PrintWriter writer(PrintStream stream) {
        return new PrintWriter(stream, true, StandardCharsets.UTF_8);
    }
}
