package dev.quorate.server.log;

/**
 * Ends the process. A batch that was applied cannot be undone, because its dot may live on other nodes already, and a failed
 * {@code fdatasync} cannot be retried, because the kernel marks the lost pages clean. So the only safe answer to an error after apply is to
 * stop and recover from the disk.
 */
@FunctionalInterface
public interface FatalErrors {
    /** Called once, from any thread; may return, and nothing is written after it was called. */
    void stopProcess(String what, Throwable cause);
}
