package dev.quorate.server.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.quorate.proto.admin.v1.GetNodeStatusRequest;
import dev.quorate.proto.admin.v1.NodeServiceGrpc;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.PipelineRequest;
import dev.quorate.proto.kv.v1.PipelineResponse;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.proto.kv.v1.PutResponse;
import dev.quorate.server.lmdb.DirectoryInUseException;
import dev.quorate.server.system.IdentityException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.grpc.testing.StreamRecorder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
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
    void whatWasAcknowledgedWhileTheNodeStoppedIsThereAfterwards() throws Exception {
        try (LocalNodes nodes = LocalNodes.start(folder, 1, "")) {
            ConcurrentSkipListSet<Integer> acknowledged = new ConcurrentSkipListSet<>();
            CountDownLatch under = new CountDownLatch(500);
            KvServiceGrpc.KvServiceStub stub =
                    KvServiceGrpc.newStub(nodes.channel(nodes.node(1).clientAddress()));
            AtomicBoolean stop = new AtomicBoolean();
            ConcurrentSkipListSet<String> refusals = new ConcurrentSkipListSet<>();
            Thread writer = new Thread(() -> {
                Semaphore window = new Semaphore(64);
                for (int i = 0; !stop.get(); i++) {
                    int number = i;
                    window.acquireUninterruptibly();
                    stub.put(put("s" + number, "v"), new StreamObserver<>() {
                        @Override
                        public void onNext(PutResponse response) {
                            acknowledged.add(number);
                            under.countDown();
                        }

                        @Override
                        public void onError(Throwable thrown) {
                            refusals.add(Status.fromThrowable(thrown).getCode().name());
                            window.release();
                        }

                        @Override
                        public void onCompleted() {
                            window.release();
                        }
                    });
                }
            });
            writer.start();
            assertThat(under.await(60, TimeUnit.SECONDS)).isTrue();

            nodes.stop(1);
            stop.set(true);
            writer.join();
            nodes.startNode(1);

            assertThat(refusals).as("those that came too late").containsOnly("UNAVAILABLE");
            for (int number : acknowledged) {
                assertThat(nodes.kv(1)
                                .get(GetRequest.newBuilder()
                                        .setKey(utf8("s" + number))
                                        .build())
                                .getSiblingsCount())
                        .as("s%d was acknowledged", number)
                        .isEqualTo(1);
            }
            assertThat(nodes.fatal).isEmpty();
        }
    }

    @Test
    void moreThanTheNodeHoldsIsRefusedAndTheRestIsServed() throws Exception {
        try (LocalNodes nodes = LocalNodes.start(folder, 1, "limits: {operations: 8}\n")) {
            PipelineRequest.Builder batch = PipelineRequest.newBuilder();
            for (int id = 0; id < 500; id++) {
                batch.addOperations(
                        PipelineRequest.Operation.newBuilder().setId(id).setPut(put("k" + id, "v")));
            }
            StreamRecorder<PipelineResponse> recorder = StreamRecorder.create();
            StreamObserver<PipelineRequest> requests = KvServiceGrpc.newStub(
                            nodes.channel(nodes.node(1).clientAddress()))
                    .pipeline(recorder);
            requests.onNext(batch.build());
            requests.onCompleted();
            assertThat(recorder.awaitCompletion(60, TimeUnit.SECONDS)).isTrue();

            int served = 0;
            int refused = 0;
            for (PipelineResponse response : recorder.getValues()) {
                for (PipelineResponse.Outcome outcome : response.getOutcomesList()) {
                    if (outcome.hasPut()) {
                        served++;
                    } else {
                        assertThat(outcome.getError().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED.value());
                        assertThat(outcome.getError()
                                        .getDetails(0)
                                        .unpack(ErrorInfo.class)
                                        .getReason())
                                .isEqualTo("OVERLOADED");
                        assertThat(outcome.getError().getDetails(1).is(RetryInfo.class))
                                .isTrue();
                        refused++;
                    }
                }
            }
            assertThat(served + refused).isEqualTo(500);
            assertThat(served).isGreaterThanOrEqualTo(8);
            assertThat(refused).isPositive();
            nodes.kv(1).put(put("after", "v"));
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
