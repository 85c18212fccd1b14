package dev.quorate.cli.bench;

import dev.quorate.cli.dev.LocalCluster;
import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.HdrHistogram.Histogram;

/** Takes one node away under an open loop, gives it back, and watches until the cluster is as before. */
final class OutageTrial {
    /** How a node goes. */
    enum Fault {
        /** Killed; it comes back with its data. */
        kill,
        /** Killed; it comes back with an empty disk. */
        wipe
    }

    /**
     * What to do.
     *
     * @param quiet time without a fault, before it
     * @param away how long the node is gone
     * @param sample keys that are compared on all their owners
     */
    record Plan(Fault fault, double rate, long keys, Duration quiet, Duration away, Duration patience, int sample) {}

    private static final long SLICE_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final String[] NOT_CAUGHT_UP = {"hints", "recovering_slots"};
    private static final String[] REPAIR_BYTES = {"peer_hint_bytes_total", "peer_anti_entropy_bytes_total"};
    private static final long POLL_MILLIS = 500;

    private final RunningCluster running;
    private final LocalCluster cluster;
    private final Plan plan;
    private final Consumer<String> progress;
    private final Consumer<OutageSecond> timeline;
    private long beganNanos;

    /** @param timeline told of every second, in the order of time */
    OutageTrial(RunningCluster running, Plan plan, Consumer<String> progress, Consumer<OutageSecond> timeline) {
        this.running = running;
        this.cluster = running.cluster();
        this.plan = plan;
        this.progress = progress;
        this.timeline = timeline;
    }

    OutageRound run(Target target, long seed) throws IOException, InterruptedException {
        Mix mix = Mix.HALF;
        OpenLoop load =
                new OpenLoop(target, Work.random(mix, KeyDistribution.uniform.over(plan.keys()), seed), plan.rate());
        beganNanos = System.nanoTime();
        load.start();
        try {
            measure(OutageSecond.Phase.BEGIN, load, Duration.ofNanos(SLICE_NANOS));
            Stretch quiet = measure(OutageSecond.Phase.QUIET, load, plan.quiet());
            ClusterFile.Node victim =
                    cluster.file().nodes().get(cluster.file().nodes().size() - 1);
            double bytesBefore = repairBytes();

            progress.accept(victim.id() + " " + (plan.fault() == Fault.kill ? "killed" : "killed and wiped"));
            take(victim);
            Stretch outage = measure(OutageSecond.Phase.AWAY, load, plan.away());

            CompletableFuture<Void> started = start(victim);
            Stretch starting = measure(OutageSecond.Phase.STARTING, load, metrics -> !started.isDone());
            await(started);
            progress.accept(victim.id() + " serves again");
            long back = System.nanoTime();
            long cpuBefore = running.processes().cpuMicros();
            Stretch replay = measure(OutageSecond.Phase.REPLAY, load, OutageTrial::catchingUp);
            double caughtUp = secondsSince(back);
            double cpu = (running.processes().cpuMicros() - cpuBefore) / 1e6;
            load.stop();
            awaitEqual();
            int before = outage.seconds();
            return new OutageRound(
                    plan.rate(),
                    Latencies.of(quiet.response()),
                    Latencies.of(outage.response()),
                    Latencies.of(starting.response()),
                    Latencies.of(replay.response()),
                    quiet.operations() + outage.operations() + starting.operations() + replay.operations(),
                    OutageSecond.sum(
                            List.of(quiet.failures(), outage.failures(), starting.failures(), replay.failures())),
                    Math.max(
                            outage.lastFailureSecond(),
                            Math.max(after(before, starting), after(before + starting.seconds(), replay))),
                    Math.max(outage.mostHints(), Math.max(starting.mostHints(), replay.mostHints())),
                    caughtUp,
                    secondsSince(back),
                    Math.round(repairBytes() - bytesBefore),
                    cpu);
        } finally {
            load.stop();
        }
    }

    private static int after(int seconds, Stretch stretch) {
        return stretch.lastFailureSecond() == 0 ? 0 : seconds + stretch.lastFailureSecond();
    }

    private void take(ClusterFile.Node victim) throws IOException, InterruptedException {
        if (plan.fault() == Fault.kill) {
            cluster.kill(victim);
        } else {
            cluster.wipe(victim);
        }
    }

