package dev.quorate.cli.terminal;

import org.jspecify.annotations.Nullable;

/**
 * An expected failure: printed as a message and a next step, without a stack trace, and turned into an exit code. The
 * message holds what was tried and what answered, for it is all the user sees.
 */
public final class CommandFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ExitCode exitCode;
    private final @Nullable String nextStep;

    public CommandFailure(ExitCode exitCode, String message, @Nullable String nextStep, @Nullable Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
        this.nextStep = nextStep;
    }

    public CommandFailure(ExitCode exitCode, String message, @Nullable String nextStep) {
        this(exitCode, message, nextStep, null);
    }

    public ExitCode exitCode() {
        return exitCode;
    }

    /** What the user can do about it; null when there is nothing better than the message. */
    public @Nullable String nextStep() {
        return nextStep;
    }

    /** Never null: every constructor takes a message. */
    public String text() {
        String message = getMessage();
        return message == null ? exitCode.name() : message;
    }
}
