package dev.quorate.integration;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Five nodes cut in two, with clients on both sides that cannot see the other. */
@ExtendWith(NodeLogs.class)
@Timeout(value = 4, unit = TimeUnit.MINUTES)
final class SplitIT {
    private static final int CLIENTS = 20;
    private static final List<Integer> THREE = List.of(1, 2, 3);
    private static final List<Integer> TWO = List.of(4, 5);
    private static final Duration UNTIL_NOTICED = Duration.ofSeconds(7);

    @TempDir
    private Path folder;

    /** A strict quorum is found on one side at most: what the other side answers with success would be lost if there were two. */
    @Test
    void whatEitherSideAcknowledgedIsThereAfterTheHeal() throws Exception {
        Cluster cluster = Cluster.prepare(folder, ClusterPlan.of(5, Trial.SEED).withPeersAndClientsProxied());
        try (Trial trial = Trial.start("SplitIT", cluster, CLIENTS, List.of(THREE, TWO))) {
            trial.goOn(Duration.ofSeconds(2));
            Duration cut = Duration.ofSeconds(8);
            trial.phase("n1 to n3 and n4, n5 cut off from each other", cut.plus(UNTIL_NOTICED));
            cluster.links().cut(THREE, TWO);
            trial.goOn(cut);
            trial.phase("healed", UNTIL_NOTICED);
            cluster.links().heal();
            cluster.awaitReady();
            trial.goOn(Duration.ofSeconds(3));
            trial.endLoad();
            trial.judge();
        }
    }
}
