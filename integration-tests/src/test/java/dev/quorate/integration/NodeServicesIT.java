package dev.quorate.integration;

import static dev.quorate.integration.Complaints.wireReason;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.quorate.proto.admin.v1.GetNodeMetricsRequest;
import dev.quorate.proto.admin.v1.NodeServiceGrpc;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.proto.kv.v1.ReadOptions;
import io.grpc.Channel;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What a node offers besides keys and values to programs that know gRPC and nothing of Quorate. */
@ExtendWith(NodeLogs.class)
@Timeout(value = 2, unit = TimeUnit.MINUTES)
final class NodeServicesIT {
    @TempDir
    private static Path folder;

    private static Cluster cluster;

    @BeforeAll
    static void start() throws IOException {
        cluster = Cluster.start(
                folder, ClusterPlan.of(3, 61).withSettings("replication: {timeout: 700ms, maxTimeout: 5s}\n"));
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void healthIsServedOnTheClientPort() {
        for (String service : List.of("", KvServiceGrpc.SERVICE_NAME)) {
            ServingStatus status = cluster.node(1)
                    .askClientPort(channel -> HealthGrpc.newBlockingStub(channel)
                            .withDeadlineAfter(10, TimeUnit.SECONDS)
                            .check(HealthCheckRequest.newBuilder()
                                    .setService(service)
                                    .build())
                            .getStatus());
            assertThat(status).as("health of '%s'", service).isEqualTo(ServingStatus.SERVING);
        }
    }

    @Test
    void reflectionIsServedOnTheAdminPortOnly() throws Exception {
        List<String> services = cluster.node(1)
                .askAdmin(channel ->
                        services(channel).orTimeout(10, TimeUnit.SECONDS).join());
        assertThat(services)
                .contains(
                        "quorate.admin.v1.ClusterService",
                        "quorate.admin.v1.InspectService",
                        "quorate.admin.v1.NodeService");

        CompletableFuture<List<String>> refused = cluster.node(1).askClientPort(channel -> {
            CompletableFuture<List<String>> answer = services(channel).orTimeout(10, TimeUnit.SECONDS);
            return answer.handle((names, failure) -> failure == null ? names : List.<String>of());
        });
        assertThat(refused.get(15, TimeUnit.SECONDS))
                .as("services listed on the client port")
                .isEmpty();
    }

    private static CompletableFuture<List<String>> services(Channel channel) {
        CompletableFuture<List<String>> listed = new CompletableFuture<>();
        StreamObserver<ServerReflectionRequest> ask = ServerReflectionGrpc.newStub(channel)
                .serverReflectionInfo(new StreamObserver<>() {
                    @Override
                    public void onNext(ServerReflectionResponse response) {
                        listed.complete(response.getListServicesResponse().getServiceList().stream()
                                .map(service -> service.getName())
                                .toList());
                    }

                    @Override
                    public void onError(Throwable failure) {
                        listed.completeExceptionally(failure);
                    }

                    @Override
                    public void onCompleted() {
                        listed.completeExceptionally(new IOException("no answer"));
                    }
                });
        ask.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
        return listed;
    }

    @Test
    void metricsAreServedInPrometheusText() {
        cluster.node(1)
                .askClientPort(channel -> KvServiceGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(10, TimeUnit.SECONDS)
                        .put(PutRequest.newBuilder()
                                .setKey(ByteString.copyFromUtf8("counted"))
                                .build()));
        String text = cluster.node(1)
                .askAdmin(channel -> NodeServiceGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(10, TimeUnit.SECONDS)
                        .getNodeMetrics(GetNodeMetricsRequest.getDefaultInstance())
                        .getText());
        assertThat(text.lines().filter(line -> line.startsWith("# TYPE ")).count())
                .as("metrics")
                .isGreaterThan(10);
        assertThat(text).contains("peers_reachable", "storage_synced_lsn");
        assertThat(text.lines().filter(line -> !line.startsWith("#") && !line.isBlank()))
                .allMatch(line -> line.matches("[a-zA-Z_:][a-zA-Z0-9_:]*(\\{.*})? \\S+( \\d+)?"));
    }

    /** Nobody may wait for ever: neither a caller who forgot a deadline, nor the node. */
    @Test
    void aCallWithoutADeadlineGetsTheNodesOwn() throws Exception {
        ClusterNode paused = cluster.node(2);
        paused.pause();
        try {
            long began = System.nanoTime();
            String reason = wireReason(() -> cluster.node(1)
                    .askClientPort(channel -> KvServiceGrpc.newBlockingStub(channel)
                            .get(GetRequest.newBuilder()
                                    .setKey(ByteString.copyFromUtf8("k"))
                                    .setOptions(ReadOptions.newBuilder().setR(3))
                                    .build())));
            assertThat(reason).isIn("DEADLINE", "QUORUM_NOT_MET", "NOT_ENOUGH_REPLICAS_ALIVE");
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(20));
        } finally {
            paused.resume();
            cluster.awaitReady();
        }
    }
}
