package dev.quorate.integration;

import dev.quorate.cli.faults.Disturbance;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Three nodes under load whose links go bad in one way after the other, while clients reach all of them. */
@ExtendWith(NodeLogs.class)
@Timeout(value = 4, unit = TimeUnit.MINUTES)
final class LinkFaultsIT {
    private static final int CLIENTS = 24;
    private static final Duration LONG_ENOUGH = Duration.ofSeconds(4);
    private static final Duration HEALED = Duration.ofSeconds(2);
    /** Until a node that hears nothing takes its peer for unreachable, and what it had asked for has been asked of others. */
    private static final Duration UNTIL_NOTICED = Duration.ofSeconds(3);

    @TempDir
    private Path folder;

    @Test
    void linksThatLoseDelayThrottleOrBreakCostNoAcknowledgedWriteAndRequestsFailForAMomentAtMost() throws Exception {
        Cluster cluster = Cluster.prepare(folder, ClusterPlan.of(3, Trial.SEED).withPeersProxied());
        try (Trial trial = Trial.start("LinkFaultsIT", cluster, CLIENTS)) {
            Links links = cluster.links();
            trial.goOn(HEALED);

            trial.phase("n2 hears nothing from n1", UNTIL_NOTICED);
            links.cutOneWay(List.of(1), List.of(2));
            trial.goOn(LONG_ENOUGH);
            heal(trial);

            trial.phase("n3 is heard and hears nobody", UNTIL_NOTICED);
            links.cutOneWay(List.of(1, 2), List.of(3));
            trial.goOn(LONG_ENOUGH);
            heal(trial);

            trial.phase("n1 and n2 are 60 ms apart each way", Duration.ZERO);
            links.disturb(Disturbance.delayedBy(Duration.ofMillis(60)), List.of(1), List.of(2));
            trial.goOn(LONG_ENOUGH);
            heal(trial);

            trial.phase("n1 shares 20 kB/s with its peers", Duration.ZERO);
            links.disturb(Disturbance.throttledTo(20_000), List.of(1), List.of(2, 3));
            trial.goOn(LONG_ENOUGH);
            heal(trial);

            trial.phase("connections break ten times a second", LONG_ENOUGH.plus(HEALED));
            resetStorm(links);
            heal(trial);

            trial.endLoad();
            trial.judge();
        }
    }

    private static void heal(Trial trial) throws InterruptedException {
        trial.phase("healed", UNTIL_NOTICED);
        trial.cluster().links().heal();
        trial.goOn(HEALED);
    }

    private static void resetStorm(Links links) throws InterruptedException {
        Random random = new Random(Trial.SEED);
        long until = System.nanoTime() + LONG_ENOUGH.toNanos();
        while (System.nanoTime() < until) {
            int one = 1 + random.nextInt(3);
            links.reset(one, 1 + one % 3);
            Thread.sleep(100);
        }
    }
}