    private CompletableFuture<Void> start(ClusterFile.Node victim) {
        return CompletableFuture.runAsync(() -> {
            try {
                cluster.start(List.of(victim), plan.patience());
            } catch (IOException failed) {
                throw new CompletionException(failed);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new CompletionException(interrupted);
            }
        });
    }

    private static void await(CompletableFuture<Void> started) {
        try {
            started.join();
        } catch (CompletionException failed) {
            throw failed.getCause() instanceof CommandFailure known ? known : failed;
        }
    }

    /** Until no node keeps anything for another, or lacks anything that it should hold. */
    private static boolean catchingUp(NodeMetrics metrics) {
        return metrics.sum(NOT_CAUGHT_UP) > 0;
    }

    private double repairBytes() {
        return NodeMetrics.of(cluster.file().nodes()).sum(REPAIR_BYTES);
    }

    private void awaitEqual() throws InterruptedException {
        SplittableRandom random = new SplittableRandom(1);
        List<Long> keys =
                random.longs(plan.sample(), 0, plan.keys()).distinct().boxed().toList();
        long giveUpAt = System.nanoTime() + plan.patience().toNanos();
        while (!keys.isEmpty()) {
            keys = ReplicaComparison.differing(cluster.file().nodes().get(0), keys);
            if (!keys.isEmpty() && System.nanoTime() > giveUpAt) {
                throw new CommandFailure(
                        ExitCode.DEADLINE,
                        keys.size() + " of " + plan.sample() + " keys still differ between their owners after "
                                + plan.patience().toSeconds() + " s",
                        null);
            }
            TimeUnit.MILLISECONDS.sleep(keys.isEmpty() ? 0 : POLL_MILLIS);
        }
    }

    /**
     * Seconds of a load.
     *
     * @param lastFailureSecond counted from 1; 0 without a failure
     */
    private record Stretch(
            Histogram response,
            long operations,
            SortedMap<String, Long> failures,
            int seconds,
            int lastFailureSecond,
            long mostHints) {}

    private Stretch measure(OutageSecond.Phase phase, Load load, Duration duration) throws InterruptedException {
        long end = System.nanoTime() + duration.toNanos();
        return measure(phase, load, metrics -> System.nanoTime() < end);
    }

    /** For one second at least. One second follows the other without a gap: what happens while we ask the nodes counts too. */
    private Stretch measure(OutageSecond.Phase phase, Load load, Predicate<NodeMetrics> goOn)
            throws InterruptedException {
        Histogram response = new Histogram(Recording.DIGITS);
        List<SortedMap<String, Long>> failures = new ArrayList<>();
        long operations = 0;
        long mostHints = 0;
        int lastFailure = 0;
        long begin = System.nanoTime();
        long giveUpAt = begin + plan.away().toNanos() + plan.patience().toNanos();
        NodeMetrics metrics;
        do {
            long sliceEnd = begin + (failures.size() + 1) * SLICE_NANOS;
            TimeUnit.NANOSECONDS.sleep(Math.max(0, sliceEnd - System.nanoTime()));
            Recording.Interval interval = load.recording().take();
            long now = System.nanoTime();
            metrics = NodeMetrics.of(cluster.file().nodes());
            OutageSecond second = new OutageSecond(
                    phase, (now - beganNanos) / 1e9, interval, Math.round(metrics.sum("hints")), cpuMicros());
            timeline.accept(second);
            failures.add(interval.failures());
            lastFailure = interval.failures().isEmpty() ? lastFailure : failures.size();
            response.add(interval.response());
            operations += interval.response().getTotalCount();
            mostHints = Math.max(mostHints, second.hints());
            if (System.nanoTime() > giveUpAt) {
                throw new CommandFailure(
                        ExitCode.DEADLINE, "the cluster is not as before in time", "allow more with --patience");
            }
        } while (goOn.test(metrics));
        return new Stretch(response, operations, OutageSecond.sum(failures), failures.size(), lastFailure, mostHints);
    }

    private List<Long> cpuMicros() {
        return cluster.file().nodes().stream()
                .map(ClusterFile.Node::process)
                .map(process -> process == null ? 0L : new ServerProcesses(List.of(process.pid())).cpuMicros())
                .toList();
    }

    private static double secondsSince(long nanos) {
        return (System.nanoTime() - nanos) / 1e9;
    }
}
