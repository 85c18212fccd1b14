package dev.quorate.integration;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** One of three nodes loses its disk under load and comes back empty. */
@ExtendWith(NodeLogs.class)
@Timeout(value = 4, unit = TimeUnit.MINUTES)
final class WipedDiskIT {
    private static final int CLIENTS = 16;
    private static final Duration FAILURES_ALLOWED_FOR = Duration.ofSeconds(2);
    private static final Duration SOON = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    /**
     * What it and one other had acknowledged is now on that other only, so a read from the empty node and the third would miss it: the empty
     * one must not answer reads until it has everything again (rule A7). The load reads all the time, and the checker knows of no disk that
     * was lost.
     */
    @Test
    void anEmptyNodeAnswersNoReadBeforeItHasEverythingAgain() throws Exception {
        Cluster cluster = Cluster.prepare(folder, ClusterPlan.of(3, Trial.SEED));
        try (Trial trial = Trial.start("WipedDiskIT", cluster, CLIENTS)) {
            trial.goOn(Duration.ofSeconds(2));
            ClusterNode node = cluster.node(1);
            trial.phase("n1 killed and wiped", FAILURES_ALLOWED_FOR);
            node.kill();
            node.wipe();
            trial.goOn(Duration.ofSeconds(3));
            trial.phase("n1 starts, empty", Duration.ZERO);
            node.start();
            cluster.awaitReady();
            trial.goOn(Duration.ofSeconds(6));
            trial.endLoad();
            trial.awaitEqual(SOON);
            trial.judge();
        }
    }
}
