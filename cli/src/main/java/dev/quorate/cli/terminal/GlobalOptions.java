package dev.quorate.cli.terminal;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/**
 * Options that every command takes, before or after its name. A flag wins over its {@code KVCTL_*} variable, which wins
 * over the default.
 */
public final class GlobalOptions {
    private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(5);

    private final Terminal terminal;

    @Option(
            names = {"-e", "--endpoints"},
            scope = ScopeType.INHERIT,
            paramLabel = "HOST:PORT",
            split = ",",
            description = "Nodes to ask, in this order. Environment: KVCTL_ENDPOINTS. Default: the development cluster"
                    + " of this folder (kvctl dev up), else localhost:7400.")
    private @Nullable List<String> endpoints;

    @Option(
            names = {"-o", "--output"},
            scope = ScopeType.INHERIT,
            paramLabel = "FORMAT",
            description = "table or json. Environment: KVCTL_OUTPUT. Default: table.")
    private @Nullable OutputFormat output;

    @Option(
            names = "--timeout",
            scope = ScopeType.INHERIT,
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "Longest wait for one answer, for example 500ms or 2s; at most 30s. Environment:"
                    + " KVCTL_TIMEOUT. Default: 5s.")
    private @Nullable Duration timeout;

    @Option(
            names = "--no-color",
            scope = ScopeType.INHERIT,
            description = "Plain text, nothing rewritten. Environment: NO_COLOR.")
    private boolean noColor;

    @Option(names = "--debug", scope = ScopeType.INHERIT, description = "Print stack traces. Environment: KVCTL_DEBUG.")
    private boolean debug;

    public GlobalOptions(Terminal terminal) {
        this.terminal = terminal;
    }

    public Terminal terminal() {
        return terminal;
    }

    /** As given by flag or variable; empty when the default applies. */
    public List<String> endpoints() {
        if (endpoints != null) {
            return endpoints;
        }
        String variable = variable("KVCTL_ENDPOINTS");
        return variable == null ? List.of() : List.of(variable.split(","));
    }

    public OutputFormat output() {
        if (output != null) {
            return output;
        }
        String variable = variable("KVCTL_OUTPUT");
        if (variable == null) {
            return OutputFormat.table;
        }
        for (OutputFormat format : OutputFormat.values()) {
            if (format.name().equals(variable)) {
                return format;
            }
        }
        throw new CommandFailure(ExitCode.USAGE, "KVCTL_OUTPUT is '" + variable + "'", "use table or json");
    }

    public boolean json() {
        return output() == OutputFormat.json;
    }

    public Duration timeout() {
        if (timeout != null) {
            return timeout;
        }
        String variable = variable("KVCTL_TIMEOUT");
        if (variable == null) {
            return DEFAULT_TIMEOUT;
        }
        try {
            return DurationConverter.parse(variable);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.USAGE, "KVCTL_TIMEOUT: " + e.getMessage(), null, e);
        }
    }

    /** Whether lines on {@code err} may be rewritten and coloured. */
    public boolean animated() {
        return terminal.interactive() && !noColor && variable("NO_COLOR") == null;
    }

    public boolean debug() {
        return debug || variable("KVCTL_DEBUG") != null;
    }

    private @Nullable String variable(String name) {
        String value = terminal.environment().get(name);
        return value == null || value.isBlank() ? null : value;
    }
}
