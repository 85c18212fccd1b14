package dev.quorate.simulation;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code kvctl sim}: runs many seeds, or one seed closely. Exit code 1 says that a promise was broken. */
@Command(
        name = "sim",
        mixinStandardHelpOptions = true,
        subcommands = GossipCommand.class,
        sortOptions = false,
        description = {
            "Run simulated clusters under faults and check every promise.",
            "A run is a function of its seed: the same seed is the same run on every machine."
        })
public final class SimCommand implements Callable<Integer> {
    private static final int VIOLATION = 1;

    @Option(
            names = "--seeds",
            paramLabel = "N",
            defaultValue = "1000",
            description = "How many (default ${DEFAULT-VALUE}).")
    private int seeds;

    @Option(
            names = "--from",
            paramLabel = "SEED",
            defaultValue = "1",
            description = "The first (default ${DEFAULT-VALUE}).")
    private long from;

    @Option(names = "--threads", paramLabel = "N", description = "Seeds at a time (default: the processors).")
    private @Nullable Integer threads;

    @Option(names = "--seed", paramLabel = "SEED", description = "Run this one alone and tell about it.")
    private @Nullable Long seed;

    @Option(names = "--trace", description = "With --seed: print its plan and the hash of its events.")
    private boolean trace;

    @Option(
            names = "--shrink",
            description = "Make the plan of the first failing seed as small as possible, and print it.")
    private boolean shrink;

    @Spec
    private CommandSpec spec;

    /** What runs this plan again. */
    static String replay(Plan plan) {
        return "./kvctl sim --seed " + plan.setup().seed() + " --trace --shrink   # " + plan.setup();
    }

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new SimCommand()).execute(arguments));
    }

    @Override
    public Integer call() throws InterruptedException {
        PrintWriter out = spec.commandLine().getOut();
        Long only = seed;
        if (only != null) {
            return tell(out, Simulation.run(only));
        }
        if (seeds < 1) {
            throw new CommandLine.ParameterException(spec.commandLine(), "--seeds " + seeds + ": at least 1");
        }
        long start = System.nanoTime();
        Sweep sweep = sweep();
        out.print(sweep.table((System.nanoTime() - start) / 1e9));
        if (shrink && !sweep.failures().isEmpty()) {
            printSmallest(out, sweep.failures().get(0));
        }
        out.flush();
        return sweep.failedSeeds() == 0 ? 0 : VIOLATION;
    }

    /** At once: a sweep that is interrupted has said what it found. */
    private void tellFailure(RunReport failure) {
        PrintWriter out = spec.commandLine().getOut();
        out.println("seed " + failure.plan().setup().seed() + ": "
                + failure.violations().get(0));
        out.println("  replay: " + replay(failure.plan()));
        out.flush();
    }

    private int tell(PrintWriter out, RunReport report) {
        Sweep sweep = new Sweep();
        sweep.add(report);
        out.print(sweep.table(1));
        if (trace) {
            out.print(report.plan().describe());
            out.println("trace " + Long.toHexString(report.trace()) + " over " + report.events() + " events");
        }
        report.violations().forEach(out::println);
        if (report.failed()) {
            out.println("replay: " + replay(report.plan()));
            if (shrink) {
                printSmallest(out, report);
            }
        }
        out.flush();
        return report.failed() ? VIOLATION : 0;
    }

    private static void printSmallest(PrintWriter out, RunReport failure) {
        String invariant = failure.violations().get(0).invariant();
        Plan smallest = new Shrinker(plan -> Simulation.run(plan, new Subject()).violations().stream()
                        .anyMatch(violation -> violation.invariant().equals(invariant)))
                .shrink(failure.plan());
        out.println("the smallest plan found that breaks " + invariant + ":");
        out.print(smallest.describe());
        Simulation.run(smallest, new Subject()).violations().forEach(out::println);
    }

    private Sweep sweep() throws InterruptedException {
        Integer chosen = threads;
        int parallel =
                Math.max(1, chosen != null ? chosen : Runtime.getRuntime().availableProcessors());
        ExecutorService workers = Executors.newFixedThreadPool(parallel);
        Progress progress = new Progress();
        try {
            AtomicLong next = new AtomicLong(from);
            long endExclusive = from + seeds;
            Sweep sweep = new Sweep();
            List<Future<?>> shares = new ArrayList<>();
            for (int worker = 0; worker < parallel; worker++) {
                shares.add(workers.submit(() -> {
                    for (long mine = next.getAndIncrement(); mine < endExclusive; mine = next.getAndIncrement()) {
                        RunReport report = Simulation.run(mine);
                        synchronized (sweep) {
                            sweep.add(report);
                            if (report.failed()) {
                                progress.end();
                                tellFailure(report);
                            }
                            progress.show(sweep);
                        }
                    }
                }));
            }
            for (Future<?> share : shares) {
                share.get();
            }
            return sweep;
        } catch (ExecutionException defect) {
            throw new IllegalStateException("the simulation itself failed", defect.getCause());
        } finally {
            workers.shutdownNow();
            progress.end();
        }
    }

    /** A line on standard error, now and then. */
    private final class Progress {
        private static final long EVERY_NANOS = 1_000_000_000L;

        private long lastShown = System.nanoTime();
        private boolean shown;

        void show(Sweep sweep) {
            long now = System.nanoTime();
            if (now - lastShown >= EVERY_NANOS) {
                lastShown = now;
                shown = true;
                spec.commandLine()
                        .getErr()
                        .print("\r" + sweep.seeds() + " of " + seeds + " seeds, " + sweep.failedSeeds() + " failed ");
                spec.commandLine().getErr().flush();
            }
        }

        void end() {
            if (shown) {
                shown = false;
                spec.commandLine().getErr().println();
                spec.commandLine().getErr().flush();
            }
        }
    }
}
