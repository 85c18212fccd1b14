package dev.quorate.cli.terminal;

import com.google.gson.JsonElement;
import java.util.Objects;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command with the options of {@link GlobalOptions}. Subclasses print data and answer an exit code, or throw. */
@Command(mixinStandardHelpOptions = true)
public abstract class KvctlCommand implements Callable<Integer> {
    /** Name under which the root command mixes in {@link GlobalOptions}. */
    public static final String GLOBAL_OPTIONS = "globalOptions";

    @Spec
    private CommandSpec spec;

    /** @throws CommandFailure for what users can expect to happen; anything else is reported as a defect */
    protected abstract ExitCode run() throws Exception;

    @Override
    public final Integer call() throws Exception {
        return run().number();
    }

    protected final GlobalOptions options() {
        CommandSpec mixin =
                Objects.requireNonNull(spec.root().mixins().get(GLOBAL_OPTIONS), "the root has the options");
        return (GlobalOptions) mixin.userObject();
    }

    protected final Terminal terminal() {
        return options().terminal();
    }

    protected final CommandSpec spec() {
        return spec;
    }

    /** Data. */
    protected final void print(Object text) {
        terminal().out().print(text);
    }

    /** Data. */
    protected final void printLine(String line) {
        terminal().out().println(line);
    }

    /** Data; the whole answer of a command under {@code -o json}. */
    protected final void printJson(JsonElement json) {
        terminal().out().println(json);
    }

    /** Talk. */
    protected final void say(String line) {
        terminal().err().println(line);
    }
}
