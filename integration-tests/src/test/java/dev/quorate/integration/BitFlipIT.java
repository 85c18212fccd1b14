package dev.quorate.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.quorate.proto.admin.v1.GetNodeStatusResponse;
import dev.quorate.proto.admin.v1.InspectKeyResponse;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.ReadOptions;
import dev.quorate.sdk.Bucket;
import dev.quorate.sdk.Codec;
import dev.quorate.sdk.QuorateClient;
import dev.quorate.sdk.WriteOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** A disk that lies: bits of stored records change while their node is down. */
@ExtendWith(NodeLogs.class)
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class BitFlipIT {
    private static final int KEYS = 60;
    private static final int DAMAGED = 12;
    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    @Test
    void aDamagedRecordIsNeverServedAndIsReplacedByWhatTheOthersHold() throws Exception {
        try (Cluster cluster = Cluster.start(folder, ClusterPlan.of(3, 61));
                QuorateClient client = cluster.client()) {
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            for (int i = 0; i < KEYS; i++) {
                bucket.put("key" + i, value(i), WriteOptions.DEFAULT.withW(3));
            }
            ClusterNode node = cluster.node(2);
            await("everything is in LMDB").atMost(SOON).until(() -> {
                GetNodeStatusResponse status = node.status();
                return status.getCheckpointLsn() == status.getAppendedLsn();
            });
            assertThat(node.stop()).isZero();
            Path file = node.folder().resolve("data/lmdb/data.mdb");
            byte[] content = Files.readAllBytes(file);
            for (int i = 0; i < DAMAGED; i++) {
                flipABitOfEachCopy(content, value(i), new Random(i));
            }
            Files.write(file, content);
            node.start();
            cluster.awaitReady();

            for (int i = 0; i < KEYS; i++) {
                InspectKeyResponse.Replica replica = replica(cluster, "key" + i);
                if (i < DAMAGED) {
                    assertThat(replica.getError())
                            .as("key%d at %s", i, node.id())
                            .isNotEmpty();
                    assertThat(replica.getSiblingsCount()).isZero();
                }
                assertThat(valuesAt(node, "key" + i)).as("key%d", i).containsExactly(value(i));
            }
            // Whoever meets a damaged record, here the reads, has the others' put in its place.
            Replicas.awaitEqual(
                    cluster.node(1),
                    IntStream.range(0, KEYS).mapToObj(i -> "key" + i).toList(),
                    SOON);
            assertThat(node.alive()).isTrue();
        }
    }

    private static String value(int i) {
        Random random = new Random(i);
        StringBuilder text = new StringBuilder("value of key" + i + " ");
        for (int letter = 0; letter < 80; letter++) {
            text.append((char) ('a' + random.nextInt(26)));
        }
        return text.toString();
    }

    /** LMDB copies pages when it changes them, so old copies may be about. */
    private static void flipABitOfEachCopy(byte[] content, String value, Random random) {
        byte[] wanted = value.getBytes(StandardCharsets.UTF_8);
        int found = 0;
        for (int at = 0; at + wanted.length <= content.length; at++) {
            if (content[at] == wanted[0]
                    && java.util.Arrays.equals(content, at, at + wanted.length, wanted, 0, wanted.length)) {
                content[at + random.nextInt(wanted.length)] ^= (byte) (1 << random.nextInt(8));
                found++;
            }
        }
        assertThat(found).as("copies of '%s'", value).isPositive();
    }

    private static InspectKeyResponse.Replica replica(Cluster cluster, String key) {
        return Replicas.inspect(cluster.node(1), key).getReplicasList().stream()
                .filter(each -> each.getNode().equals("n2"))
                .findFirst()
                .orElseThrow();
    }

    /** From one replica, asked at the damaged node. */
    private static List<String> valuesAt(ClusterNode node, String key) {
        return node.askClientPort(channel -> KvServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(5, TimeUnit.SECONDS)
                .get(GetRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8(key))
                        .setOptions(ReadOptions.newBuilder().setR(1))
                        .build())
                .getSiblingsList()
                .stream()
                .map(sibling -> sibling.getValue().toStringUtf8())
                .toList());
    }
}
