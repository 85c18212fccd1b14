package dev.quorate.cli.bench;

import dev.quorate.cli.bench.ColdFigures.ReadsMode;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.DurationConverter;
import dev.quorate.cli.terminal.ExitCode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** Reads a node's values before and after they are in memory, beside a trickle of reads of keys that always are. */
final class ColdTrial {
    /**
     * What to do.
     *
     * @param duration of each measurement
     * @param warmUp of a node's code, before each cold measurement
     * @param warmRate reads of warm keys per second, of each of the two kinds
     * @param keepReadAhead whether cold reads may find what earlier ones made the system read
     */
    record Plan(
            long keys,
            int valueSize,
            Duration duration,
            Duration warmUp,
            double warmRate,
            boolean keepReadAhead,
            Duration timeout) {}

    /** One key of so many is warm: their pages are all over the file, and each brings some of its neighbours with it. */
    private static final int KEYS_PER_WARM_KEY = 1_000;

    private static final int MOST_WARM_KEYS = 1_000;

    private static final int WARM_UP_USERS = 64;
    private static final Duration SETTLE = Duration.ofMillis(700);
    private static final long FORGET_MILLIS = 100;
    /** More of the file than this in memory is not cold. */
    private static final double MOST_RESIDENT = 0.2;

    private final RunningCluster running;
    private final Plan plan;
    private final Consumer<String> progress;
    private final Path file;
    private final long warmKeys;

    ColdTrial(RunningCluster running, Plan plan, Consumer<String> progress) {
        this.running = running;
        this.plan = plan;
        this.progress = progress;
        this.file = running.data(running.cluster().file().nodes().get(0))
                .resolve("lmdb")
                .resolve("data.mdb");
        this.warmKeys = Math.max(1, Math.min(MOST_WARM_KEYS, plan.keys() / KEYS_PER_WARM_KEY));
    }

    Path file() {
        return file;
    }

    long fileBytes() {
        return Math.round(NodeMetrics.of(running.cluster().file().nodes()).sum("storage_data_file_bytes"));
    }

    void fill() throws InterruptedException {
        // Before anything is written: where this cannot be done, nothing can be measured.
        drop();
        try (Target target = target(true)) {
            Loads.fill(target, plan.keys());
        }
    }

    List<ColdFigures> run(ReadsMode reads, List<ColdPhase> phases) throws IOException, InterruptedException {
        running.cluster().override("QUORATE_STORAGE_READS", reads.name());
        // What is written for the trickle stays in the memory table, however long a phase takes.
        running.cluster().override("QUORATE_STORAGE_FLUSH_AFTER", "1h");
        List<ColdFigures> all = new ArrayList<>();
        boolean warm = false;
        for (ColdPhase phase : phases) {
            if (phase.cold()) {
                restartCold();
            } else if (!warm) {
                readEverything();
                warm = true;
            }
            ColdFigures figures = measure(phase, reads);
            progress.accept(figures.text());
            all.add(figures);
        }
        return all;
    }

    private void restartCold() throws IOException, InterruptedException {
        running.stop();
        drop();
        running.startAgain();
    }

    private void drop() throws InterruptedException {
        if (!PageCache.drop(file)) {
            throw new CommandFailure(
                    ExitCode.PRECONDITION,
                    "cannot drop " + file + " from the page cache",
                    "this needs Linux and GNU's dd with iflag=nocache");
        }
    }

    private void readEverything() throws IOException, InterruptedException {
        progress.accept("reading everything once");
        PageCache.fill(file);
        try (Target target = target(true)) {
            Loads.awaitAnswer(target);
            SortedMap<String, Long> failures = Loads.once(Operation.GET, target, 0, plan.keys());
            if (!failures.isEmpty()) {
                throw new CommandFailure(
                        ExitCode.UNAVAILABLE, "not all keys could be read: " + failures, "look at the node's log");
            }
        }
    }

    private Target target(boolean missingIsFailure) {
        return PipelineTarget.plain(
                running.addresses(), plan.timeout(), LoadOptions.value(plan.valueSize()), missingIsFailure);
    }

    private ColdFigures measure(ColdPhase phase, ReadsMode reads) throws InterruptedException {
        // Clients of their own: the warm reads wait behind the others in the node and nowhere else.
        try (Target asking = target(phase.keys() != ColdPhase.Keys.ABSENT);
                Target trickling = target(true)) {
            Loads.awaitAnswer(asking);
            Loads.fill(trickling, plan.keys(), plan.keys() + warmKeys);
            if (phase.cold()) {
                warmUp(trickling);
            }
            Load main = Loads.closed(asking, phase.inFlight(), Mix.READS, chooser(phase.keys()), 1);
            Load warmRecent = trickle(trickling, chooser(ColdPhase.Keys.RECENT));
            Load warmStored = trickle(trickling, random -> random.nextLong(warmKeys));
            warmRecent.start();
            warmStored.start();
            TimeUnit.NANOSECONDS.sleep(SETTLE.toNanos());
            try {
                return phase.cold()
                        ? measureCold(phase, reads, main, List.of(warmRecent, warmStored))
                        : measureWarm(phase, reads, main, List.of(warmRecent, warmStored));
            } finally {
                main.stop();
                warmRecent.stop();
                warmStored.stop();
            }
        }
    }

