package dev.quorate.integration;

import static dev.quorate.integration.Complaints.assertComplains;
import static dev.quorate.integration.Complaints.complaint;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.quorate.sdk.Bucket;
import dev.quorate.sdk.Codec;
import dev.quorate.sdk.QuorateClient;
import dev.quorate.sdk.QuorateException;
import dev.quorate.sdk.QuorateException.Reason;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A node on a small disk that fills up. Needs root, to mount it. */
@ExtendWith(NodeLogs.class)
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class FullDiskIT {
    private static final Duration SOON = Duration.ofSeconds(40);
    private static final Duration UNTIL_KNOWN = Duration.ofSeconds(2);
    private static final int CLIENTS = 16;
    private static final String SMALL_STORAGE =
            "{dir: %s, memoryTable: 1MiB, logSegment: 4MiB, logQueue: 1MiB, flushAfter: 2s, reserve: 8MiB, reservePercent: 0}";

    @TempDir
    private Path folder;

    @Test
    void aFullDiskRefusesPutsServesReadsAndDeletesAndGoesOnWhenThereIsRoom() throws Exception {
        try (SmallDisk disk = SmallDisk.mount(folder.resolve("disk"))) {
            fillUpAndMakeRoom(disk);
        }
    }

    /** Who cannot write is as good as away for writes, and still there for reads. */
    @Test
    void theOthersGoOnWhenTheDiskOfOneIsFull() throws Exception {
        try (SmallDisk disk = SmallDisk.mount(folder.resolve("disk"))) {
            ClusterPlan plan = ClusterPlan.of(3, Trial.SEED);
            Cluster cluster = Cluster.prepare(folder, plan);
            cluster.configure(1, plan.withStorage(disk.folder().resolve("data"), SMALL_STORAGE));
            try (Trial trial = Trial.start("FullDiskIT", cluster, CLIENTS)) {
                trial.phase("the disk of n1 is filled", UNTIL_KNOWN);
                disk.fill(0);
                trial.goOn(Duration.ofSeconds(6));
                assertThat(cluster.node(1).alive()).isTrue();
                trial.phase("there is room again", UNTIL_KNOWN);
                disk.makeRoom();
                trial.goOn(Duration.ofSeconds(3));
                trial.endLoad();
                trial.judge();
            }
        }
    }

    private void fillUpAndMakeRoom(SmallDisk disk) throws Exception {
        ClusterPlan plan = ClusterPlan.of(1, 51).withStorage(disk.folder().resolve("data"), SMALL_STORAGE);
        try (Cluster cluster = Cluster.start(folder, plan);
                QuorateClient client = cluster.client()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("kept", "before");
            bucket.put("deleted", "before");

            // Down to the reserve, and then to the last byte.
            for (long left : new long[] {4 << 20, 0}) {
                disk.fill(left);
                await("puts are refused")
                        .atMost(SOON)
                        .ignoreExceptionsMatching(FullDiskIT::isStillTaken)
                        .until(() -> {
                            QuorateException refusal = complaint(() -> bucket.put("new", "v"));
                            return refusal.reason() == Reason.STORAGE_FULL && !refusal.outcomeUnknown();
                        });
                assertComplains(
                        Programs.kvctl("-e", cluster.seeds(), "put", "new", "v"),
                        5,
                        "[STORAGE_FULL]",
                        "free or add disk space");
                assertThat(bucket.get("kept").value()).isEqualTo("before");
                bucket.delete("deleted");
                assertThat(bucket.get("deleted").isPresent()).isFalse();
                assertThat(cluster.node(1).alive()).isTrue();
            }

            disk.makeRoom();
            await("puts are taken again")
                    .atMost(SOON)
                    .ignoreException(QuorateException.class)
                    .until(() -> {
                        bucket.put("after", "v");
                        return true;
                    });
            cluster.node(1).kill();
            cluster.node(1).start();
            cluster.awaitReady();
            try (QuorateClient fresh = cluster.client()) {
                Bucket<String> again = fresh.bucket("default", Codec.utf8());
                assertThat(again.get("kept").value()).isEqualTo("before");
                assertThat(again.get("after").value()).isEqualTo("v");
                assertThat(again.get("deleted").isPresent()).isFalse();
            }
            assertThat(cluster.node(1).logText()).doesNotContain("\tat ");
        }
    }

    /** The node measures its disk now and then: a put that it still took is no failure of this test. */
    private static boolean isStillTaken(Throwable thrown) {
        return thrown instanceof AssertionError;
    }
}
