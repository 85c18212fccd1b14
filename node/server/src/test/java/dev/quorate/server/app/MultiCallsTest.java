package dev.quorate.server.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.quorate.proto.admin.v1.GetNodeMetricsRequest;
import dev.quorate.proto.admin.v1.NodeServiceGrpc;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.MultiGetRequest;
import dev.quorate.proto.kv.v1.MultiGetResponse;
import dev.quorate.proto.kv.v1.PipelineRequest;
import dev.quorate.proto.kv.v1.PipelineResponse;
import dev.quorate.proto.kv.v1.PutRequest;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many operations at once by a client that does not take their outcomes: what it holds is bounded. */
class MultiCallsTest {
    private static final int KEYS = 600;
    private static final String BOUNDS = "limits: {operationBytes: 1MiB}\nreplication: {maxTimeout: 2s}\n";
    private static final String CALLS = "quorate_admission_multi_bytes";
    private static final String OPERATIONS = "quorate_admission_bytes";

    private @Nullable ManagedChannel narrow;

    @Test
    void whatAClientDoesNotTakeIsBoundedInBytesAndInTime(@TempDir Path folder) throws Exception {
        try (LocalNodes nodes = LocalNodes.start(folder, 1, BOUNDS)) {
            KvServiceGrpc.KvServiceBlockingStub kv = nodes.kv(1);
            ByteString value = ByteString.copyFrom(new byte[7_000]);
            for (int i = 0; i < KEYS / 2; i++) {
                PutRequest put =
                        PutRequest.newBuilder().setKey(key(i)).setValue(value).build();
                // Where the disk is slow, the log asks for patience now and then.
                await().pollDelay(Duration.ZERO)
                        .ignoreException(StatusRuntimeException.class)
                        .until(() -> kv.put(put).hasReport());
            }

            ClientCall<MultiGetRequest, MultiGetResponse> idle = begin(nodes);
            await().until(() -> metric(nodes, CALLS) > 1 << 20);
            assertThatThrownBy(() -> readOne(kv))
                    .isInstanceOf(StatusRuntimeException.class)
                    .hasMessageContaining("RESOURCE_EXHAUSTED");
            await().until(() -> metric(nodes, CALLS) == 0);
            readOne(kv);
            idle.cancel("done", null);

            ClientCall<MultiGetRequest, MultiGetResponse> cancelled = begin(nodes);
            await().until(() -> metric(nodes, CALLS) > 1 << 20);
            cancelled.cancel("no longer wanted", null);
            await().until(() -> metric(nodes, CALLS) == 0);
            assertThat(nodes.fatal).isEmpty();
        }
    }

    @Test
    void outcomesThatAStreamDoesNotTakeCountLikeOperations(@TempDir Path folder) throws Exception {
        try (LocalNodes nodes = LocalNodes.start(folder, 1, BOUNDS)) {
            KvServiceGrpc.KvServiceBlockingStub kv = nodes.kv(1);
            ByteString name = ByteString.copyFromUtf8("k");
            GetRequest get = GetRequest.newBuilder().setKey(name).build();
            assertThat(kv.put(PutRequest.newBuilder()
                                    .setKey(name)
                                    .setValue(ByteString.copyFrom(new byte[7_000]))
                                    .build())
                            .hasReport())
                    .isTrue();
            ClientCall<PipelineRequest, PipelineResponse> stream =
                    narrow(nodes).newCall(KvServiceGrpc.getPipelineMethod(), CallOptions.DEFAULT);
            stream.start(new ClientCall.Listener<>() {}, new Metadata());
            PipelineRequest.Builder batch = PipelineRequest.newBuilder();
            for (int id = 0; id < KEYS; id++) {
                batch.addOperations(
                        PipelineRequest.Operation.newBuilder().setId(id).setGet(get));
            }
            // What the connection itself takes in, and then what nobody takes: how many of a batch are refused because
            // the others fill
            // the bound for a moment is up to the scheduler.
            await().until(() -> {
                stream.sendMessage(batch.build());
                return metric(nodes, OPERATIONS) >= 1 << 20;
            });
            assertThatThrownBy(() -> kv.get(get))
                    .isInstanceOf(StatusRuntimeException.class)
                    .hasMessageContaining("RESOURCE_EXHAUSTED");
            stream.cancel("no longer wanted", null);
            await().until(() -> metric(nodes, OPERATIONS) == 0);
            assertThat(kv.get(get).getSiblingsCount()).isEqualTo(1);
            assertThat(nodes.fatal).isEmpty();
        }
    }

    private static void readOne(KvServiceGrpc.KvServiceBlockingStub kv) {
        List<MultiGetResponse> taken = new java.util.ArrayList<>();
        kv.multiGet(MultiGetRequest.newBuilder().addKeys(key(0)).build()).forEachRemaining(taken::add);
        assertThat(taken).hasSize(1);
    }

    /** Asks, and takes nothing. */
    private ClientCall<MultiGetRequest, MultiGetResponse> begin(LocalNodes nodes) {
        ClientCall<MultiGetRequest, MultiGetResponse> call =
                narrow(nodes).newCall(KvServiceGrpc.getMultiGetMethod(), CallOptions.DEFAULT);
        call.start(new ClientCall.Listener<>() {}, new Metadata());
        call.sendMessage(MultiGetRequest.newBuilder()
                .addAllKeys(
                        IntStream.range(0, KEYS).mapToObj(MultiCallsTest::key).toList())
                .build());
        call.halfClose();
        return call;
    }

    /** A channel that takes 64 KiB unasked and no more. */
    private ManagedChannel narrow(LocalNodes nodes) {
        if (narrow == null) {
            narrow = NettyChannelBuilder.forAddress(
                            nodes.node(1).clientAddress().resolve())
                    .usePlaintext()
                    .flowControlWindow(64 << 10)
                    .build();
        }
        return narrow;
    }

    @AfterEach
    void close() {
        if (narrow != null) {
            narrow.shutdownNow();
        }
    }

    private static double metric(LocalNodes nodes, String name) {
        return NodeServiceGrpc.newBlockingStub(nodes.admin(1))
                .getNodeMetrics(GetNodeMetricsRequest.getDefaultInstance())
                .getText()
                .lines()
                .filter(line -> line.startsWith(name + " "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' '))))
                .sum();
    }

    private static ByteString key(int number) {
        return ByteString.copyFromUtf8("%02000d".formatted(number));
    }
}
