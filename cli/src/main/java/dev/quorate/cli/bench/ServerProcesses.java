package dev.quorate.cli.bench;

import dev.quorate.cli.local.ProcStat;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Processor time and memory of the servers under test; they must run on this machine. */
record ServerProcesses(List<Long> pids) {
    ServerProcesses {
        pids = List.copyOf(pids);
    }

    boolean known() {
        return !pids.isEmpty();
    }

    /** Sum of all; a process that has ended counts nothing. */
    long cpuMicros() {
        long ticks = 0;
        for (long pid : pids) {
            try {
                ticks += ProcStat.of(pid).cpuTicks();
            } catch (IOException e) {
                // Killed during the measurement, as a test of failures does: its share is unknown from then on.
                continue;
            }
        }
        return ticks * TimeUnit.SECONDS.toMicros(1) / ProcStat.TICKS_PER_SECOND;
    }

    long residentBytes() {
        long bytes = 0;
        for (long pid : pids) {
            try {
                bytes += ProcStat.residentBytes(pid);
            } catch (IOException e) {
                // As above.
                continue;
            }
        }
        return bytes;
    }
}
