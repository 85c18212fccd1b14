package dev.quorate.integration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.simulation.HistoryChecker;
import dev.quorate.simulation.Violation;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills one of three nodes under 64 concurrent clients, and later starts it again. The same checker that judges the simulation judges what
 * the clients were told. {@code -Dseconds=600} goes on for that long, killing one node after another; {@code -Dseed=} repeats the choices,
 * though not the timing of real processes. {@code -Dtimeout=2} gives requests the client's usual deadline: the default here is long, so that
 * a machine which is busy with something else makes requests slow and not fail, while one that hangs still fails long after the kill.
 */
@ExtendWith(NodeLogs.class)
final class KillUnderLoadIT {
    private static final int CLIENTS = 64;
    private static final Duration FAILURES_ALLOWED_FOR = Duration.ofSeconds(2);
    private static final Duration WARM_UP = Duration.ofSeconds(3);
    private static final Duration LOAD_BEFORE = Duration.ofSeconds(2);
    private static final Duration LOAD_WHILE_DOWN = Duration.ofSeconds(5);
    private static final Duration LOAD_AFTER = Duration.ofSeconds(3);
    private static final long SECONDS = Long.getLong("seconds", 12);
    private static final Duration TIMEOUT = Duration.ofSeconds(Long.getLong("timeout", 10));
    private static final long SEED = Long.getLong("seed", System.nanoTime() & 0xffff_ffffL);

    @TempDir
    private Path folder;

    @Test
    @Timeout(value = 4, unit = TimeUnit.HOURS)
    void noAcknowledgedWriteIsLostAndRequestsSucceedAgainWithinTwoSeconds() throws Exception {
        System.out.println("KillUnderLoadIT: replay the choices with -Dseed=" + SEED);
        List<Long> kills = new ArrayList<>();
        try (Cluster cluster = Cluster.start(folder, ClusterPlan.of(3, SEED));
                Load load = Load.start(cluster.seeds(), CLIENTS, TIMEOUT, SEED);
                Machine machine = Machine.watch()) {
            Random random = new Random(SEED);
            // Three JVMs that have just started, and 64 clients at once: what is slow now is the compiler.
            Thread.sleep(WARM_UP.toMillis());
            load.forgetFailures();
            long began = System.nanoTime();
            do {
                Thread.sleep(LOAD_BEFORE.toMillis() + random.nextInt(1_000));
                ClusterNode victim = cluster.node(1 + random.nextInt(3));
                kills.add(System.nanoTime());
                victim.kill();
                Thread.sleep(LOAD_WHILE_DOWN.toMillis());
                victim.start();
                cluster.awaitReady();
                Thread.sleep(LOAD_AFTER.toMillis());
            } while (System.nanoTime() - began < TimeUnit.SECONDS.toNanos(SECONDS));
            load.stop();
            long took = System.nanoTime() - began;

            ClusterNode down = cluster.node(1 + random.nextInt(3));
            down.kill();
            List<String> wrong = new ArrayList<>(load.readEverything(cluster.seeds(), Load.QUORUM, false));
            down.start();
            cluster.awaitReady();
            wrong.addAll(load.readEverything(cluster.seeds(), Load.REPLICAS, true));
            List<Violation> violations = HistoryChecker.check(load.history());
            print(load, kills, took, machine, violations.size() + wrong.size());

            assertThat(violations).isEmpty();
            assertThat(wrong).isEmpty();
            List<Load.Failed> late = load.failures().stream()
                    .filter(failed -> sinceKill(failed, kills) > FAILURES_ALLOWED_FOR.toNanos())
                    .toList();
            if (machine.isBusyWithOtherThings()) {
                System.out.println(
                        "KillUnderLoadIT: other programs had much of this machine; not judged for that reason: "
                                + late);
            } else {
                assertThat(late)
                        .as("requests that failed before a kill, or more than %s after it", FAILURES_ALLOWED_FOR)
                        .isEmpty();
            }
            assertThat(load.operations()).as("operations").isGreaterThan(CLIENTS * 10L);
        }
    }

    /** Nanoseconds from the last kill before the failure. */
    private static long sinceKill(Load.Failed failed, List<Long> kills) {
        return kills.stream()
                .mapToLong(kill -> failed.atNanos() - kill)
                .filter(since -> since >= 0)
                .min()
                .orElse(Long.MAX_VALUE);
    }

    private static void print(Load load, List<Long> kills, long tookNanos, Machine machine, int violations) {
        long lastMillis = load.failures().stream()
                        .mapToLong(failed -> sinceKill(failed, kills))
                        .filter(since -> since != Long.MAX_VALUE)
                        .max()
                        .orElse(0)
                / 1_000_000;
        long unknown = load.failures().stream()
                .filter(failed -> failed.failure().outcomeUnknown())
                .count();
        System.out.printf(
                "KillUnderLoadIT: %d clients, %d kills, %d operations in %.1f s on %d keys, the slowest %d ms, at most %d siblings; %d requests failed"
                        + " (%d writes of unknown outcome), the last %d ms after a kill; other programs had %.0f %% of the machine; %d violations%n",
                CLIENTS,
                kills.size(),
                load.operations(),
                tookNanos / 1e9,
                load.keysUsed(),
                load.slowestNanos() / 1_000_000,
                load.mostSiblings(),
                load.failures().size(),
                unknown,
                lastMillis,
                machine.foreignShare() * 100,
                violations);
    }
}