    private ColdFigures measureCold(ColdPhase phase, ReadsMode reads, Load main, List<Load> trickles)
            throws InterruptedException {
        // Once more: what was read ahead for the warm keys is mapped by nobody.
        drop();
        sayWhetherCold(PageCache.residentBytes(file));
        Watch watch = new Watch(main, trickles);
        try (Forgetting forgetting = plan.keepReadAhead() ? null : new Forgetting()) {
            main.start();
            return watch.end(phase, reads);
        }
    }

    private ColdFigures measureWarm(ColdPhase phase, ReadsMode reads, Load main, List<Load> trickles)
            throws InterruptedException {
        main.start();
        TimeUnit.NANOSECONDS.sleep(SETTLE.toNanos());
        return new Watch(main, trickles).end(phase, reads);
    }

    /** Several loads and the node, watched over the same time. */
    private final class Watch {
        private final ServerProcesses node = running.processes();
        private final Optional<Long> resident = PageCache.residentBytes(file);
        private final long faults = node.majorFaults();
        private final long diskBytes = node.diskReadBytes();
        private final Measurement.Begun main;
        private final List<Measurement.Begun> trickles;

        Watch(Load main, List<Load> trickles) throws InterruptedException {
            this.main = Measurement.begin(main, node);
            this.trickles =
                    trickles.stream().map(load -> Measurement.begin(load, node)).toList();
        }

        ColdFigures end(ColdPhase phase, ReadsMode reads) throws InterruptedException {
            TimeUnit.NANOSECONDS.sleep(plan.duration().toNanos());
            Measurement asked = main.end();
            List<Measurement> warm =
                    trickles.stream().map(Measurement.Begun::end).toList();
            return new ColdFigures(
                    phase,
                    reads,
                    asked,
                    warm.get(0),
                    warm.get(1),
                    node.majorFaults() - faults,
                    node.diskReadBytes() - diskBytes,
                    resident,
                    PageCache.residentBytes(file));
        }
    }

    /** Drops again and again what was read ahead and not asked for, as a machine does that has no memory to spare for it. */
    private final class Forgetting implements AutoCloseable {
        private final Thread thread = new Thread(this::run, "bench-forgetting");

        Forgetting() {
            thread.setDaemon(true);
            thread.start();
        }

        private void run() {
            try {
                while (PageCache.drop(file)) {
                    TimeUnit.MILLISECONDS.sleep(FORGET_MILLIS);
                }
            } catch (InterruptedException closed) {
                return;
            }
        }

        @Override
        public void close() throws InterruptedException {
            thread.interrupt();
            thread.join();
        }
    }

    private void warmUp(Target target) throws InterruptedException {
        progress.accept("warming up for " + DurationConverter.text(plan.warmUp()) + " with " + warmKeys + " keys");
        Load load = Loads.closed(target, WARM_UP_USERS, Mix.READS, KeyDistribution.uniform.over(warmKeys), 1);
        load.start();
        TimeUnit.NANOSECONDS.sleep(plan.warmUp().toNanos());
        load.stop();
    }

    private Load trickle(Target target, KeyDistribution.Chooser keys) {
        return new OpenLoop(target, Work.random(Mix.READS, keys, 1), plan.warmRate());
    }

    /** The stored keys come first, then those that are written again at each start, then those that nobody ever wrote. */
    private KeyDistribution.Chooser chooser(ColdPhase.Keys keys) {
        long stored = plan.keys();
        return switch (keys) {
            case STORED -> random -> random.nextLong(stored);
            case RECENT -> random -> stored + random.nextLong(warmKeys);
            case ABSENT -> random -> stored + warmKeys + random.nextLong(stored);
        };
    }

    private void sayWhetherCold(Optional<Long> resident) {
        if (resident.isEmpty()) {
            progress.accept("nobody knows whether LMDB's file is out of memory: there is no fincore");
        } else if (resident.get() > MOST_RESIDENT * fileBytes()) {
            progress.accept(
                    "NOT COLD: " + ColdFigures.percent(resident, fileBytes()) + " of LMDB's file stay in memory");
        }
    }
}
