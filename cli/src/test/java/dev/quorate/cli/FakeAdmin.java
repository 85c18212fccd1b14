package dev.quorate.cli;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.GetClusterRequest;
import dev.quorate.proto.admin.v1.GetClusterResponse;
import dev.quorate.proto.admin.v1.GetNodeStatusRequest;
import dev.quorate.proto.admin.v1.GetNodeStatusResponse;
import dev.quorate.proto.admin.v1.GetPlacementRequest;
import dev.quorate.proto.admin.v1.GetPlacementResponse;
import dev.quorate.proto.admin.v1.GetRepairStatusRequest;
import dev.quorate.proto.admin.v1.GetRepairStatusResponse;
import dev.quorate.proto.admin.v1.GetRingRequest;
import dev.quorate.proto.admin.v1.GetRingResponse;
import dev.quorate.proto.admin.v1.HintBacklog;
import dev.quorate.proto.admin.v1.HintServiceGrpc;
import dev.quorate.proto.admin.v1.InspectKeyRequest;
import dev.quorate.proto.admin.v1.InspectKeyResponse;
import dev.quorate.proto.admin.v1.InspectServiceGrpc;
import dev.quorate.proto.admin.v1.ListHintsRequest;
import dev.quorate.proto.admin.v1.ListHintsResponse;
import dev.quorate.proto.admin.v1.Member;
import dev.quorate.proto.admin.v1.MemberVerdict;
import dev.quorate.proto.admin.v1.NodeServiceGrpc;
import dev.quorate.proto.admin.v1.PurgeHintsRequest;
import dev.quorate.proto.admin.v1.PurgeHintsResponse;
import dev.quorate.proto.admin.v1.RepairServiceGrpc;
import dev.quorate.proto.admin.v1.ReplayHintsRequest;
import dev.quorate.proto.admin.v1.ReplayHintsResponse;
import dev.quorate.proto.admin.v1.StartRepairRequest;
import dev.quorate.proto.admin.v1.StartRepairResponse;
import dev.quorate.proto.kv.v1.GetTopologyRequest;
import dev.quorate.proto.kv.v1.GetTopologyResponse;
import dev.quorate.proto.kv.v1.Topology;
import dev.quorate.proto.kv.v1.TopologyServiceGrpc;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** One node of a cluster of two on a real socket, client and administration services on one port; the other is dead. */
final class FakeAdmin implements AutoCloseable {
    private static final String NOBODY = "127.0.0.1:1";
    private final Server server;

