package dev.quorate.server.grpc;

import com.google.protobuf.Timestamp;
import dev.quorate.core.NodeCore;
import dev.quorate.core.handoff.HintStatus;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Failure;
import dev.quorate.proto.admin.v1.HintBacklog;
import dev.quorate.proto.admin.v1.HintServiceGrpc;
import dev.quorate.proto.admin.v1.ListHintsRequest;
import dev.quorate.proto.admin.v1.ListHintsResponse;
import dev.quorate.proto.admin.v1.PurgeHintsRequest;
import dev.quorate.proto.admin.v1.PurgeHintsResponse;
import dev.quorate.proto.admin.v1.ReplayHintsRequest;
import dev.quorate.proto.admin.v1.ReplayHintsResponse;
import io.grpc.stub.StreamObserver;
import org.jspecify.annotations.Nullable;

/** What this node keeps for owners that are away. Runs on the event loop. */
public final class HintGrpcService extends HintServiceGrpc.HintServiceImplBase {
    private final NodeId self;
    private final NodeCore core;
    private final Defects defects;

    public HintGrpcService(NodeId self, NodeCore core, Defects defects) {
        this.self = self;
        this.core = core;
        this.defects = defects;
    }

    @Override
    public void listHints(ListHintsRequest request, StreamObserver<ListHintsResponse> observer) {
        ListHintsResponse.Builder response = ListHintsResponse.newBuilder().setNode(self.toString());
        for (HintStatus status : core.handoff().status()) {
            response.addBacklogs(HintBacklog.newBuilder()
                    .setOwner(status.owner().toString())
                    .setKeys(status.keys())
                    .setBytes(status.bytes())
                    .setSince(Timestamp.newBuilder()
                            .setSeconds(Math.floorDiv(status.sinceMillis(), 1000L))
                            .setNanos((int) Math.floorMod(status.sinceMillis(), 1000L) * 1_000_000))
                    .setReachable(status.reachable())
                    .setState(status.state()));
        }
        observer.onNext(response.build());
        observer.onCompleted();
    }

    @Override
    public void replayHints(ReplayHintsRequest request, StreamObserver<ReplayHintsResponse> observer) {
        NodeId owner = owner(request.getOwner());
        if (owner == null && !request.getOwner().isEmpty()) {
            observer.onError(StatusMapping.exception(notAnOwner(request.getOwner())));
            return;
        }
        core.handoff().replay(owner);
        observer.onNext(ReplayHintsResponse.getDefaultInstance());
        observer.onCompleted();
    }

    @Override
    public void purgeHints(PurgeHintsRequest request, StreamObserver<PurgeHintsResponse> observer) {
        NodeId owner = owner(request.getOwner());
        if (owner == null) {
            observer.onError(StatusMapping.exception(notAnOwner(request.getOwner())));
            return;
        }
        core.handoff().purge(owner).whenComplete((purged, thrown) -> {
            if (purged == null) {
                observer.onError(StatusMapping.exception(defects.report("purge hints", thrown)));
                return;
            }
            if (!purged.problem().isEmpty()) {
                observer.onError(StatusMapping.exception(Failure.of(Failure.Kind.OVERLOADED)
                        .with("node", self)
                        .with("purged", purged.dropped())
                        .with("cause", purged.problem())));
                return;
            }
            observer.onNext(
                    PurgeHintsResponse.newBuilder().setPurged(purged.dropped()).build());
            observer.onCompleted();
        });
    }

    private static @Nullable NodeId owner(String name) {
        try {
            return NodeId.parse(name);
        } catch (IllegalArgumentException noNode) {
            return null;
        }
    }

    private static Failure notAnOwner(String name) {
        return Failure.of(Failure.Kind.REQUEST_INVALID)
                .with("field", "owner")
                .with("cause", "'" + name + "' is not a node id such as n2");
    }
}
