package dev.quorate.cli.local;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Optional;

/**
 * A process id together with when that process began. Ids are used again, after a reboot even soon: a file that names
 * only the id would one day have us kill a stranger.
 *
 * @param start opaque; equal for the same process only
 */
public record ProcessIdentity(long pid, String start) {
    private static final Path PROC = Path.of("/proc");

    /** Who holds this id now; empty when nobody does or the process has ended and only waits to be reaped. */
    public static Optional<ProcessIdentity> of(long pid) {
        return Files.isDirectory(PROC.resolve("self")) ? fromProc(pid) : fromHandle(pid);
    }

    public boolean alive() {
        return of(pid).filter(this::equals).isPresent();
    }

    /** Clock ticks since boot would do for one boot; the boot's id tells boots apart. */
    private static Optional<ProcessIdentity> fromProc(long pid) {
        try {
            ProcStat stat = ProcStat.of(pid);
            if (stat.ended()) {
                return Optional.empty();
            }
            String boot =
                    Files.readString(PROC.resolve("sys/kernel/random/boot_id")).strip();
            return Optional.of(new ProcessIdentity(pid, boot + "/" + stat.startTicks()));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            // Reading the file of a process that ends meanwhile fails with ESRCH.
            if (Files.exists(PROC.resolve(Long.toString(pid)))) {
                throw new IllegalStateException("cannot read /proc of process " + pid + ": " + e.getMessage(), e);
            }
            return Optional.empty();
        }
    }

    private static Optional<ProcessIdentity> fromHandle(long pid) {
        return ProcessHandle.of(pid)
                .filter(ProcessHandle::isAlive)
                .map(handle -> new ProcessIdentity(
                        pid, handle.info().startInstant().map(Instant::toString).orElse("unknown")));
    }
}