    FakeAdmin() {
        try {
            server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                    .addService(new TopologyOfTwo())
                    .addService(new ClusterOfTwo())
                    .addService(new FirstNode())
                    .addService(new Inspections())
                    .addService(new Hints())
                    .addService(new Repairs())
                    .build()
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String endpoint() {
        return "127.0.0.1:" + server.getPort();
    }

    @Override
    public void close() {
        server.shutdownNow();
    }

    private static <T> void reply(StreamObserver<T> answer, T response) {
        answer.onNext(response);
        answer.onCompleted();
    }

    private final class TopologyOfTwo extends TopologyServiceGrpc.TopologyServiceImplBase {
        @Override
        public void getTopology(GetTopologyRequest request, StreamObserver<GetTopologyResponse> answer) {
            reply(
                    answer,
                    GetTopologyResponse.newBuilder()
                            .setTopology(Topology.newBuilder()
                                    .addNodes(Topology.Node.newBuilder()
                                            .setId("n1")
                                            .setAdminAddress(NOBODY))
                                    .addNodes(Topology.Node.newBuilder()
                                            .setId("n2")
                                            .setAdminAddress(endpoint())
                                            .setReachable(true)))
                            .build());
        }
    }

    /** Keeps three records for n1 until it is told to forget them. */
    private static final class Hints extends HintServiceGrpc.HintServiceImplBase {
        private long keys = 3;

        @Override
        public void listHints(ListHintsRequest request, StreamObserver<ListHintsResponse> answer) {
            ListHintsResponse.Builder response = ListHintsResponse.newBuilder().setNode("n2");
            if (keys > 0) {
                response.addBacklogs(HintBacklog.newBuilder()
                        .setOwner("n1")
                        .setKeys(keys)
                        .setBytes(195)
                        .setSince(Timestamp.newBuilder().setSeconds(1_700_000_000))
                        .setState("waits for the owner"));
            }
            reply(answer, response.build());
        }

        @Override
        public void replayHints(ReplayHintsRequest request, StreamObserver<ReplayHintsResponse> answer) {
            reply(answer, ReplayHintsResponse.getDefaultInstance());
        }

        @Override
        public void purgeHints(PurgeHintsRequest request, StreamObserver<PurgeHintsResponse> answer) {
            long purged = request.getOwner().equals("n1") ? keys : 0;
            keys -= purged;
            reply(answer, PurgeHintsResponse.newBuilder().setPurged(purged).build());
        }
    }

    private final class ClusterOfTwo extends ClusterServiceGrpc.ClusterServiceImplBase {
        @Override
        public void getCluster(GetClusterRequest request, StreamObserver<GetClusterResponse> answer) {
            reply(
                    answer,
                    GetClusterResponse.newBuilder()
                            .setClusterId("c0ffee")
                            .setEpoch(1)
                            .setNode("n2")
                            .setSlots(4)
                            .setReplicas(2)
                            .addMembers(Member.newBuilder()
                                    .setId("n1")
                                    .setClientAddress("h1:7400")
                                    .setPeerAddress("h1:7401")
                                    .setAdminAddress(NOBODY)
                                    .setDatacenter("dc1")
                                    .setRack("r1")
                                    .setHost("h1")
                                    .setWeight(1)
                                    .setUnreachableBecause("connection refused")
                                    .setSlots(4)
                                    .setLedSlots(1)
                                    .setVerdict(MemberVerdict.MEMBER_VERDICT_DOWN)
                                    .setStartNo(7)
                                    .setHeartbeat(120)
                                    .setHeartbeatAge(
                                            Duration.newBuilder().setSeconds(12).setNanos(340_000_000))
                                    .addAccusers("n2"))
                            .addMembers(Member.newBuilder()
                                    .setId("n2")
                                    .setClientAddress("h2:7400")
                                    .setPeerAddress("h2:7401")
                                    .setAdminAddress(endpoint())
                                    .setDatacenter("dc1")
                                    .setRack("r1")
                                    .setHost("h2")
                                    .setWeight(2)
                                    .setReachable(true)
                                    .setSlots(4)
                                    .setLedSlots(3))
                            .build());
        }

        @Override
        public void getRing(GetRingRequest request, StreamObserver<GetRingResponse> answer) {
            GetRingResponse.Builder ring = GetRingResponse.newBuilder().setEpoch(1);
            for (int slot = 0; slot < 4; slot++) {
                ring.addRowsBuilder()
                        .setSlot(slot)
                        .addOwners(slot == 0 ? "n1" : "n2")
                        .addOwners(slot == 0 ? "n2" : "n1");
            }
            reply(answer, ring.build());
        }
    }

    private static final class FirstNode extends NodeServiceGrpc.NodeServiceImplBase {
        @Override
        public void getNodeStatus(GetNodeStatusRequest request, StreamObserver<GetNodeStatusResponse> answer) {
            reply(
                    answer,
                    GetNodeStatusResponse.newBuilder()
                            .setNode("n2")
                            .setState("READY")
                            .setUptime(Duration.newBuilder().setSeconds(3700))
                            .setVersion("0.1.0")
                            .setAppendedLsn(9)
                            .setSyncedLsn(8)
                            .setCheckpointLsn(7)
                            .setMemoryTableBytes(6)
                            .setDataFileBytes(5 << 20)
                            .setDiskFreeBytes(4)
                            .setDurability("sync")
                            .setPid(42)
                            .build());
        }
    }

    private static final class Repairs extends RepairServiceGrpc.RepairServiceImplBase {
        @Override
        public void startRepair(StartRepairRequest request, StreamObserver<StartRepairResponse> answer) {
            reply(
                    answer,
                    StartRepairResponse.newBuilder()
                            .setNode("n2")
                            .setPeers(request.getPeer().isEmpty() ? 2 : 1)
                            .build());
        }

        @Override
        public void getRepairStatus(GetRepairStatusRequest request, StreamObserver<GetRepairStatusResponse> answer) {
            reply(
                    answer,
                    GetRepairStatusResponse.newBuilder()
                            .setNode("n2")
                            .setRecoveringSlots(7)
                            .setScrubbedLeaves(12)
                            .addPeers(GetRepairStatusResponse.Peer.newBuilder()
                                    .setNode("n1")
                                    .setState("EXCHANGING")
                                    .setSharedSlots(16)
                                    .setRecoveringSlots(7)
                                    .setLastCompleteMillisAgo(-1)
                                    .setSlotsDone(9)
                                    .setSlotsInExchange(16)
                                    .setKeysLeft(70_000)
                                    .setMillisLeft(65_000)
                                    .setComparedKeys(90_000)
                                    .setPulledKeys(90_000))
                            .addPeers(GetRepairStatusResponse.Peer.newBuilder()
                                    .setNode("n3")
                                    .setState("WAITING")
                                    .setSharedSlots(16)
                                    .setLastCompleteMillisAgo(61_000)
                                    .setPushedKeys(3)
                                    .setCompletedExchanges(4)
                                    .setProblem("TIMEOUT"))
                            .build());
        }
    }

    private static final class Inspections extends InspectServiceGrpc.InspectServiceImplBase {
        @Override
        public void getPlacement(GetPlacementRequest request, StreamObserver<GetPlacementResponse> answer) {
            reply(
                    answer,
                    GetPlacementResponse.newBuilder()
                            .setHash(ByteString.copyFrom(new byte[] {1, (byte) 0xab}))
                            .setSlot(3)
                            .addOwners("n2")
                            .addOwners("n1")
                            .addFallbacks("n3")
                            .build());
        }

        @Override
        public void inspectKey(InspectKeyRequest request, StreamObserver<InspectKeyResponse> answer) {
            reply(
                    answer,
                    InspectKeyResponse.newBuilder()
                            .setSlot(3)
                            .addReplicas(InspectKeyResponse.Replica.newBuilder()
                                    .setNode("n2")
                                    .setOwner(true)
                                    .setPresent(true)
                                    .addSiblings(FakeNode.sibling("moon", "1.2.8.1"))
                                    .addSiblings(FakeNode.sibling("sun", "1.1.7.2"))
                                    .addContext("1.1.7:[1-2]")
                                    .addContext("1.2.8:[1-1]"))
                            .addReplicas(InspectKeyResponse.Replica.newBuilder()
                                    .setNode("n3")
                                    .setOwner(true)
                                    .setPresent(true)
                                    .setBehind(true)
                                    .addSiblings(FakeNode.sibling("sun", "1.1.7.2"))
                                    .addContext("1.1.7:[1-2]"))
                            .addReplicas(InspectKeyResponse.Replica.newBuilder()
                                    .setNode("n1")
                                    .setOwner(true)
                                    .setError("not reachable"))
                            .addReplicas(InspectKeyResponse.Replica.newBuilder()
                                    .setNode("n4")
                                    .setPresent(true)
                                    .addHintedFor("n1")
                                    .addSiblings(FakeNode.sibling("sun", "1.1.7.2"))
                                    .addContext("1.1.7:[1-2]"))
                            .build());
        }
    }
}
