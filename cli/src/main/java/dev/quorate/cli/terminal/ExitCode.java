package dev.quorate.cli.terminal;

/** What a script learns from a command. The numbers are part of the interface: add, never change. */
public enum ExitCode {
    OK(0),
    FAILURE(1),
    /** The command line or an argument is wrong; the same command will fail again. */
    USAGE(2),
    /** No endpoint could be reached; nothing was asked, so nothing was written. */
    CANNOT_CONNECT(3),
    NOT_FOUND(4),
    /** Too few replicas, or nodes that refuse work for now. A write may have reached some replicas. */
    UNAVAILABLE(5),
    /** A condition on the stored state did not hold; read again before the next attempt. */
    PRECONDITION(6),
    DENIED(7),
    /** No answer in time. A write may or may not have been applied. */
    DEADLINE(8),
    /** Some keys of several failed. */
    PARTIAL(9),
    /** Ctrl-C; the JVM itself exits with it. */
    INTERRUPTED(130);

    private final int number;

    ExitCode(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }
}
