package dev.quorate.server.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.quorate.proto.admin.v1.GetNodeMetricsRequest;
import dev.quorate.proto.admin.v1.NodeServiceGrpc;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.MultiGetRequest;
import dev.quorate.proto.kv.v1.MultiGetResponse;
import dev.quorate.proto.kv.v1.PutRequest;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Calls of many operations by a client that does not take their outcomes: what it holds is bounded, and for how long. */
class MultiCallsTest {
    private static final int KEYS = 600;

    @Test
    void whatAClientDoesNotTakeIsBoundedInBytesAndInTime(@TempDir Path folder) throws Exception {
        String bounds = "limits: {operationBytes: 1MiB}\nreplication: {maxTimeout: 2s}\n";
        try (LocalNodes nodes = LocalNodes.start(folder, 1, bounds)) {
            KvServiceGrpc.KvServiceBlockingStub kv = nodes.kv(1);
            ByteString value = ByteString.copyFrom(new byte[7_000]);
            for (int i = 0; i < KEYS / 2; i++) {
                assertThat(kv.put(PutRequest.newBuilder()
                                        .setKey(key(i))
                                        .setValue(value)
                                        .build())
                                .hasReport())
                        .isTrue();
            }

            ClientCall<MultiGetRequest, MultiGetResponse> idle = begin(nodes);
            await().until(() -> held(nodes) > 1 << 20);
            assertThatThrownBy(() -> readOne(kv))
                    .isInstanceOf(StatusRuntimeException.class)
                    .hasMessageContaining("RESOURCE_EXHAUSTED");
            await().until(() -> held(nodes) == 0);
            readOne(kv);
            idle.cancel("done", null);

            ClientCall<MultiGetRequest, MultiGetResponse> cancelled = begin(nodes);
            await().until(() -> held(nodes) > 1 << 20);
            cancelled.cancel("no longer wanted", null);
            await().until(() -> held(nodes) == 0);
            assertThat(nodes.fatal).isEmpty();
        }
    }

    private static void readOne(KvServiceGrpc.KvServiceBlockingStub kv) {
        List<MultiGetResponse> taken = new java.util.ArrayList<>();
        kv.multiGet(MultiGetRequest.newBuilder().addKeys(key(0)).build()).forEachRemaining(taken::add);
        assertThat(taken).hasSize(1);
    }

    /** Asks, and takes nothing. */
    private static ClientCall<MultiGetRequest, MultiGetResponse> begin(LocalNodes nodes) {
        ClientCall<MultiGetRequest, MultiGetResponse> call = nodes.channel(
                        nodes.node(1).clientAddress())
                .newCall(KvServiceGrpc.getMultiGetMethod(), CallOptions.DEFAULT);
        call.start(new ClientCall.Listener<>() {}, new Metadata());
        call.sendMessage(MultiGetRequest.newBuilder()
                .addAllKeys(
                        IntStream.range(0, KEYS).mapToObj(MultiCallsTest::key).toList())
                .build());
        call.halfClose();
        return call;
    }

    private static double held(LocalNodes nodes) {
        return NodeServiceGrpc.newBlockingStub(nodes.admin(1))
                .getNodeMetrics(GetNodeMetricsRequest.getDefaultInstance())
                .getText()
                .lines()
                .filter(line -> line.startsWith("quorate_admission_multi_bytes "))
                .mapToDouble(line -> Double.parseDouble(line.substring(line.indexOf(' '))))
                .sum();
    }

    private static ByteString key(int number) {
        return ByteString.copyFromUtf8("%02000d".formatted(number));
    }
}
