package dev.quorate.server.grpc;

import dev.quorate.core.NodeCore;
import dev.quorate.core.antientropy.RepairStatus;
import dev.quorate.core.model.NodeId;
import dev.quorate.proto.admin.v1.GetRepairStatusRequest;
import dev.quorate.proto.admin.v1.GetRepairStatusResponse;
import dev.quorate.proto.admin.v1.RepairServiceGrpc;
import dev.quorate.proto.admin.v1.StartRepairRequest;
import dev.quorate.proto.admin.v1.StartRepairResponse;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import org.jspecify.annotations.Nullable;

/** Anti-entropy for operators. */
public final class RepairGrpcService extends RepairServiceGrpc.RepairServiceImplBase {
    private final NodeId self;
    private final NodeCore core;

    public RepairGrpcService(NodeId self, NodeCore core) {
        this.self = self;
        this.core = core;
    }

    @Override
    public void startRepair(StartRepairRequest request, StreamObserver<StartRepairResponse> observer) {
        @Nullable NodeId peer;
        try {
            peer = request.getPeer().isEmpty() ? null : NodeId.parse(request.getPeer());
        } catch (IllegalArgumentException malformed) {
            observer.onError(Status.INVALID_ARGUMENT
                    .withDescription(malformed.getMessage())
                    .asRuntimeException());
            return;
        }
        int peers = core.repair(peer);
        if (peer != null && peers == 0) {
            observer.onError(Status.INVALID_ARGUMENT
                    .withDescription(peer + " shares no slots with " + self)
                    .asRuntimeException());
            return;
        }
        observer.onNext(StartRepairResponse.newBuilder()
                .setNode(self.toString())
                .setPeers(peers)
                .build());
        observer.onCompleted();
    }

    @Override
    public void getRepairStatus(GetRepairStatusRequest request, StreamObserver<GetRepairStatusResponse> observer) {
        RepairStatus status = core.repairStatus();
        GetRepairStatusResponse.Builder response = GetRepairStatusResponse.newBuilder()
                .setNode(self.toString())
                .setRecoveringSlots(status.recoveringSlots())
                .setSuspectLeaves(status.suspectLeaves())
                .setScrubbedLeaves(status.scrubbedLeaves())
                .setDamagedRecords(status.damagedRecords());
        for (RepairStatus.Peer peer : status.peers()) {
            response.addPeers(GetRepairStatusResponse.Peer.newBuilder()
                    .setNode(peer.node().toString())
                    .setState(peer.state().name())
                    .setSharedSlots(peer.sharedSlots())
                    .setRecoveringSlots(peer.recoveringSlots())
                    .setLastCompleteMillisAgo(peer.lastCompleteMillisAgo())
                    .setSlotsDone(peer.slotsDone())
                    .setSlotsInExchange(peer.slotsInExchange())
                    .setKeysLeft(peer.keysLeft())
                    .setMillisLeft(peer.millisLeft())
                    .setComparedKeys(peer.comparedKeys())
                    .setPulledKeys(peer.pulled())
                    .setPushedKeys(peer.pushed())
                    .setCompletedExchanges(peer.completedExchanges())
                    .setProblem(peer.problem()));
        }
        observer.onNext(response.build());
        observer.onCompleted();
    }
}
