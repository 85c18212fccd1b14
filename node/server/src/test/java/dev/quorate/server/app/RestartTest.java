package dev.quorate.server.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import dev.quorate.proto.admin.v1.GetNodeStatusRequest;
import dev.quorate.proto.admin.v1.NodeServiceGrpc;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.PipelineRequest;
import dev.quorate.proto.kv.v1.PipelineResponse;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.server.lmdb.DirectoryInUseException;
import dev.quorate.server.system.IdentityException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node's way out and back in. */
class RestartTest {
    private static final String CLUSTER = "6c3f8a52-0000-4000-8000-00000000c0de";
    private static final String SEED = "000102030405060708090a0b0c0d0e0f";

    @TempDir
    Path folder;

    @Test
    void whatWasWrittenIsThereUnderANewBoot() throws Exception {
        try (LocalNodes nodes = LocalNodes.start(folder, 1, "")) {
            long firstBoot = boot(nodes);
            nodes.kv(1).put(put("k", "v"));
            nodes.stop(1);
            nodes.startNode(1);

            assertThat(nodes.kv(1)
                            .get(GetRequest.newBuilder().setKey(utf8("k")).build())
                            .getSiblings(0)
                            .getValue())
                    .isEqualTo(utf8("v"));
            assertThat(boot(nodes) >>> 32).isEqualTo((firstBoot >>> 32) + 1);
            assertThat(nodes.fatal).isEmpty();
        }
    }

    @Test
    void aStoppingNodeEndsItsStreamsInWords() throws Exception {
        try (LocalNodes nodes = LocalNodes.start(folder, 1, "")) {
            LinkedBlockingQueue<Object> events = new LinkedBlockingQueue<>();
            StreamObserver<PipelineRequest> requests = KvServiceGrpc.newStub(
                            nodes.channel(nodes.node(1).clientAddress()))
                    .pipeline(new StreamObserver<>() {
                        @Override
                        public void onNext(PipelineResponse response) {
                            events.add(response);
                        }

                        @Override
                        public void onError(Throwable thrown) {
                            events.add(thrown);
                        }

                        @Override
                        public void onCompleted() {
                            events.add("completed");
                        }
                    });
            requests.onNext(PipelineRequest.getDefaultInstance());
            assertThat(events.poll(20, TimeUnit.SECONDS)).isInstanceOf(PipelineResponse.class);

            nodes.stop(1);

            Object ending = events.poll(20, TimeUnit.SECONDS);
            assertThat(ending).isInstanceOf(StatusRuntimeException.class);
            assertThat(((StatusRuntimeException) ending).getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
            assertThat(((StatusRuntimeException) ending).getStatus().getDescription())
                    .contains("shutting down");
        }
    }

    @Test
    void aDirectoryInUseIsRefused() throws Exception {
        try (LocalNodes nodes = LocalNodes.start(folder, 1, "")) {
            String sameDirectory = nodes.yaml(1, CLUSTER, SEED);

            assertThatThrownBy(() -> nodes.startWith(1, sameDirectory)).isInstanceOf(DirectoryInUseException.class);
        }
    }

    @Test
    void anAddressInUseIsRefusedWithItsSetting() throws Exception {
        try (LocalNodes nodes = LocalNodes.start(folder, 1, "")) {
            String elsewhere = nodes.yaml(1, CLUSTER, SEED).replace("dir: data", "dir: elsewhere");

            IOException refused = catchThrowableOfType(IOException.class, () -> nodes.startWith(1, elsewhere));

            assertThat(refused).hasMessageContaining("listen.").hasMessageContaining("already in use");
        }
    }

    @Test
    void dataOfAnotherClusterIsRefused() throws Exception {
        try (LocalNodes nodes = LocalNodes.start(folder, 1, "")) {
            nodes.stop(1);
            String other = nodes.yaml(1, "00000000-0000-4000-8000-000000000000", SEED);

            assertThatThrownBy(() -> nodes.startWith(1, other))
                    .isInstanceOf(IdentityException.class)
                    .hasMessageContaining(CLUSTER);
        }
    }

    private static long boot(LocalNodes nodes) {
        return NodeServiceGrpc.newBlockingStub(nodes.admin(1))
                .getNodeStatus(GetNodeStatusRequest.getDefaultInstance())
                .getBoot();
    }

    private static PutRequest put(String key, String value) {
        return PutRequest.newBuilder().setKey(utf8(key)).setValue(utf8(value)).build();
    }

    private static ByteString utf8(String text) {
        return ByteString.copyFromUtf8(text);
    }
}
