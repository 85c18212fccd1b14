package dev.quorate.integration;

import static dev.quorate.integration.Complaints.assertComplains;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.quorate.sdk.QuorateClient;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A node that has come among the peers of another cluster, by a mistake in its file. */
@ExtendWith(NodeLogs.class)
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class StrangersIT {
    @TempDir
    private Path folder;

    @Test
    void aNodeOfAnotherClusterIsNeverTakenForAPeer() throws Exception {
        ClusterPlan plan = ClusterPlan.of(3, 41);
        try (Cluster cluster = Cluster.prepare(folder, plan)) {
            String otherId = new UUID(41, 41).toString();
            cluster.configure(3, plan.withClusterId(otherId));
            for (ClusterNode node : cluster.nodes()) {
                node.start();
            }
            ClusterNode stranger = cluster.node(3);
            cluster.awaitReady(List.of(cluster.node(1), cluster.node(2)));
            cluster.awaitReady(List.of(stranger));

            await("n1 says why it does not use n3")
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> cluster.node(1)
                            .unreachableBecause("n3")
                            .filter(why -> why.contains("CLUSTER_MISMATCH") && why.contains(otherId))
                            .isPresent());
            assertThat(stranger.unreachableBecause("n1"))
                    .hasValueSatisfying(why -> assertThat(why).contains("CLUSTER_MISMATCH"));
            assertComplains(
                    Programs.kvctl("-e", cluster.node(1).clientAddress(), "cluster", "status"),
                    5,
                    "n3",
                    "CLUSTER_MISMATCH");

            try (QuorateClient client = QuorateClient.builder()
                    .seeds(cluster.node(1).clientAddress())
                    .build()) {
                var written = client.bucket("default").put("k", new byte[] {1});
                assertThat(written.report().nodes()).containsExactlyInAnyOrder("n1", "n2");
            }
            assertThat(cluster.node(1).logText()).contains("CLUSTER_MISMATCH").doesNotContain("ERROR", "\tat ");
        }
    }
}
