package dev.quorate.integration;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Watches what else this machine does. Where other programs take the processors, everything here comes late whatever the nodes do: then what
 * a test says about time means nothing, while what it says about data does.
 */
final class Machine implements AutoCloseable {
    private static final long NAP_MILLIS = 100;
    private static final double JIFFIES_PER_SECOND = 100;
    private static final double TOO_MUCH = 0.2;

    private final Thread watcher = new Thread(this::watchOn, "machine");
    private final Map<Long, Duration> lastCpu = new HashMap<>();
    private double lastBusySeconds = busySeconds();
    private double foreignSeconds;
    private final long beganNanos = System.nanoTime();
    private volatile double foreignShare;

    static Machine watch() {
        Machine machine = new Machine();
        // What everybody has used so far is where the counting begins.
        machine.sample();
        machine.foreignSeconds = 0;
        machine.watcher.setDaemon(true);
        machine.watcher.start();
        return machine;
    }

    /** Of all processors together, what others took so far, from 0 to 1. */
    double foreignShare() {
        return foreignShare;
    }

    boolean isBusyWithOtherThings() {
        return foreignShare > TOO_MUCH;
    }

    private void watchOn() {
        try {
            while (true) {
                Thread.sleep(NAP_MILLIS);
                sample();
            }
        } catch (InterruptedException closed) {
            Thread.currentThread().interrupt();
        }
    }

    private void sample() {
        double busy = busySeconds();
        double ours = ourSecondsSinceLast();
        foreignSeconds += busy - lastBusySeconds - ours;
        lastBusySeconds = busy;
        double wall = Math.max(0.001, (System.nanoTime() - beganNanos) / 1e9);
        foreignShare = foreignSeconds / wall / Runtime.getRuntime().availableProcessors();
    }

    /** Of this process and those it started. */
    private double ourSecondsSinceLast() {
        double seconds = 0;
        ProcessHandle self = ProcessHandle.current();
        for (ProcessHandle process :
                Stream.concat(Stream.of(self), self.descendants()).toList()) {
            Duration cpu = process.info().totalCpuDuration().orElse(Duration.ZERO);
            @Nullable Duration before = lastCpu.put(process.pid(), cpu);
            seconds += cpu.minus(before == null ? Duration.ZERO : before).toMillis() / 1e3;
        }
        return seconds;
    }

    /** Of the whole machine since it started; 0 where the system does not tell. */
    private static double busySeconds() {
        try {
            Path stat = Path.of("/proc/stat");
            if (!Files.exists(stat)) {
                return 0;
            }
            // cpu user nice system idle iowait irq softirq steal
            String[] words = Files.readAllLines(stat).get(0).trim().split(" +");
            long busy = 0;
            for (int i : new int[] {1, 2, 3, 6, 7, 8}) {
                busy += Long.parseLong(words[i]);
            }
            return busy / JIFFIES_PER_SECOND;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public void close() {
        watcher.interrupt();
    }
}
