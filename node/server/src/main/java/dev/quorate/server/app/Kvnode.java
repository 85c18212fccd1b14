package dev.quorate.server.app;

import dev.quorate.server.config.ConfigException;
import dev.quorate.server.config.ConfigFile;
import dev.quorate.server.config.ConfigText;
import dev.quorate.server.config.NodeSettings;
import dev.quorate.server.lmdb.DirectoryInUseException;
import dev.quorate.server.lmdb.LmdbStorage;
import dev.quorate.server.log.CorruptStorageException;
import dev.quorate.server.system.IdentityException;
import dev.quorate.server.system.LogSetup;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kvnode}: runs a node, and checks and prints its configuration. */
@Command(
        name = "kvnode",
        description = "Runs a Quorate node.",
        versionProvider = Kvnode.Version.class,
        mixinStandardHelpOptions = true,
        subcommands = {Kvnode.Run.class, Kvnode.Config.class},
        footer = {
            "",
            "Exit codes: 0 stopped when asked to, 1 failure, 2 wrong options or configuration.",
            "Settings can be overridden by the environment: storage.dir by QUORATE_STORAGE_DIR.",
            "",
            "To begin:  kvnode config template --out kvnode.yaml && kvnode run --config kvnode.yaml"
        })
public final class Kvnode implements Callable<Integer> {
    @Option(names = "--config", paramLabel = "FILE", description = "The node's configuration.")
    @Nullable
    Path file;

    @Spec
    CommandSpec spec;

    public static void main(String[] arguments) {
        // Before there are two threads: one that logs while another still sets logging up gets a logger that is not
        // ours yet.
        LoggerFactory.getILoggerFactory();
        // LMDB's binding generates code for a third of a second; meanwhile the configuration is read on another core.
        Thread loading = new Thread(LmdbStorage::loadLibrary, "lmdb-load");
        loading.setDaemon(true);
        loading.start();
        Path file = plainRun(arguments);
        System.exit(file == null ? commandLine().execute(arguments) : runPlainly(file));
    }

    /** The file of {@code run --config FILE}, which is how nodes are started: to parse it by annotations would cost a tenth of the start. */
    private static @Nullable Path plainRun(String[] arguments) {
        boolean plain = arguments.length == 3 && arguments[0].equals("run") && arguments[1].equals("--config");
        return plain ? Path.of(arguments[2]) : null;
    }

    private static int runPlainly(Path file) {
        try {
            return run(file, new PrintWriter(System.out, true));
        } catch (Exception thrown) {
            return failed(thrown, new PrintWriter(System.err, true));
        }
    }

    static CommandLine commandLine() {
        return new CommandLine(new Kvnode())
                .setExecutionExceptionHandler((thrown, command, parsed) -> failed(thrown, command.getErr()));
    }

    /** {@code kvnode --config FILE} runs the node. */
    @Override
    public Integer call() throws Exception {
        if (file == null) {
            throw new CommandLine.ParameterException(spec.commandLine(), "Missing option --config FILE");
        }
        return run(file, spec.commandLine().getOut());
    }

    /** Expected trouble is told in a line or two; a trace is for defects only. */
    private static int failed(Exception thrown, PrintWriter err) {
        if (thrown instanceof ConfigException config) {
            config.problems().forEach(err::println);
            return ExitCode.USAGE;
        }
        boolean expected = thrown instanceof IdentityException
                || thrown instanceof DirectoryInUseException
                || thrown instanceof CorruptStorageException
                || thrown instanceof IOException;
        if (expected) {
            err.println("kvnode: " + words(thrown));
        } else {
            LoggerFactory.getLogger(Kvnode.class).error("kvnode met a defect of its own", thrown);
        }
        return ExitCode.FAILURE;
    }

    /** The file system's exceptions say what in their names and where in their messages. */
    private static String words(Throwable thrown) {
        String message = String.valueOf(thrown.getMessage());
        boolean onlyNamesTheFile = thrown instanceof FileSystemException failure && failure.getReason() == null;
        return onlyNamesTheFile ? thrown.getClass().getSimpleName().replace("Exception", "") + ": " + message : message;
    }

    static NodeSettings settings(Path file, PrintWriter err) throws ConfigException {
        return ConfigFile.read(file, System.getenv(), warning -> err.println("warning: " + warning));
    }

