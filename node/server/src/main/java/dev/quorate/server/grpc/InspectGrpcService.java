package dev.quorate.server.grpc;

import dev.quorate.core.NodeCore;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.Inspection;
import dev.quorate.core.replication.Placement;
import dev.quorate.core.version.Sibling;
import dev.quorate.core.version.VersionedObject;
import dev.quorate.proto.admin.v1.GetPlacementRequest;
import dev.quorate.proto.admin.v1.GetPlacementResponse;
import dev.quorate.proto.admin.v1.InspectKeyRequest;
import dev.quorate.proto.admin.v1.InspectKeyResponse;
import dev.quorate.proto.admin.v1.InspectServiceGrpc;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.List;

/** Answers why somebody sees the value they see. */
public final class InspectGrpcService extends InspectServiceGrpc.InspectServiceImplBase {
    private final NodeCore core;
    private final Defects defects;

    public InspectGrpcService(NodeCore core, Defects defects) {
        this.core = core;
        this.defects = defects;
    }

    @Override
    public void getPlacement(GetPlacementRequest request, StreamObserver<GetPlacementResponse> observer) {
        core.placement(KvCodec.bucketName(request.getBucket()), ProtoBytes.copyOf(request.getKey()))
                .match(
                        placement -> {
                            observer.onNext(placement(placement));
                            observer.onCompleted();
                            return true;
                        },
                        failure -> fail(observer, StatusMapping.exception(failure)));
    }

    @Override
    public void inspectKey(InspectKeyRequest request, StreamObserver<InspectKeyResponse> observer) {
        String bucket = KvCodec.bucketName(request.getBucket());
        var placed = core.placement(bucket, ProtoBytes.copyOf(request.getKey()));
        int slot = placed.match(Placement::slot, failure -> -1);
        var unused = core.inspect(bucket, ProtoBytes.copyOf(request.getKey()), null)
                .whenComplete((result, thrown) -> {
                    if (result == null) {
                        fail(observer, StatusMapping.exception(defects.report("inspect", thrown)));
                        return;
                    }
                    result.match(
                            inspections -> {
                                observer.onNext(response(slot, inspections));
                                observer.onCompleted();
                                return true;
                            },
                            failure -> fail(observer, StatusMapping.exception(failure)));
                });
    }

    private static boolean fail(StreamObserver<?> observer, StatusRuntimeException status) {
        observer.onError(status);
        return false;
    }

    private static GetPlacementResponse placement(Placement placement) {
        return GetPlacementResponse.newBuilder()
                .setHash(ProtoBytes.wrap(placement.hash().toBytes()))
                .setSlot(placement.slot())
                .addAllOwners(placement.owners().stream().map(NodeId::toString).toList())
                .addAllFallbacks(
                        placement.fallbacks().stream().map(NodeId::toString).toList())
                .build();
    }

    private static InspectKeyResponse response(int slot, List<Inspection> inspections) {
        InspectKeyResponse.Builder response = InspectKeyResponse.newBuilder().setSlot(slot);
        for (Inspection inspection : inspections) {
            InspectKeyResponse.Replica.Builder replica = InspectKeyResponse.Replica.newBuilder()
                    .setNode(inspection.node().toString())
                    .setError(inspection.error().orElse(""))
                    .setBehind(inspection.behind())
                    .setOwner(inspection.owner())
                    .addAllHintedFor(inspection.hintedFor().stream()
                            .map(NodeId::toString)
                            .toList());
            VersionedObject object = inspection.object();
            if (object != null) {
                replica.setPresent(true).addAllContext(object.context().describe());
                for (Sibling sibling : object.siblings()) {
                    replica.addSiblings(KvCodec.sibling(sibling));
                }
            }
            response.addReplicas(replica);
        }
        return response.build();
    }
}
