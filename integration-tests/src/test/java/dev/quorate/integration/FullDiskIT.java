package dev.quorate.integration;

import static dev.quorate.integration.Complaints.assertComplains;
import static dev.quorate.integration.Complaints.complaint;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import dev.quorate.sdk.Bucket;
import dev.quorate.sdk.Codec;
import dev.quorate.sdk.QuorateClient;
import dev.quorate.sdk.QuorateException;
import dev.quorate.sdk.QuorateException.Reason;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
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
    private static final int MIB = 1 << 20;

    @TempDir
    private Path folder;

    @Test
    void aFullDiskRefusesPutsServesReadsAndDeletesAndGoesOnWhenThereIsRoom() throws Exception {
        Path disk = Files.createDirectory(folder.resolve("disk"));
        assumeThat(succeeds("mount", "-t", "tmpfs", "-o", "size=64m,mode=700", "tmpfs", disk.toString()))
                .as("FullDiskIT is skipped: a tmpfs cannot be mounted here, which needs root")
                .isTrue();
        try {
            fillUpAndMakeRoom(disk);
        } finally {
            assertThat(succeeds("umount", "-l", disk.toString())).isTrue();
        }
    }

    private void fillUpAndMakeRoom(Path disk) throws Exception {
        ClusterPlan plan = ClusterPlan.of(1, 51)
                .withStorage(
                        disk.resolve("data"),
                        "{dir: %s, memoryTable: 1MiB, logSegment: 4MiB, logQueue: 1MiB, flushAfter: 2s, reserve: 8MiB, reservePercent: 0}");
        try (Cluster cluster = Cluster.start(folder, plan);
                QuorateClient client = cluster.client()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            bucket.put("kept", "before");
            bucket.put("deleted", "before");
            Path ballast = disk.resolve("ballast");

            // Down to the reserve, and then to the last byte.
            for (long left : new long[] {4 * MIB, 0}) {
                fill(ballast, left);
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

            Files.delete(ballast);
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

    /** Grows the file until only so many bytes are free. */
    private static void fill(Path ballast, long left) throws IOException {
        byte[] block = new byte[MIB / 16];
        try (OutputStream out = Files.newOutputStream(
                ballast, java.nio.file.StandardOpenOption.CREATE, java.nio.file.StandardOpenOption.APPEND)) {
            while (Files.getFileStore(ballast).getUsableSpace() > left) {
                out.write(block);
            }
        } catch (IOException full) {
            assertThat(left).as("the disk is full, as wanted: %s", full).isZero();
        }
    }

    private static boolean succeeds(String... command) throws IOException, InterruptedException {
        return Programs.run(java.util.List.of(command), Map.of()).exitCode() == 0;
    }
}
