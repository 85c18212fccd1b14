package dev.quorate.integration;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kills one of three nodes under 64 concurrent clients, and later starts it again. {@code -Dseconds=600} goes on for that long, killing one
 * node after another; {@code -Dtimeout=2} gives requests the client's usual deadline.
 */
@ExtendWith(NodeLogs.class)
final class KillUnderLoadIT {
    private static final int CLIENTS = 64;
    private static final Duration FAILURES_ALLOWED_FOR = Duration.ofSeconds(2);
    private static final Duration LOAD_BEFORE = Duration.ofSeconds(2);
    private static final Duration LOAD_WHILE_DOWN = Duration.ofSeconds(5);
    private static final Duration LOAD_AFTER = Duration.ofSeconds(3);
    private static final long SECONDS = Long.getLong("seconds", 12);

    @TempDir
    private Path folder;

    @Test
    @Timeout(value = 4, unit = TimeUnit.HOURS)
    void noAcknowledgedWriteIsLostAndRequestsSucceedAgainWithinTwoSeconds() throws Exception {
        Cluster cluster = Cluster.prepare(folder, ClusterPlan.of(3, Trial.SEED));
        try (Trial trial = Trial.start("KillUnderLoadIT", cluster, CLIENTS)) {
            Random random = new Random(Trial.SEED);
            long began = System.nanoTime();
            do {
                trial.goOn(LOAD_BEFORE.plusMillis(random.nextInt(1_000)));
                ClusterNode victim = cluster.node(1 + random.nextInt(3));
                trial.phase(victim.id() + " killed", FAILURES_ALLOWED_FOR);
                victim.kill();
                trial.goOn(LOAD_WHILE_DOWN);
                trial.phase(victim.id() + " starts", Duration.ZERO);
                victim.start();
                cluster.awaitReady();
                trial.goOn(LOAD_AFTER);
            } while (System.nanoTime() - began < TimeUnit.SECONDS.toNanos(SECONDS));
            trial.endLoad();

            ClusterNode down = cluster.node(1 + random.nextInt(3));
            down.kill();
            List<String> wrong = trial.load().readEverything(cluster.seeds(), Load.QUORUM, false);
            down.start();
            cluster.awaitReady();
            trial.judge(wrong);
            assertThat(trial.load().operations()).as("operations").isGreaterThan(CLIENTS * 10L);
        }
    }
}
