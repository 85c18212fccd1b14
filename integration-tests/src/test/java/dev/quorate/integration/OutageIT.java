package dev.quorate.integration;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** One of three nodes is away for a while under load, in two ways, and comes back. {@code -Dseconds=120} leaves it dead for that long. */
@ExtendWith(NodeLogs.class)
@Timeout(value = 4, unit = TimeUnit.MINUTES)
final class OutageIT {
    private static final int CLIENTS = 24;
    private static final Duration FAILURES_ALLOWED_FOR = Duration.ofSeconds(2);
    private static final Duration SHORTLY = Duration.ofSeconds(2);
    private static final Duration DEAD = Duration.ofSeconds(Long.getLong("seconds", 10));
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    /** First stopped in the middle of whatever it does: to others it is silent, and to itself nothing has happened. Then killed. */
    @Test
    void aNodeThatStopsOrDiesForAWhileDisturbsRequestsForAMomentAndMissesNothingInTheEnd() throws Exception {
        Cluster cluster = Cluster.prepare(folder, ClusterPlan.of(3, Trial.SEED));
        try (Trial trial = Trial.start("OutageIT", cluster, CLIENTS)) {
            ClusterNode node = cluster.node(2);
            trial.goOn(SHORTLY);
            trial.phase("n2 stopped", FAILURES_ALLOWED_FOR);
            node.pause();
            trial.goOn(Duration.ofSeconds(8));
            trial.phase("n2 goes on", FAILURES_ALLOWED_FOR);
            node.resume();
            cluster.awaitReady();
            trial.goOn(SHORTLY);

            trial.phase("n2 killed", FAILURES_ALLOWED_FOR);
            node.kill();
            trial.goOn(DEAD);
            trial.phase("n2 starts", Duration.ZERO);
            node.start();
            cluster.awaitReady();
            trial.goOn(SHORTLY);
            trial.endLoad();
            trial.awaitEqual(SOON);
            trial.judge();
        }
    }
}
