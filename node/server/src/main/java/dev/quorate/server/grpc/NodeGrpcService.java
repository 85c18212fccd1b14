package dev.quorate.server.grpc;

import com.google.protobuf.Duration;
import dev.quorate.core.NodeCore;
import dev.quorate.core.NodeState;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.runtime.Clock;
import dev.quorate.proto.admin.v1.GetConfigRequest;
import dev.quorate.proto.admin.v1.GetConfigResponse;
import dev.quorate.proto.admin.v1.GetNodeMetricsRequest;
import dev.quorate.proto.admin.v1.GetNodeMetricsResponse;
import dev.quorate.proto.admin.v1.GetNodeStatusRequest;
import dev.quorate.proto.admin.v1.GetNodeStatusResponse;
import dev.quorate.proto.admin.v1.NodeServiceGrpc;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** This node, for operators. */
public final class NodeGrpcService extends NodeServiceGrpc.NodeServiceImplBase {
    /** What the storage looks like at this moment. */
    public record StorageStatus(
            long appendedLsn,
            long syncedLsn,
            long checkpointLsn,
            long memoryTableBytes,
            long dataFileBytes,
            long diskFreeBytes,
            String durability) {}

    private final String node;
    private final String version;
    private final NodeCore core;
    private final Clock clock;
    private final long startedNanos;
    private final Supplier<StorageStatus> storage;
    private final Supplier<CompletionStage<String>> metricsText;
    private final String configYaml;

    /**
     * @param metricsText called on the loop, completes there
     * @param configYaml the effective settings, without secrets
     */
    public NodeGrpcService(
            String node,
            String version,
            NodeCore core,
            Clock clock,
            Supplier<StorageStatus> storage,
            Supplier<CompletionStage<String>> metricsText,
            String configYaml) {
        this.node = node;
        this.version = version;
        this.core = core;
        this.clock = clock;
        this.startedNanos = clock.nanos();
        this.storage = storage;
        this.metricsText = metricsText;
        this.configYaml = configYaml;
    }

    @Override
    public void getNodeStatus(GetNodeStatusRequest request, StreamObserver<GetNodeStatusResponse> observer) {
        StorageStatus stored = storage.get();
        long upNanos = clock.nanos() - startedNanos;
        observer.onNext(GetNodeStatusResponse.newBuilder()
                .setNode(node)
                .setState(state())
                .setBoot(core.boot())
                .setUptime(Duration.newBuilder()
                        .setSeconds(upNanos / 1_000_000_000)
                        .setNanos((int) (upNanos % 1_000_000_000)))
                .setVersion(version)
                .setAppendedLsn(stored.appendedLsn())
                .setSyncedLsn(stored.syncedLsn())
                .setCheckpointLsn(stored.checkpointLsn())
                .setMemoryTableBytes(stored.memoryTableBytes())
                .setDataFileBytes(stored.dataFileBytes())
                .setDiskFreeBytes(stored.diskFreeBytes())
                .setDurability(stored.durability())
                .setPid(ProcessHandle.current().pid())
                .build());
        observer.onCompleted();
    }

    @Override
    public void getNodeMetrics(GetNodeMetricsRequest request, StreamObserver<GetNodeMetricsResponse> observer) {
        var unused = metricsText.get().whenComplete((text, thrown) -> {
            if (text == null) {
                observer.onError(StatusMapping.exception(Failure.of(Failure.Kind.OVERLOADED)
                        .with("node", node)
                        .with("cause", "the metrics could not be made: " + thrown)));
                return;
            }
            observer.onNext(GetNodeMetricsResponse.newBuilder().setText(text).build());
            observer.onCompleted();
        });
    }

    @Override
    public void getConfig(GetConfigRequest request, StreamObserver<GetConfigResponse> observer) {
        observer.onNext(GetConfigResponse.newBuilder().setYaml(configYaml).build());
        observer.onCompleted();
    }

    /** RECOVERING is no state of the whole node: it serves, but answers no reads of some slots. */
    private String state() {
        boolean recovering =
                core.state() == NodeState.READY && core.repairStatus().recoveringSlots() > 0;
        return recovering ? "RECOVERING" : core.state().name();
    }
}
