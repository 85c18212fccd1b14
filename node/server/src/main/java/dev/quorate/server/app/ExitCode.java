package dev.quorate.server.app;

/** How the process ends, for scripts and service managers. */
final class ExitCode {
    /** Stopped when asked to. */
    static final int OK = 0;
    /** The node could not start, or had to end itself. */
    static final int FAILURE = 1;
    /** Wrong options, or a configuration that cannot be used. */
    static final int USAGE = 2;

    private ExitCode() {}
}
