package dev.quorate.integration;

import static dev.quorate.integration.Complaints.assertComplains;
import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.integration.Programs.Ended;
import dev.quorate.sdk.Bucket;
import dev.quorate.sdk.Codec;
import dev.quorate.sdk.QuorateClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Data directories on which a node must not start: in use, damaged, somebody else's. It says what is wrong and where, leaves everything as it
 * is, and starts again once that is put right, with all that was acknowledged.
 */
@ExtendWith(NodeLogs.class)
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class BadDirectoryIT {
    private static final int KEYS = 50;
    private static final int FRAME_MAGIC = 0x514c4f47;
    private static final int FRAME_HEADER_BYTES = 48;
    private static final int META_BYTES = 512;
    private static final int THREE_PAGES = 3 * 4096;

    @TempDir
    private Path folder;

    private Cluster cluster;
    private ClusterNode node;
    private Path data;

    @BeforeEach
    void startWithData() throws IOException {
        // Nothing is flushed by itself: the log is what a killed node comes back from.
        ClusterPlan plan = ClusterPlan.of(1, 31);
        cluster = Cluster.start(
                folder,
                plan.withStorage(
                        Path.of("data"),
                        "{dir: %s, memoryTable: 8MiB, logSegment: 4MiB, logQueue: 1MiB, flushAfter: 10m, reserve: 16MiB, reservePercent: 0}"));
        node = cluster.node(1);
        data = node.folder().resolve("data");
        try (QuorateClient client = cluster.client()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            for (int i = 0; i < KEYS; i++) {
                bucket.put("key" + i, "value" + i);
            }
        }
    }

    @AfterEach
    void stop() {
        cluster.close();
    }

    @Test
    void aSecondProcessIsRefusedAndTheFirstGoesOn() throws Exception {
        Ended second = run();

        assertComplains(second, 1, data.toString(), "in use by process", "one node at a time");
        assertEverythingIsThere();
    }

    @Test
    void aDamagedFrameIsRefusedWithFileOffsetAndLsn() throws Exception {
        node.kill();
        Path segment = segments().get(0);
        List<Integer> frames = framesOf(segment);
        assertThat(frames).as("frames in %s", segment).hasSizeGreaterThan(3);
        int damaged = frames.get(frames.size() / 2);
        flip(segment, damaged + FRAME_HEADER_BYTES + 5);

        assertComplains(
                run(),
                1,
                segment.getFileName().toString(),
                "at offset " + damaged,
                "LSN",
                "which was synced",
                "restore this node's directory from a copy");

        flip(segment, damaged + FRAME_HEADER_BYTES + 5);
        assertStartsWithEverything();
    }

    @Test
    void aLogThatIsGoneIsNotTakenForAnEmptyOne() throws Exception {
        node.kill();
        List<Path> segments = segments();
        Path aside = Files.createDirectory(folder.resolve("aside"));
        for (Path segment : segments) {
            Files.move(segment, aside.resolve(segment.getFileName()));
        }

        assertComplains(run(), 1, data.resolve("log").toString(), "the commit log is missing", "Put the log back");

        for (Path segment : segments) {
            Files.move(aside.resolve(segment.getFileName()), segment);
        }
        assertStartsWithEverything();
    }

    @Test
    void aTruncatedDataFileIsRefusedBeforeItIsMapped() throws Exception {
        assertThat(node.stop()).isZero();
        Path file = data.resolve("lmdb/data.mdb");
        byte[] whole = Files.readAllBytes(file);
        Files.write(file, java.util.Arrays.copyOf(whole, THREE_PAGES));

        assertComplains(run(), 1, file.toString(), "is truncated", "Restore this node's directory");

        Files.write(file, whole);
        assertStartsWithEverything();
    }

    @Test
    void aZeroedMetaPageIsRefused() throws Exception {
        assertThat(node.stop()).isZero();
        Path file = data.resolve("lmdb/data.mdb");
        byte[] whole = Files.readAllBytes(file);
        byte[] zeroed = whole.clone();
        java.util.Arrays.fill(zeroed, 0, META_BYTES, (byte) 0);
        Files.write(file, zeroed);

        assertComplains(run(), 1, file.toString(), "meta page at offset 0", "Restore this node's directory");

        Files.write(file, whole);
        assertStartsWithEverything();
    }

    @Test
    void dataOfAnotherClusterOrNodeIsLeftAlone() throws Exception {
        assertThat(node.stop()).isZero();
        String ours = Files.readString(node.configuration());
        Files.writeString(
                node.configuration(), ours.replace(cluster.plan().clusterId(), "6c3f8a52-0000-4000-8000-00000000c0de"));
        assertComplains(run(), 1, data.toString(), cluster.plan().clusterId(), "6c3f8a52-0000-4000-8000-00000000c0de");

        Files.writeString(
                node.configuration(), ours.replace("node: n1", "node: n9").replace("{id: n1,", "{id: n9,"));
        assertComplains(run(), 1, data.toString(), "n1", "n9");

        Files.writeString(node.configuration(), ours);
        assertStartsWithEverything();
    }

    @Test
    void anUnknownSettingIsNamedWithItsLineAndTheLikelyOne() throws Exception {
        String ours = Files.readString(node.configuration());
        long line = ours.lines().count() + 1;
        Path wrong = node.folder().resolve("wrong.yaml");
        Files.copy(node.configuration(), wrong, java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
        Files.writeString(wrong, ours + "replicaton: {timeout: 3s}\n");

        for (String[] command :
                new String[][] {{"config", "check", wrong.toString()}, {"run", "--config", wrong.toString()}}) {
            assertComplains(
                    Programs.run(Programs.kvnode(command), Map.of()),
                    2,
                    wrong + ":" + line + ":",
                    "replicaton",
                    "did you mean",
                    "replication");
        }
        Ended overridden = Programs.run(
                Programs.kvnode("config", "check", node.configuration().toString()),
                Map.of("QUORATE_STORAGE_DRI", "/nowhere"));
        assertThat(overridden.exitCode()).isZero();
        assertThat(overridden.said()).contains("QUORATE_STORAGE_DRI", "QUORATE_STORAGE_DIR");
        assertEverythingIsThere();
    }

    private Ended run() throws IOException, InterruptedException {
        return Programs.run(
                Programs.kvnode("run", "--config", node.configuration().toString()), Map.of());
    }

    private List<Path> segments() throws IOException {
        try (Stream<Path> files = Files.walk(data)) {
            return files.filter(file -> file.getFileName().toString().matches("log-[0-9a-f]{16}"))
                    .sorted()
                    .toList();
        }
    }

    private static List<Integer> framesOf(Path segment) throws IOException {
        ByteBuffer content = ByteBuffer.wrap(Files.readAllBytes(segment));
        List<Integer> offsets = new ArrayList<>();
        for (int offset = 0; offset + FRAME_HEADER_BYTES <= content.limit(); offset += 8) {
            if (content.getInt(offset) == FRAME_MAGIC) {
                offsets.add(offset);
            }
        }
        return offsets;
    }

    private static void flip(Path file, int offset) throws IOException {
        byte[] content = Files.readAllBytes(file);
        content[offset] ^= 0x10;
        Files.write(file, content);
    }

    private void assertStartsWithEverything() throws IOException {
        node.start();
        cluster.awaitReady();
        assertEverythingIsThere();
    }

    private void assertEverythingIsThere() {
        try (QuorateClient client = cluster.client()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            for (int i = 0; i < KEYS; i++) {
                assertThat(bucket.get("key" + i).value()).isEqualTo("value" + i);
            }
        }
    }
}
