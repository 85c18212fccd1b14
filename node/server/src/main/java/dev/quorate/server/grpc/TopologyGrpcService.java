package dev.quorate.server.grpc;

import dev.quorate.core.NodeCore;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.proto.kv.v1.GetTopologyRequest;
import dev.quorate.proto.kv.v1.GetTopologyResponse;
import dev.quorate.proto.kv.v1.Topology;
import dev.quorate.proto.kv.v1.TopologyServiceGrpc;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;

/** What a client needs to send a key straight to an owner. */
public final class TopologyGrpcService extends TopologyServiceGrpc.TopologyServiceImplBase {
    private final ClusterIdentity identity;
    private final Bytes hashSeed;
    private final Supplier<MemberDirectory> members;
    private final List<Bucket> buckets;
    private final NodeCore core;

    public TopologyGrpcService(
            ClusterIdentity identity,
            Bytes hashSeed,
            Supplier<MemberDirectory> members,
            List<Bucket> buckets,
            NodeCore core) {
        this.identity = identity;
        this.hashSeed = hashSeed;
        this.members = members;
        this.buckets = List.copyOf(buckets);
        this.core = core;
    }

    @Override
    public void getTopology(GetTopologyRequest request, StreamObserver<GetTopologyResponse> observer) {
        GetTopologyResponse.Builder response = GetTopologyResponse.newBuilder();
        if (request.getKnownEpoch() != identity.epoch()) {
            response.setTopology(topology());
        }
        observer.onNext(response.build());
        observer.onCompleted();
    }

    private Topology topology() {
        SlotTable table = identity.ring().table();
        List<MemberDirectory.Entry> active = members.get().active();
        Topology.Builder topology = Topology.newBuilder()
                .setClusterId(identity.clusterId())
                .setEpoch(identity.epoch())
                .setLog2Slots(table.log2Slots())
                .setHashSeed(ProtoBytes.wrap(hashSeed))
                .setRowWidth(table.width());
        for (MemberDirectory.Entry member : active) {
            topology.addNodes(Topology.Node.newBuilder()
                    .setId(member.id().toString())
                    .setClientAddress(member.client())
                    .setAdminAddress(member.admin())
                    .setDatacenter(member.placement().datacenter())
                    .setRack(member.placement().rack())
                    .setHost(member.placement().host())
                    .setReachable(member.id().equals(identity.self()) || core.reachable(member.id()))
                    .setWeight(member.placement().weight()));
        }
        SortedMap<NodeId, Integer> positions = new TreeMap<>();
        active.forEach(member -> positions.put(member.id(), positions.size()));
        for (int slot = 0; slot < table.slots(); slot++) {
            for (NodeId owner : table.owners(slot)) {
                topology.addOwners(Objects.requireNonNull(positions.get(owner), "owners take part"));
            }
        }
        for (Bucket bucket : buckets) {
            topology.addBuckets(Topology.Bucket.newBuilder()
                    .setName(bucket.name())
                    .setId(bucket.id())
                    .setN(bucket.n())
                    .setR(bucket.r())
                    .setW(bucket.w()));
        }
        return topology.build();
    }
}
