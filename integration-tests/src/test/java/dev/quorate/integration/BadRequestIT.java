package dev.quorate.integration;

import static dev.quorate.integration.Complaints.assertComplains;
import static dev.quorate.integration.Complaints.complaint;
import static dev.quorate.integration.Complaints.reason;
import static dev.quorate.integration.Complaints.wireReason;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.google.protobuf.ByteString;
import dev.quorate.proto.kv.v1.DeleteRequest;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.proto.kv.v1.ReadOptions;
import dev.quorate.proto.kv.v1.WriteOptions;
import dev.quorate.sdk.Bucket;
import dev.quorate.sdk.Context;
import dev.quorate.sdk.QuorateClient;
import dev.quorate.sdk.QuorateException;
import dev.quorate.sdk.QuorateException.Reason;
import dev.quorate.sdk.Versioned;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that cannot be served, and addresses that are not what they should be. Each gets its reason; nothing else breaks. */
@ExtendWith(NodeLogs.class)
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class BadRequestIT {
    private static final int LONGEST_KEY = 2048;
    private static final int LARGEST_RECORD = 10 * 1024;

    @TempDir
    private static Path folder;

    private static Cluster cluster;
    private static Cluster other;
    private static QuorateClient client;
    private static Bucket<byte[]> bucket;

    @BeforeAll
    static void start() throws IOException {
        cluster = Cluster.start(
                folder.resolve("one"), ClusterPlan.of(3, 21).withSettings("buckets:\n  - {name: carts, id: 7}\n"));
        other = Cluster.start(folder.resolve("other"), ClusterPlan.of(1, 22));
        client = cluster.client();
        bucket = client.bucket("default");
    }

    @AfterAll
    static void stop() {
        if (client != null) {
            client.close();
        }
        for (Cluster one : new Cluster[] {cluster, other}) {
            if (one != null) {
                one.close();
            }
        }
    }

    @AfterEach
    void everythingStillWorks() {
        bucket.put("still", bytes("works"));
        assertThat(bucket.get("still").value()).asString().isEqualTo("works");
        for (ClusterNode node : cluster.nodes()) {
            assertThat(node.logText()).as("log of %s", node.id()).doesNotContain("ERROR", "\tat ");
        }
    }

    @Test
    void emptyKeysAreRefused() throws Exception {
        assertThat(reason(() -> bucket.get(""))).isEqualTo(Reason.KEY_EMPTY);
        assertThat(reason(() -> bucket.put("", bytes("v")))).isEqualTo(Reason.KEY_EMPTY);
        assertThat(reason(() -> bucket.delete(""))).isEqualTo(Reason.KEY_EMPTY);
        onTheWire(
                kv -> {
                    var unused = kv.delete(DeleteRequest.getDefaultInstance());
                },
                "KEY_EMPTY");
        assertComplains(kvctl("get", ""), 2, "key is empty");
    }

    @Test
    void keysHaveALimit() throws Exception {
        byte[] longest = new byte[LONGEST_KEY];
        bucket.put(longest, bytes("v"));
        assertThat(bucket.get(longest).value()).asString().isEqualTo("v");

        assertThat(reason(() -> bucket.put(new byte[LONGEST_KEY + 1], bytes("v"))))
                .isEqualTo(Reason.KEY_TOO_LARGE);
        assertThat(reason(() -> bucket.get(new byte[LONGEST_KEY + 1]))).isEqualTo(Reason.KEY_TOO_LARGE);
        assertComplains(kvctl("put", "k".repeat(LONGEST_KEY + 1), "v"), 2, "2049 bytes", "2048", "[KEY_TOO_LARGE]");
    }

    @Test
    void valuesMayBeEmptyAndHaveALimit() throws Exception {
        bucket.put("empty", new byte[0]);
        assertThat(bucket.get("empty").isPresent()).isTrue();
        assertThat(bucket.get("empty").value()).isEmpty();

        bucket.put("big", new byte[LARGEST_RECORD - 3]);
        assertThat(bucket.get("big").value()).hasSize(LARGEST_RECORD - 3);
        QuorateException tooLarge = complaint(() -> bucket.put("big", new byte[LARGEST_RECORD - 2]));
        assertThat(tooLarge.reason()).isEqualTo(Reason.VALUE_TOO_LARGE);
        assertThat(tooLarge.outcomeUnknown()).isFalse();
        assertThat(bucket.get("big").value()).as("the old value").hasSize(LARGEST_RECORD - 3);
        assertComplains(
                kvctl("put", "big", "x".repeat(LARGEST_RECORD)),
                2,
                "more than the limit of 10240",
                "[VALUE_TOO_LARGE]");
    }

    /** Larger than what gRPC itself takes: other requests share the connection, and must not suffer. */
    @Test
    void aGiganticValueHurtsNobodyElse() {
        byte[] gigantic = new byte[6 << 20];
        assertThat(reason(() -> bucket.put("gigantic", gigantic))).isEqualTo(Reason.VALUE_TOO_LARGE);
        assertThat(reason(() -> bucket.put(gigantic, bytes("v")))).isEqualTo(Reason.KEY_TOO_LARGE);
        assertThat(reason(() -> bucket.get(gigantic))).isEqualTo(Reason.KEY_TOO_LARGE);
        assertThat(reason(() -> bucket.put("gigantic", with(Context.of(gigantic)))))
                .isEqualTo(Reason.CONTEXT_INVALID);
        assertThat(client.counters().connectionsLost()).as("connections lost").isZero();
        Throwable refused = catchThrowable(() -> cluster.node(1)
                .askClientPort(channel -> KvServiceGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(10, TimeUnit.SECONDS)
                        .put(PutRequest.newBuilder()
                                .setKey(key("gigantic"))
                                .setValue(ByteString.copyFrom(gigantic))
                                .build())));
        assertThat(Status.fromThrowable(refused).getCode())
                .as("gRPC's own refusal of a raw call")
                .isIn(Status.Code.RESOURCE_EXHAUSTED, Status.Code.CANCELLED);
        assertThat(bucket.get("gigantic").isPresent()).isFalse();
    }

    @Test
    void aContextIsGoodForItsOwnKeyBucketAndClusterOnly() throws Exception {
        Context context = bucket.put("mine", bytes("v")).context();
        Bucket<byte[]> carts = client.bucket("carts");
        carts.put("mine", bytes("cart"));
        byte[] flipped = context.toBytes();
        flipped[flipped.length / 2] ^= 1;
        byte[] cut = java.util.Arrays.copyOf(context.toBytes(), context.toBytes().length - 1);

        assertThat(reason(() -> bucket.put("yours", with(context))))
                .as("another key")
                .isEqualTo(Reason.CONTEXT_INVALID);
        assertThat(reason(() -> carts.put("mine", with(context))))
                .as("another bucket")
                .isEqualTo(Reason.CONTEXT_INVALID);
        for (byte[] bad : new byte[][] {flipped, cut, bytes("garbage"), new byte[9_000]}) {
            assertThat(reason(() -> bucket.put("mine", with(Context.of(bad)))))
                    .as("%d bytes", bad.length)
                    .isEqualTo(Reason.CONTEXT_INVALID);
        }
        try (QuorateClient elsewhere = other.client()) {
            assertThat(reason(() -> elsewhere.bucket("default").put("mine", with(context))))
                    .as("another cluster")
                    .isEqualTo(Reason.CONTEXT_INVALID);
        }
        onTheWire(
                kv -> {
                    var unused = kv.delete(DeleteRequest.newBuilder()
                            .setKey(key("yours"))
                            .setContext(ByteString.copyFrom(context.toBytes()))
                            .build());
                },
                "CONTEXT_INVALID");
        assertComplains(kvctl("put", "yours", "v", "--context", context.toString()), 2, "[CONTEXT_INVALID]");
        assertThat(bucket.get("mine").value()).asString().isEqualTo("v");
        assertThat(carts.get("mine").value()).asString().isEqualTo("cart");
        assertThat(bucket.get("yours").isPresent()).isFalse();
    }

    @Test
    void unknownBucketsAreNamedWithThoseThatExist() throws Exception {
        QuorateException unknown = complaint(() -> client.bucket("nowhere").get("k"));
        assertThat(unknown.reason()).isEqualTo(Reason.BUCKET_NOT_FOUND);
        assertThat(unknown).hasMessageContaining("nowhere").hasMessageContaining("carts");
        assertThat(reason(() -> client.bucket("nowhere").put("k", bytes("v")))).isEqualTo(Reason.BUCKET_NOT_FOUND);
        assertComplains(kvctl("get", "k", "--bucket", "nowhere"), 4, "nowhere", "[BUCKET_NOT_FOUND]");
    }

    @Test
    void quorumsAboveTheReplicasAreRefused() throws Exception {
        var reading = dev.quorate.sdk.ReadOptions.DEFAULT;
        var writing = dev.quorate.sdk.WriteOptions.DEFAULT;
        assertThat(reason(() -> bucket.get("k", reading.withR(4)))).isEqualTo(Reason.QUORUM_INVALID);
        assertThat(reason(() -> bucket.get("k", reading.withR(0)))).isEqualTo(Reason.QUORUM_INVALID);
        assertThat(reason(() -> bucket.get("k", reading.withR(2).withPr(3)))).isEqualTo(Reason.QUORUM_INVALID);
        assertThat(reason(() -> bucket.put("k", bytes("v"), writing.withW(4)))).isEqualTo(Reason.QUORUM_INVALID);
        onTheWire(
                kv -> {
                    var unused = kv.get(GetRequest.newBuilder()
                            .setKey(key("k"))
                            .setOptions(ReadOptions.newBuilder().setR(Integer.MAX_VALUE))
                            .build());
                },
                "QUORUM_INVALID");
        onTheWire(
                kv -> {
                    var unused = kv.put(PutRequest.newBuilder()
                            .setKey(key("k"))
                            .setOptions(WriteOptions.newBuilder().setW(-1))
                            .build());
                },
                "QUORUM_INVALID");
        assertComplains(kvctl("get", "k", "--r", "4"), 2, "[QUORUM_INVALID]");
        assertThat(bucket.get("k").isPresent()).isFalse();
    }

    @Test
    void addressesWhereNothingListensAreNamedAtOnce() throws Exception {
        String nowhere = "127.0.0.1:" + FreePorts.next();
        long began = System.nanoTime();
        try (QuorateClient lost = QuorateClient.builder().seeds(nowhere).build()) {
            QuorateException failure = complaint(() -> lost.bucket("default").get("k"));
            assertThat(failure.reason()).isEqualTo(Reason.CONNECT_FAILED);
            assertThat(failure).hasMessageContaining(nowhere).hasMessageContaining("connection refused");
        }
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(10));
        assertComplains(Programs.kvctl("-e", nowhere, "get", "k"), 3, nowhere, "connection refused");
        try (QuorateClient half = QuorateClient.builder()
                .seeds(nowhere + "," + cluster.node(1).clientAddress())
                .build()) {
            half.bucket("default").put("half", bytes("of the seeds is enough"));
        }
    }

    @Test
    void aSilentServerDoesNotHoldTheCallerUpForEver() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            String address = "127.0.0.1:" + silent.getLocalPort();
            try (QuorateClient lost = QuorateClient.builder().seeds(address).build()) {
                assertThat(complaint(() -> lost.bucket("default").get("k"))).hasMessageContaining(address);
            }
            assertThat(Programs.kvctl("-e", address, "--timeout", "1s", "get", "k")
                            .exitCode())
                    .isIn(3, 8);
        }
    }

    @Test
    void aServerOfAnotherKindIsToldFromANode() throws Exception {
        try (ServerSocket web = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            Thread serving = new Thread(() -> answerHttp(web), "web");
            serving.setDaemon(true);
            serving.start();
            String address = "127.0.0.1:" + web.getLocalPort();
            try (QuorateClient lost = QuorateClient.builder().seeds(address).build()) {
                assertThat(complaint(() -> lost.bucket("default").get("k"))).hasMessageContaining(address);
            }
            assertComplains(Programs.kvctl("-e", address, "get", "k"), 3, address, "HTTP/1");
        }
    }

    private static void answerHttp(ServerSocket web) {
        while (!web.isClosed()) {
            try (Socket connection = web.accept();
                    OutputStream out = connection.getOutputStream()) {
                connection.getInputStream().readNBytes(1);
                out.write(bytes("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"));
                out.flush();
                connection.getInputStream().readAllBytes(); // else the rest of the request would make it a reset
            } catch (IOException gone) {
                if (web.isClosed()) {
                    return; // the test is over; otherwise it was only a client that went
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"peer", "admin"})
    void otherPortsOfANodeAreCalledByTheirName(String port) throws Exception {
        ClusterNode node = cluster.node(1);
        String address = port.equals("peer") ? "127.0.0.1:" + node.peerPort() : node.adminAddress();
        try (QuorateClient lost = QuorateClient.builder().seeds(address).build()) {
            QuorateException failure = complaint(() -> lost.bucket("default").get("k"));
            assertThat(failure).hasMessageContaining(address).hasMessageContaining("not a client port");
        }
        assertComplains(Programs.kvctl("-e", address, "get", "k"), 1, address, "check the port");
    }

    @Test
    void aClientKeepsToOneCluster() {
        ClusterNode stranger = other.node(1);
        try (QuorateClient strict = QuorateClient.builder()
                .seeds(stranger.clientAddress())
                .clusterId(cluster.plan().clusterId())
                .build()) {
            QuorateException failure = complaint(() -> strict.bucket("default").get("k"));
            assertThat(failure.reason()).isEqualTo(Reason.CLUSTER_MISMATCH);
            assertThat(failure).hasMessageContaining(other.plan().clusterId());
        }
        // Seeds of two clusters by mistake: the first one that answers is meant, and every request goes to it alone.
        try (QuorateClient mixed = QuorateClient.builder()
                .seeds(stranger.clientAddress() + "," + cluster.seeds())
                .build()) {
            Bucket<byte[]> either = mixed.bucket("default");
            either.put("mixed", bytes("v"));
            for (int i = 0; i < 20; i++) {
                assertThat(either.get("mixed").isPresent()).as("read %d", i).isTrue();
            }
        }
    }

    private static void onTheWire(Consumer<KvServiceGrpc.KvServiceBlockingStub> call, String reason) throws Exception {
        ManagedChannel channel = NettyChannelBuilder.forTarget(
                        "dns:///" + cluster.node(1).clientAddress())
                .usePlaintext()
                .build();
        try {
            assertThat(wireReason(() -> call.accept(
                            KvServiceGrpc.newBlockingStub(channel).withDeadlineAfter(10, TimeUnit.SECONDS))))
                    .isEqualTo(reason);
        } finally {
            channel.shutdownNow();
        }
    }

    private static Programs.Ended kvctl(String... arguments) throws Exception {
        String[] all = new String[arguments.length + 2];
        all[0] = "-e";
        all[1] = cluster.seeds();
        System.arraycopy(arguments, 0, all, 2, arguments.length);
        return Programs.kvctl(all);
    }

    private static Versioned<byte[]> with(Context context) {
        return Versioned.of(bytes("intruder"), context);
    }

    private static ByteString key(String text) {
        return ByteString.copyFromUtf8(text);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
