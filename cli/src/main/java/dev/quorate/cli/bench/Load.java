package dev.quorate.cli.bench;

/** Operations being sent to a target until stopped. */
interface Load {
    void start();

    Recording recording();

    /** Returns when no operation is in flight, or none has been answered for a long time. */
    void stop() throws InterruptedException;
}
