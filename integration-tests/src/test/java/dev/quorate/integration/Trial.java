package dev.quorate.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.quorate.simulation.HistoryChecker;
import dev.quorate.simulation.Violation;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A cluster under load to which something is done, and the verdict: nothing acknowledged is lost, nothing is shown that must not be, and requests
 * fail only where they may. The checker that judges the simulation judges what the clients were told.
 */
final class Trial implements AutoCloseable {
    private static final Duration WARM_UP = Duration.ofSeconds(3);
    /** Long, so that a machine which is busy with something else makes requests slow and not fail. */
    static final Duration TIMEOUT = Duration.ofSeconds(Long.getLong("timeout", 10));

    /** Choices can be repeated with {@code -Dseed=}, though not the timing of real processes. */
    static final long SEED = Long.getLong("seed", System.nanoTime() & 0xffff_ffffL);

    private final String name;
    private final Cluster cluster;
    private final Load load;
    private final Machine machine;
    private final List<Phase> phases = new ArrayList<>();
    private final long beganNanos = System.nanoTime();
    private long slowestNanos;

    /**
     * A time in which one thing is wrong, or nothing.
     *
     * @param failuresAllowedFor from its beginning
     */
    private record Phase(String what, Duration failuresAllowedFor, long beganNanos, long operationsBefore) {}

    private Trial(String name, Cluster cluster, Load load) {
        this.name = name;
        this.cluster = cluster;
        this.load = load;
        this.machine = Machine.watch();
    }

    /** With clients that know all nodes. */
    static Trial start(String name, Cluster cluster, int clients) throws IOException, InterruptedException {
        return start(
                name,
                cluster,
                clients,
                List.of(cluster.nodes().stream().map(ClusterNode::number).toList()),
                () -> {});
    }

    /** The same, and {@code prepared} runs when the nodes have started and before there is any load. */
    static Trial start(String name, Cluster cluster, int clients, Runnable prepared)
            throws IOException, InterruptedException {
        return start(
                name,
                cluster,
                clients,
                List.of(cluster.nodes().stream().map(ClusterNode::number).toList()),
                prepared);
    }

    static Trial start(String name, Cluster cluster, int clients, List<List<Integer>> seeds)
            throws IOException, InterruptedException {
        return start(name, cluster, clients, seeds, () -> {});
    }

    /**
     * Starts the nodes and the load, and returns after a while of it: what is slow at first is the compiler, in processes that have just
     * started.
     *
     * @param cluster closed with the trial
     * @param seeds where clients begin, one after the other
     * @param prepared runs when the nodes have started, before there is any load
     */
    private static Trial start(String name, Cluster cluster, int clients, List<List<Integer>> seeds, Runnable prepared)
            throws IOException, InterruptedException {
        System.out.println(name + ": repeat the choices with -Dseed=" + SEED);
        try {
            cluster.start();
            prepared.run();
            Load load = Load.start(seeds.stream().map(cluster::seeds).toList(), clients, TIMEOUT, SEED);
            Trial trial = new Trial(name, cluster, load);
            Thread.sleep(WARM_UP.toMillis());
            load.forgetFailures();
            trial.phase("quiet", Duration.ZERO);
            return trial;
        } catch (IOException | RuntimeException | Error | InterruptedException failed) {
            cluster.close();
            throw failed;
        }
    }

    Cluster cluster() {
        return cluster;
    }

    Load load() {
        return load;
    }

    /** Something changes now, and for so long requests may fail for it. */
    void phase(String what, Duration failuresAllowedFor) {
        tellLast();
        phases.add(new Phase(what, failuresAllowedFor, System.nanoTime(), load.operations()));
    }

    void goOn(Duration duration) throws InterruptedException {
        Thread.sleep(duration.toMillis());
    }

    /** Ends the load. What follows is about data. */
    void endLoad() throws InterruptedException {
        load.stop();
        tellLast();
    }

