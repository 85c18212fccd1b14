package dev.quorate.integration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.proto.admin.v1.Member;
import dev.quorate.proto.admin.v1.MemberVerdict;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Five nodes cut in two, with clients on both sides that cannot see the other, sloppy in what they read and write: each side goes on with the
 * nodes it has. {@code -Dseconds=60} leaves them cut for that long.
 */
@ExtendWith(NodeLogs.class)
@Timeout(value = 15, unit = TimeUnit.MINUTES)
final class SplitIT {
    private static final int CLIENTS = 20;
    private static final List<Integer> THREE = List.of(1, 2, 3);
    private static final List<Integer> TWO = List.of(4, 5);
    private static final Duration CUT = Duration.ofSeconds(Long.getLong("seconds", 8));
    private static final Duration UNTIL_NOTICED = Duration.ofSeconds(3);
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String SLOPPY = "buckets: [{name: default, id: 1, readMode: sloppy, writeMode: sloppy}]\n";

    @TempDir
    private Path folder;

    @Test
    void bothSidesGoOnAndWhatEitherAcknowledgedIsThereAfterTheHeal() throws Exception {
        ClusterPlan plan =
                ClusterPlan.of(5, Trial.SEED).withPeersAndClientsProxied().withSettings(SLOPPY);
        Cluster cluster = Cluster.prepare(folder, plan);
        try (Trial trial = Trial.start("SplitIT", cluster, CLIENTS, List.of(THREE, TWO))) {
            trial.goOn(Duration.ofSeconds(2));
            trial.phase("n1 to n3 and n4, n5 cut off from each other", UNTIL_NOTICED);
            cluster.links().cut(THREE, TWO);
            trial.goOn(CUT);
            assertNobodyIsDownByTheWordOfOne(cluster);
            trial.phase("healed", UNTIL_NOTICED);
            cluster.links().heal();
            cluster.awaitReady();
            trial.goOn(Duration.ofSeconds(3));
            trial.endLoad();
            trial.awaitEqual(SOON);
            trial.judge();
        }
    }

    private static void assertNobodyIsDownByTheWordOfOne(Cluster cluster) {
        for (ClusterNode node : cluster.nodes()) {
            for (Member member : node.cluster().getMembersList()) {
                if (member.getVerdict() == MemberVerdict.MEMBER_VERDICT_DOWN) {
                    assertThat(member.getAccusersList())
                            .as("%s thinks that %s is down; who says so", node.id(), member.getId())
                            .hasSizeGreaterThanOrEqualTo(2);
                }
            }
        }
    }
}
