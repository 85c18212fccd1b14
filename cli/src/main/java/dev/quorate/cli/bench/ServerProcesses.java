package dev.quorate.cli.bench;

import dev.quorate.cli.local.ProcStat;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What the servers under test take of this machine, where they must run, all together. A process that was killed during the measurement, as a
 * test of failures does, counts nothing: its share is unknown from then on.
 */
record ServerProcesses(List<Long> pids) {
    ServerProcesses {
        pids = List.copyOf(pids);
    }

    boolean known() {
        return !pids.isEmpty();
    }

    long cpuMicros() {
        return sum(pid -> ProcStat.of(pid).cpuTicks()) * TimeUnit.SECONDS.toMicros(1) / ProcStat.TICKS_PER_SECOND;
    }

    /**
     * What they have in memory.
     *
     * @param ofFiles of it, pages of mapped files, above all LMDB's
     */
    record Memory(long bytes, long ofFiles) {
        static final Memory NONE = new Memory(0, 0);
    }

    Memory memory() {
        return new Memory(residentBytes(), sum(ProcStat::residentFileBytes));
    }

    long residentBytes() {
        return sum(ProcStat::residentBytes);
    }

    long majorFaults() {
        return sum(pid -> ProcStat.of(pid).majorFaults());
    }

    long diskReadBytes() {
        return sum(ProcStat::diskReadBytes);
    }

    private interface Figure {
        long of(long pid) throws IOException;
    }

    private long sum(Figure figure) {
        long sum = 0;
        for (long pid : pids) {
            try {
                sum += figure.of(pid);
            } catch (IOException ended) {
                continue;
            }
        }
        return sum;
    }
}