    /** After the load, and before anybody reads: the cluster becomes equal by itself. */
    void awaitEqual(Duration patience) {
        long began = System.nanoTime();
        ClusterNode asked = cluster.node(1);
        await("no hint waits, and no node recovers")
                .atMost(patience)
                .pollInterval(Duration.ofMillis(100))
                .untilAsserted(() -> assertThat(cluster.nodes())
                        .allSatisfy(node -> assertThat(node.metric("hints"))
                                .as("hints of %s", node.id())
                                .isZero())
                        .allSatisfy(node -> assertThat(node.metric("recovering_slots"))
                                .as("slots that %s lacks", node.id())
                                .isZero()));
        long caughtUp = System.nanoTime();
        Replicas.awaitEqual(asked, load.keys(), patience);
        System.out.printf(
                "%s: after the load, nothing waited after %.1f s, and all owners of %d keys held the same after %.1f s%n",
                name, (caughtUp - began) / 1e9, load.keys().size(), (System.nanoTime() - began) / 1e9);
    }

    /** Reads everything twice, at a quorum and at all replicas, and judges all there is. */
    void judge() {
        judge(List.of());
    }

    /** @param wrong what was found already */
    void judge(List<String> wrong) {
        List<String> all = new ArrayList<>(wrong);
        all.addAll(load.readEverything(cluster.seeds(), Load.QUORUM, false));
        all.addAll(load.readEverything(cluster.seeds(), Load.REPLICAS, true));
        List<Violation> violations = HistoryChecker.check(load.history());
        System.out.printf(
                "%s: %d operations in %.1f s on %d keys, at most %d siblings; other programs had %.0f %% of the machine; %d violations%n",
                name,
                load.operations(),
                (System.nanoTime() - beganNanos) / 1e9,
                load.keysUsed(),
                load.mostSiblings(),
                machine.foreignShare() * 100,
                violations.size() + all.size());
        assertThat(violations).isEmpty();
        assertThat(all).isEmpty();
        judgeFailures();
    }

    private void judgeFailures() {
        List<String> unexpected = load.failures().stream()
                .filter(failed -> !allowed(failed))
                .map(failed -> phaseOf(failed).what() + ", "
                        + (failed.atNanos() - phaseOf(failed).beganNanos()) / 1_000_000 + " ms: " + failed)
                .toList();
        if (machine.isBusyWithOtherThings()) {
            System.out.println(
                    name + ": other programs had much of this machine; not judged for that reason: " + unexpected);
        } else {
            assertThat(unexpected).as("requests that failed and should not").isEmpty();
        }
    }

    /** No answer took longer in any phase, however often the client had to ask again for it. */
    void judgeSlowest(Duration allowed) {
        Duration slowest = Duration.ofNanos(slowestNanos);
        if (machine.isBusyWithOtherThings()) {
            System.out.println(name + ": the slowest answer of all took " + slowest.toMillis()
                    + " ms; not judged, since other programs had much of this machine");
        } else {
            assertThat(slowest).as("slowest answer").isLessThanOrEqualTo(allowed);
        }
    }

    private boolean allowed(Load.Failed failed) {
        Phase phase = phaseOf(failed);
        return failed.atNanos() - phase.beganNanos()
                <= phase.failuresAllowedFor().toNanos();
    }

    private Phase phaseOf(Load.Failed failed) {
        Phase found = phases.get(0);
        for (Phase phase : phases) {
            if (phase.beganNanos() <= failed.atNanos()) {
                found = phase;
            }
        }
        return found;
    }

    private void tellLast() {
        if (phases.isEmpty()) {
            return;
        }
        Phase phase = phases.get(phases.size() - 1);
        List<Load.Failed> failed =
                load.failures().stream().filter(each -> phaseOf(each) == phase).toList();
        long lastMillis = failed.stream()
                        .mapToLong(each -> each.atNanos() - phase.beganNanos())
                        .max()
                        .orElse(0)
                / 1_000_000;
        double seconds = (System.nanoTime() - phase.beganNanos()) / 1e9;
        Latencies latencies = load.takeLatencies();
        slowestNanos = Math.max(slowestNanos, latencies.slowestNanos());
        System.out.printf(
                "%s: %-44s %5.1f s %6.0f operations/s, p99 %5d ms, slowest answer %5d ms, %d failed%s%n",
                name,
                phase.what(),
                seconds,
                (load.operations() - phase.operationsBefore()) / seconds,
                TimeUnit.NANOSECONDS.toMillis(latencies.nanosAt(0.99)),
                TimeUnit.NANOSECONDS.toMillis(latencies.slowestNanos()),
                failed.size(),
                failed.isEmpty()
                        ? ""
                        : ", the last after " + lastMillis + " ms, one of them " + failed.get(failed.size() - 1));
    }

    @Override
    public void close() {
        machine.close();
        load.close();
        cluster.close();
    }
}