    /** Until the process is told to stop. */
    private static int run(Path file, PrintWriter out) throws Exception {
        long startNanos = System.nanoTime();
        NodeSettings settings = settings(file, new PrintWriter(System.err, true));
        LogSetup.nodeIs(settings.label(), settings.logLevel().name());
        NodeProcess node = NodeProcess.start(
                settings,
                Kvnode::die,
                known -> LogSetup.nodeIs(known.toString(), settings.logLevel().name()));
        CountDownLatch stopped = new CountDownLatch(1);
        AtomicInteger exitCode = new AtomicInteger(ExitCode.OK);
        AtomicBoolean asked = new AtomicBoolean();
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            asked.set(true);
                            stop(node, exitCode);
                            stopped.countDown();
                            // The JVM would report the signal; whoever sent it asked for exactly this.
                            Runtime.getRuntime().halt(exitCode.get());
                        },
                        "stop"));
        out.println("kvnode " + node.node() + " ready client=" + node.clientAddress() + " peer=" + node.peerAddress()
                + " admin=" + node.adminAddress() + " pid="
                + ProcessHandle.current().pid() + " in "
                + (System.nanoTime() - startNanos) / 1_000_000 + " ms");
        out.flush();
        stopped.await();
        return exitCode.get();
    }

    private static void stop(NodeProcess node, AtomicInteger exitCode) {
        try {
            node.close();
        } catch (IOException | RuntimeException failed) {
            LoggerFactory.getLogger(Kvnode.class)
                    .error("the node did not stop cleanly; its log is replayed at the next start", failed);
            exitCode.set(ExitCode.FAILURE);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            exitCode.set(ExitCode.FAILURE);
        }
    }

    /** Without a word to anybody else: what this process would still do cannot be trusted, and recovery needs nothing from it. */
    private static void die(String what, Throwable cause) {
        LoggerFactory.getLogger(Kvnode.class).error("kvnode ends itself: {}", what, cause);
        Runtime.getRuntime().halt(ExitCode.FAILURE);
    }

    /** {@code run}. */
    @Command(name = "run", description = "Runs the node until it is told to stop.", mixinStandardHelpOptions = true)
    static final class Run implements Callable<Integer> {
        @Option(names = "--config", required = true, paramLabel = "FILE", description = "The node's configuration.")
        Path file;

        @Spec
        CommandSpec spec;

        @Override
        public Integer call() throws Exception {
            return run(file, spec.commandLine().getOut());
        }
    }

    /** {@code config}. */
    @Command(
            name = "config",
            description = "Checks, prints and begins configurations.",
            mixinStandardHelpOptions = true,
            subcommands = {Config.Check.class, Config.Template.class, Config.Show.class})
    static final class Config implements Runnable {
        @Spec
        CommandSpec spec;

        @Override
        public void run() {
            throw new CommandLine.ParameterException(spec.commandLine(), "Missing command: check, template or show");
        }

        /** {@code config check}. */
        @Command(
                name = "check",
                description = "Says whether a node could use the file.",
                mixinStandardHelpOptions = true)
        static final class Check implements Callable<Integer> {
            @Parameters(paramLabel = "FILE", description = "The configuration.")
            Path file;

            @Spec
            CommandSpec spec;

            @Override
            public Integer call() throws ConfigException {
                NodeSettings settings = settings(file, spec.commandLine().getErr());
                spec.commandLine()
                        .getOut()
                        .println(file + ": fine; "
                                + settings.origin()
                                        .match(
                                                founding -> "node " + founding.node() + " of "
                                                        + founding.members().size() + " in cluster "
                                                        + founding.cluster().id(),
                                                joining -> "a node that joins by way of " + joining.seeds()));
                return ExitCode.OK;
            }
        }

        /** {@code config template}. */
        @Command(
                name = "template",
                description = "Prints a configuration to start from, with a new cluster id and keys.",
                mixinStandardHelpOptions = true)
        static final class Template implements Callable<Integer> {
            @Option(
                    names = "--out",
                    paramLabel = "FILE",
                    description = "Writes it to a new file that only its owner can read.")
            @Nullable
            Path out;

            @Spec
            CommandSpec spec;

            @Override
            public Integer call() throws IOException {
                if (out == null) {
                    spec.commandLine().getOut().print(ConfigText.template());
                    spec.commandLine().getOut().flush();
                    return ExitCode.OK;
                }
                try {
                    Files.createFile(
                            out, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
                } catch (FileAlreadyExistsException exists) {
                    spec.commandLine().getErr().println("kvnode: " + out + " exists already");
                    return ExitCode.FAILURE;
                }
                Files.writeString(out, ConfigText.template(), StandardOpenOption.WRITE);
                return ExitCode.OK;
            }
        }

        /** {@code config show}. */
        @Command(
                name = "show",
                description = "Prints the settings in effect, secrets left out.",
                mixinStandardHelpOptions = true)
        static final class Show implements Callable<Integer> {
            @Parameters(paramLabel = "FILE", description = "The configuration.")
            Path file;

            @Spec
            CommandSpec spec;

            @Override
            public Integer call() throws ConfigException {
                NodeSettings settings = settings(file, spec.commandLine().getErr());
                spec.commandLine().getOut().print(ConfigText.effective(settings));
                spec.commandLine().getOut().flush();
                return ExitCode.OK;
            }
        }
    }

    /** {@code --version}. */
    static final class Version implements CommandLine.IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"kvnode " + NodeProcess.version()};
        }
    }
}
