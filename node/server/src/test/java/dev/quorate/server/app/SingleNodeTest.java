package dev.quorate.server.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.GetClusterRequest;
import dev.quorate.proto.admin.v1.GetConfigRequest;
import dev.quorate.proto.admin.v1.GetNodeMetricsRequest;
import dev.quorate.proto.admin.v1.GetNodeStatusRequest;
import dev.quorate.proto.admin.v1.GetPlacementRequest;
import dev.quorate.proto.admin.v1.GetRingRequest;
import dev.quorate.proto.admin.v1.InspectKeyRequest;
import dev.quorate.proto.admin.v1.InspectServiceGrpc;
import dev.quorate.proto.admin.v1.NodeServiceGrpc;
import dev.quorate.proto.kv.v1.DeleteRequest;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.GetResponse;
import dev.quorate.proto.kv.v1.GetTopologyRequest;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.MultiGetRequest;
import dev.quorate.proto.kv.v1.MultiGetResponse;
import dev.quorate.proto.kv.v1.MultiWriteRequest;
import dev.quorate.proto.kv.v1.MultiWriteResponse;
import dev.quorate.proto.kv.v1.PipelineRequest;
import dev.quorate.proto.kv.v1.PipelineResponse;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.proto.kv.v1.PutResponse;
import dev.quorate.proto.kv.v1.ReadOptions;
import dev.quorate.proto.kv.v1.Sibling;
import dev.quorate.proto.kv.v1.Topology;
import dev.quorate.proto.kv.v1.TopologyServiceGrpc;
import dev.quorate.proto.kv.v1.WriteOptions;
import dev.quorate.server.config.Address;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.StatusProto;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import io.grpc.testing.StreamRecorder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** One node over real sockets and a real disk: what every generated client sees. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SingleNodeTest {
    private LocalNodes nodes;
    private KvServiceGrpc.KvServiceBlockingStub kv;

    @BeforeAll
    void start(@TempDir Path folder) throws Exception {
        String buckets = "buckets:\n"
                + "  - {name: side-by-side, id: 2, blindWrites: sibling}\n"
                + "  - {name: careful, id: 3, blindWrites: reject}\n";
        nodes = LocalNodes.start(folder, 1, buckets);
        kv = nodes.kv(1);
    }

    @AfterAll
    void stop() throws Exception {
        nodes.close();
        assertThat(nodes.fatal).isEmpty();
    }

    @Test
    void whatWasPutIsRead() {
        PutResponse put = kv.put(put("greeting", "hello").build());
        GetResponse got = kv.get(get("greeting"));

        assertThat(values(got)).containsExactly("hello");
        assertThat(got.getContext()).isNotEmpty();
        assertThat(put.getReport().getCoordinator()).isEqualTo("n1");
        assertThat(put.getReport().getAcknowledgements()).isEqualTo(1);
        assertThat(put.getReport().getNodesList()).containsExactly("n1");
        assertThat(got.getReport().getRequired()).isEqualTo(1);
    }

    @Test
    void aKeyThatWasNeverWrittenIsNotAnError() {
        GetResponse got = kv.get(get("never written"));

        assertThat(got.getSiblingsList()).isEmpty();
        assertThat(got.getContext()).isEmpty();
    }

    @Test
    void aDeletedKeyIsAbsentAndKeepsItsContext() {
        kv.put(put("doomed", "x").build());
        kv.delete(DeleteRequest.newBuilder()
                .setKey(utf8("doomed"))
                .setContext(kv.get(get("doomed")).getContext())
                .build());

        GetResponse got = kv.get(get("doomed"));

        assertThat(got.getSiblingsList()).isEmpty();
        assertThat(got.getContext()).isNotEmpty();
    }

    @Test
    void concurrentWritesBecomeSiblingsThatAContextResolves() {
        ByteString none = ByteString.EMPTY;
        kv.put(put("cart", "apples").setBucket("side-by-side").setContext(none).build());
        kv.put(put("cart", "pears").setBucket("side-by-side").setContext(none).build());

        GetResponse conflict =
                kv.get(get("cart").toBuilder().setBucket("side-by-side").build());
        assertThat(values(conflict)).containsExactlyInAnyOrder("apples", "pears");
        assertThat(conflict.getSiblingsList()).allSatisfy(sibling -> {
            assertThat(sibling.getVersionId()).startsWith("1.1.");
            assertThat(sibling.getUpdateTime().getSeconds()).isPositive();
        });

        kv.put(put("cart", "both")
                .setBucket("side-by-side")
                .setContext(conflict.getContext())
                .build());

        assertThat(values(
                        kv.get(get("cart").toBuilder().setBucket("side-by-side").build())))
                .containsExactly("both");
    }

    @Test
    void aContextOfAnotherKeyIsRefused() {
        kv.put(put("mine", "1").build());
        ByteString foreign = kv.get(get("mine")).getContext();

        StatusRuntimeException refused =
                refusal(() -> kv.put(put("yours", "2").setContext(foreign).build()));

        assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(reason(refused)).isEqualTo("CONTEXT_INVALID");
        assertThat(detail(refused, BadRequest.class).getFieldViolations(0).getField())
                .isEqualTo("context");
    }

    @Test
    void aForgedContextIsRefused() {
        StatusRuntimeException refused = refusal(() ->
                kv.put(put("forged", "2").setContext(utf8("not a context")).build()));

        assertThat(reason(refused)).isEqualTo("CONTEXT_INVALID");
    }

    @Test
    void limitsAreToldWithNumbers() {
        assertThat(reason(refusal(() -> kv.get(get(""))))).isEqualTo("KEY_EMPTY");
        assertThat(reason(refusal(() -> kv.get(get("k".repeat(2049)))))).isEqualTo("KEY_TOO_LARGE");
        StatusRuntimeException tooLarge =
                refusal(() -> kv.put(put("big", "v".repeat(10 * 1024)).build()));
        assertThat(reason(tooLarge)).isEqualTo("VALUE_TOO_LARGE");
        assertThat(tooLarge.getStatus().getDescription()).contains("10243", "10240");
        assertThat(detail(tooLarge, ErrorInfo.class).getMetadataMap()).containsEntry("limit", "10240");
        // The largest that fits.
        kv.put(put("fit", "v".repeat(10 * 1024 - 3)).build());
        kv.put(put("k".repeat(2048), "").build());
    }

    @Test
    void anUnknownBucketIsNamedWithTheKnownOnes() {
        StatusRuntimeException refused =
                refusal(() -> kv.get(get("x").toBuilder().setBucket("carts").build()));

        assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(reason(refused)).isEqualTo("BUCKET_NOT_FOUND");
        assertThat(refused.getStatus().getDescription()).contains("carts", "side-by-side");
    }

    @Test
    void aQuorumLargerThanTheReplicasIsRefused() {
        StatusRuntimeException refused = refusal(() -> kv.get(get("x").toBuilder()
                .setOptions(ReadOptions.newBuilder().setR(2))
                .build()));

        assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(reason(refused)).isEqualTo("QUORUM_INVALID");
    }

    @Test
    void aLevelOfALaterVersionIsRefused() {
        StatusRuntimeException refused = refusal(() -> kv.get(get("x").toBuilder()
                .setOptions(ReadOptions.newBuilder().setConsistencyValue(99))
                .build()));

        assertThat(reason(refused)).isEqualTo("REQUEST_INVALID");
        assertThat(refused.getStatus().getDescription()).contains("99");
    }

    @Test
    void ifAbsentRefusesAKeyThatHasAValue() {
        WriteOptions ifAbsent = WriteOptions.newBuilder().setIfAbsent(true).build();
        kv.put(put("once", "first").setOptions(ifAbsent).build());

        StatusRuntimeException refused =
                refusal(() -> kv.put(put("once", "second").setOptions(ifAbsent).build()));

        assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
        assertThat(reason(refused)).isEqualTo("PRECONDITION_FAILED");
        assertThat(values(kv.get(get("once")))).containsExactly("first");
    }

    @Test
    void aBucketMayDemandAContext() {
        StatusRuntimeException refused =
                refusal(() -> kv.put(put("x", "1").setBucket("careful").build()));

        assertThat(reason(refused)).isEqualTo("CONTEXT_REQUIRED");
    }

    @Test
    void aRetriedWriteIsAppliedOnce() {
        WriteOptions options = WriteOptions.newBuilder()
                .setRequestId(utf8("request 1"))
                .setReturnSiblings(true)
                .build();
        PutRequest request = put("retried", "v")
                .setBucket("side-by-side")
                .setOptions(options)
                .build();
        kv.put(request);

        PutResponse again = kv.put(request.toBuilder()
                .setOptions(options.toBuilder().setAttempt(2))
                .build());

        assertThat(again.getSiblingsList()).hasSize(1);
    }

    @Test
    void tooManySiblingsAreRefusedUntilTheyAreMerged() {
        StatusRuntimeException refused = refusal(() -> {
            for (int i = 0; i < 40; i++) {
                kv.put(put("explosion", "v" + i).setBucket("side-by-side").build());
            }
        });

        assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.ABORTED);
        assertThat(reason(refused)).isEqualTo("TOO_MANY_SIBLINGS");
        ByteString all = kv.get(
                        get("explosion").toBuilder().setBucket("side-by-side").build())
                .getContext();
        kv.put(put("explosion", "merged")
                .setBucket("side-by-side")
                .setContext(all)
                .build());
    }

    @Test
    void aCallThatIsLateOnArrivalIsNotBegun() {
        StatusRuntimeException late = refusal(() -> kv.withDeadlineAfter(1, TimeUnit.MILLISECONDS)
                .put(put("late", "x").build()));

        assertThat(late.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    }

    @Test
    void manyKeysAreReadWithOneOutcomeEach() {
        kv.put(put("many/0", "a").build());
        List<ByteString> keys = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            keys.add(utf8("many/" + i));
        }
        keys.add(ByteString.EMPTY);

        SortedMap<Integer, MultiGetResponse> outcomes = new TreeMap<>();
        kv.multiGet(MultiGetRequest.newBuilder().addAllKeys(keys).build())
                .forEachRemaining(outcome -> outcomes.put(outcome.getIndex(), outcome));

        assertThat(outcomes).hasSize(301);
        assertThat(values(outcomes.get(0).getResponse())).containsExactly("a");
        assertThat(outcomes.get(1).getResponse().getSiblingsList()).isEmpty();
        assertThat(reason(outcomes.get(300).getError())).isEqualTo("KEY_EMPTY");
    }

    @Test
    void tooManyKeysAreRefused() {
        MultiGetRequest.Builder request = MultiGetRequest.newBuilder();
        for (int i = 0; i <= 1000; i++) {
            request.addKeys(utf8("k" + i));
        }

        StatusRuntimeException refused =
                refusal(() -> kv.multiGet(request.build()).forEachRemaining(outcome -> {}));

        assertThat(reason(refused)).isEqualTo("REQUEST_INVALID");
    }

    @Test
    void manyWritesSucceedOrFailAlone() {
        MultiWriteRequest request = MultiWriteRequest.newBuilder()
                .addWrites(MultiWriteRequest.Write.newBuilder().setPut(put("w/0", "a")))
                .addWrites(MultiWriteRequest.Write.newBuilder().setPut(put("", "b")))
                .addWrites(MultiWriteRequest.Write.newBuilder()
                        .setDelete(DeleteRequest.newBuilder().setKey(utf8("w/2"))))
                .addWrites(MultiWriteRequest.Write.newBuilder())
                .build();

        SortedMap<Integer, MultiWriteResponse> outcomes = new TreeMap<>();
        Iterator<MultiWriteResponse> stream = kv.multiWrite(request);
        stream.forEachRemaining(outcome -> outcomes.put(outcome.getIndex(), outcome));

        assertThat(outcomes.get(0).hasPut()).isTrue();
        assertThat(reason(outcomes.get(1).getError())).isEqualTo("KEY_EMPTY");
        assertThat(outcomes.get(2).hasDelete()).isTrue();
        assertThat(reason(outcomes.get(3).getError())).isEqualTo("REQUEST_INVALID");
    }

    @Test
    void aPipelineGreetsAndAnswersEveryOperationById() throws Exception {
        Pipeline pipeline = new Pipeline();
        int operations = 20_000;
        for (int first = 0; first < operations; first += 500) {
            PipelineRequest.Builder batch = PipelineRequest.newBuilder();
            for (int id = first; id < first + 500; id++) {
                PipelineRequest.Operation.Builder operation =
                        PipelineRequest.Operation.newBuilder().setId(id);
                if (id % 2 == 0) {
                    operation.setPut(put("p/" + id, "v" + id));
                } else {
                    operation.setGet(get("p/" + (id - 3)));
                }
                batch.addOperations(operation);
            }
            pipeline.requests.onNext(batch.build());
        }
        pipeline.requests.onNext(PipelineRequest.newBuilder()
                .addOperations(PipelineRequest.Operation.newBuilder().setId(operations))
                .build());
        pipeline.requests.onCompleted();

        SortedMap<Long, PipelineResponse.Outcome> outcomes = new TreeMap<>();
        PipelineResponse greeting = pipeline.next();
        assertThat(greeting.getGreeting().getNode()).isEqualTo("n1");
        assertThat(greeting.getGreeting().getBoot()).isNotZero();
        int messages = 0;
        while (outcomes.size() < operations + 1) {
            messages++;
            for (PipelineResponse.Outcome outcome : pipeline.next().getOutcomesList()) {
                assertThat(outcomes.put(outcome.getId(), outcome)).isNull();
            }
        }

        assertThat(pipeline.completed()).isTrue();
        assertThat(outcomes.get(0L).hasPut()).isTrue();
        assertThat(outcomes.get(1L).hasGet()).isTrue();
        assertThat(reason(outcomes.get((long) operations).getError())).isEqualTo("REQUEST_INVALID");
        assertThat(messages).as("outcomes travel in batches").isLessThan(operations / 4);
    }

    @Test
    void theTopologyTellsWhereKeysLive() {
        Topology topology = TopologyServiceGrpc.newBlockingStub(
                        nodes.channel(nodes.node(1).clientAddress()))
                .getTopology(GetTopologyRequest.getDefaultInstance())
                .getTopology();

        assertThat(topology.getLog2Slots()).isEqualTo(6);
        assertThat(topology.getOwnersList()).hasSize(64).containsOnly(0);
        assertThat(topology.getNodes(0).getClientAddress())
                .isEqualTo(nodes.node(1).clientAddress().toString());
        assertThat(topology.getBucketsList())
                .extracting(Topology.Bucket::getName)
                .containsExactly("careful", "default", "side-by-side");
        assertThat(topology.getHashSeed().size()).isEqualTo(16);
        assertThat(TopologyServiceGrpc.newBlockingStub(
                                nodes.channel(nodes.node(1).clientAddress()))
                        .getTopology(GetTopologyRequest.newBuilder()
                                .setKnownEpoch(topology.getEpoch())
                                .build())
                        .hasTopology())
                .isFalse();
    }

    @Test
    void operatorsSeeTheNodeTheRingAndTheKey() {
        var admin = nodes.channel(nodes.node(1).adminAddress());
        kv.put(put("inspected", "secret value").build());

        var status = NodeServiceGrpc.newBlockingStub(admin).getNodeStatus(GetNodeStatusRequest.getDefaultInstance());
        assertThat(status.getState()).isEqualTo("READY");
        assertThat(status.getBoot() >>> 32).as("start number").isEqualTo(1);
        assertThat(status.getSyncedLsn()).isPositive();
        assertThat(status.getDurability()).isEqualTo("sync");

        var cluster = ClusterServiceGrpc.newBlockingStub(admin).getCluster(GetClusterRequest.getDefaultInstance());
        assertThat(cluster.getMembers(0).getReachable()).isTrue();
        assertThat(cluster.getMembers(0).getSlots()).isEqualTo(64);
        assertThat(ClusterServiceGrpc.newBlockingStub(admin)
                        .getRing(GetRingRequest.getDefaultInstance())
                        .getRowsList())
                .hasSize(64);

        var inspect = InspectServiceGrpc.newBlockingStub(admin);
        var placement = inspect.getPlacement(
                GetPlacementRequest.newBuilder().setKey(utf8("inspected")).build());
        assertThat(placement.getOwnersList()).containsExactly("n1");
        var replicas = inspect.inspectKey(
                InspectKeyRequest.newBuilder().setKey(utf8("inspected")).build());
        assertThat(replicas.getSlot()).isEqualTo(placement.getSlot());
        assertThat(replicas.getReplicas(0).getPresent()).isTrue();
        assertThat(replicas.getReplicas(0).getContextList()).isNotEmpty();
        assertThat(replicas.getReplicas(0).getSiblings(0).getValue().toStringUtf8())
                .isEqualTo("secret value");

        String metrics = NodeServiceGrpc.newBlockingStub(admin)
                .getNodeMetrics(GetNodeMetricsRequest.getDefaultInstance())
                .getText();
        assertThat(metrics)
                .contains("quorate_client_write_nanos_bucket", "quorate_operations_in_flight", "jvm_memory_used_bytes");
        assertThat(NodeServiceGrpc.newBlockingStub(admin)
                        .getConfig(GetConfigRequest.getDefaultInstance())
                        .getYaml())
                .contains("clusterKey: \"***\"")
                .contains("replicas: 3");
    }

    @Test
    void healthTellsAliveAndReady() {
        var health = HealthGrpc.newBlockingStub(nodes.channel(nodes.node(1).clientAddress()));

        assertThat(health.check(HealthCheckRequest.getDefaultInstance()).getStatus())
                .isEqualTo(ServingStatus.SERVING);
        assertThat(health.check(HealthCheckRequest.newBuilder()
                                .setService("quorate.kv.v1.KvService")
                                .build())
                        .getStatus())
                .isEqualTo(ServingStatus.SERVING);
    }

    @Test
    void onlyTheAdminPortTellsHowTheNodeIsBuilt() {
        ServerReflectionRequest list =
                ServerReflectionRequest.newBuilder().setListServices("").build();

        List<String> services = new ArrayList<>();
        for (Object event : reflection(nodes.node(1).adminAddress(), list)) {
            assertThat(event).isInstanceOf(ServerReflectionResponse.class);
            ((ServerReflectionResponse) event)
                    .getListServicesResponse()
                    .getServiceList()
                    .forEach(service -> services.add(service.getName()));
        }
        assertThat(services)
                .contains(
                        "quorate.admin.v1.ClusterService",
                        "quorate.admin.v1.NodeService",
                        "grpc.channelz.v1.Channelz",
                        "grpc.health.v1.Health");
        for (Address closed :
                List.of(nodes.node(1).clientAddress(), nodes.node(1).peerAddress())) {
            assertThat(reflection(closed, list))
                    .singleElement()
                    .satisfies(event -> assertThat(
                                    Status.fromThrowable((Throwable) event).getCode())
                            .isEqualTo(Status.Code.UNIMPLEMENTED));
        }
    }

    /** What a reflection stream of one request gives, the error last if there is one. */
    private List<Object> reflection(Address address, ServerReflectionRequest request) {
        StreamRecorder<ServerReflectionResponse> recorder = StreamRecorder.create();
        StreamObserver<ServerReflectionRequest> requests =
                ServerReflectionGrpc.newStub(nodes.channel(address)).serverReflectionInfo(recorder);
        requests.onNext(request);
        requests.onCompleted();
        try {
            assertThat(recorder.awaitCompletion(20, TimeUnit.SECONDS)).isTrue();
        } catch (Exception interrupted) {
            throw new AssertionError(interrupted);
        }
        List<Object> events = new ArrayList<>(recorder.getValues());
        if (recorder.getError() != null) {
            events.add(recorder.getError());
        }
        return events;
    }

    /** A raw stream, as a client of any language has it. */
    private final class Pipeline implements StreamObserver<PipelineResponse> {
        private final LinkedBlockingQueue<Object> events = new LinkedBlockingQueue<>();
        final StreamObserver<PipelineRequest> requests = KvServiceGrpc.newStub(
                        nodes.channel(nodes.node(1).clientAddress()))
                .pipeline(this);

        PipelineResponse next() throws InterruptedException {
            Object event = events.poll(20, TimeUnit.SECONDS);
            assertThat(event).isInstanceOf(PipelineResponse.class);
            return (PipelineResponse) event;
        }

        boolean completed() throws InterruptedException {
            return "completed".equals(events.poll(20, TimeUnit.SECONDS));
        }

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
    }

    private static ByteString utf8(String text) {
        return ByteString.copyFromUtf8(text);
    }

    private static PutRequest.Builder put(String key, String value) {
        return PutRequest.newBuilder().setKey(utf8(key)).setValue(utf8(value));
    }

    private static GetRequest get(String key) {
        return GetRequest.newBuilder().setKey(utf8(key)).build();
    }

    private static List<String> values(GetResponse response) {
        return response.getSiblingsList().stream()
                .map(Sibling::getValue)
                .map(ByteString::toStringUtf8)
                .toList();
    }

    private static StatusRuntimeException refusal(Runnable call) {
        return catchThrowableOfType(StatusRuntimeException.class, call::run);
    }

    private static String reason(StatusRuntimeException thrown) {
        return reason(StatusProto.fromThrowable(thrown));
    }

    private static String reason(com.google.rpc.Status status) {
        ErrorInfo info = detail(status, ErrorInfo.class);
        assertThat(info.getDomain()).isEqualTo("quorate.dev");
        return info.getReason();
    }

    private static <T extends com.google.protobuf.Message> T detail(StatusRuntimeException thrown, Class<T> type) {
        return detail(StatusProto.fromThrowable(thrown), type);
    }

    private static <T extends com.google.protobuf.Message> T detail(com.google.rpc.Status status, Class<T> type) {
        for (Any detail : status.getDetailsList()) {
            if (detail.is(type)) {
                try {
                    return detail.unpack(type);
                } catch (com.google.protobuf.InvalidProtocolBufferException unreadable) {
                    throw new AssertionError(unreadable);
                }
            }
        }
        throw new AssertionError("no " + type.getSimpleName() + " in " + status);
    }
}
