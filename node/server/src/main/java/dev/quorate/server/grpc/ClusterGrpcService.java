package dev.quorate.server.grpc;

import dev.quorate.core.NodeCore;
import dev.quorate.core.membership.MemberView;
import dev.quorate.core.membership.Verdict;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Heartbeat;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.GetClusterRequest;
import dev.quorate.proto.admin.v1.GetClusterResponse;
import dev.quorate.proto.admin.v1.GetRingRequest;
import dev.quorate.proto.admin.v1.GetRingResponse;
import dev.quorate.proto.admin.v1.Member;
import dev.quorate.proto.admin.v1.MemberVerdict;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/** The cluster as this node sees it. */
public final class ClusterGrpcService extends ClusterServiceGrpc.ClusterServiceImplBase {
    private final ClusterIdentity identity;
    private final Supplier<MemberDirectory> members;
    private final NodeCore core;

    public ClusterGrpcService(ClusterIdentity identity, Supplier<MemberDirectory> members, NodeCore core) {
        this.identity = identity;
        this.members = members;
        this.core = core;
    }

    @Override
    public void getCluster(GetClusterRequest request, StreamObserver<GetClusterResponse> observer) {
        SlotTable table = identity.table();
        GetClusterResponse.Builder response = GetClusterResponse.newBuilder()
                .setClusterId(identity.clusterId())
                .setEpoch(table.epoch())
                .setNode(identity.self().toString())
                .setSlots(table.slots())
                .setReplicas(table.width());
        SortedMap<NodeId, MemberView> views = new TreeMap<>();
        core.members().forEach(view -> views.put(view.node(), view));
        for (MemberDirectory.Entry member : members.get().entries()) {
            NodeId id = member.id();
            boolean self = id.equals(identity.self());
            boolean reachable = self || core.reachable(id);
            Member.Builder message = Member.newBuilder()
                    .setId(id.toString())
                    .setClientAddress(member.client())
                    .setPeerAddress(member.peer())
                    .setAdminAddress(member.admin())
                    .setDatacenter(member.placement().datacenter())
                    .setRack(member.placement().rack())
                    .setHost(member.placement().host())
                    .setWeight(member.placement().weight())
                    .setReachable(reachable)
                    .setUnreachableBecause(reachable ? "" : core.unreachableBecause(id))
                    .setSlots(table.slotsOf(id))
                    .setLedSlots(table.ledBy(id));
            MemberView view = views.get(id);
            if (view != null) {
                describe(view, message);
            }
            response.addMembers(message);
        }
        observer.onNext(response.build());
        observer.onCompleted();
    }

    private static void describe(MemberView view, Member.Builder message) {
        message.setVerdict(verdict(view.verdict()))
                .setStartNo((int) Heartbeat.startNo(view.heartbeat()))
                .setHeartbeat(Heartbeat.version(view.heartbeat()))
                .setLoad(view.load());
        Duration age = view.age();
        if (age != null) {
            message.setHeartbeatAge(com.google.protobuf.Duration.newBuilder()
                    .setSeconds(age.getSeconds())
                    .setNanos(age.getNano()));
        }
        view.accusers().forEach(accuser -> message.addAccusers(accuser.toString()));
    }

    private static MemberVerdict verdict(Verdict verdict) {
        return switch (verdict) {
            case ALIVE -> MemberVerdict.MEMBER_VERDICT_ALIVE;
            case LOCAL_UNREACHABLE -> MemberVerdict.MEMBER_VERDICT_LOCAL_UNREACHABLE;
            case DOWN -> MemberVerdict.MEMBER_VERDICT_DOWN;
            case SHUTDOWN -> MemberVerdict.MEMBER_VERDICT_SHUTDOWN;
        };
    }

    @Override
    public void getRing(GetRingRequest request, StreamObserver<GetRingResponse> observer) {
        SlotTable table = identity.table();
        GetRingResponse.Builder response = GetRingResponse.newBuilder().setEpoch(table.epoch());
        for (int slot = 0; slot < table.slots(); slot++) {
            GetRingResponse.Row.Builder row = GetRingResponse.Row.newBuilder().setSlot(slot);
            table.owners(slot).forEach(owner -> row.addOwners(owner.toString()));
            response.addRows(row);
        }
        observer.onNext(response.build());
        observer.onCompleted();
    }
}
