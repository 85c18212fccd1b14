package dev.quorate.cli;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import com.google.protobuf.Timestamp;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import dev.quorate.proto.admin.v1.CancelMovesRequest;
import dev.quorate.proto.admin.v1.CancelMovesResponse;
import dev.quorate.proto.admin.v1.ClearPlanRequest;
import dev.quorate.proto.admin.v1.ClearPlanResponse;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.CommitPlanRequest;
import dev.quorate.proto.admin.v1.CommitPlanResponse;
import dev.quorate.proto.admin.v1.GetClusterRequest;
import dev.quorate.proto.admin.v1.GetClusterResponse;
import dev.quorate.proto.admin.v1.GetNodeStatusRequest;
import dev.quorate.proto.admin.v1.GetNodeStatusResponse;
import dev.quorate.proto.admin.v1.GetPlacementRequest;
import dev.quorate.proto.admin.v1.GetPlacementResponse;
import dev.quorate.proto.admin.v1.GetPlanRequest;
import dev.quorate.proto.admin.v1.GetPlanResponse;
import dev.quorate.proto.admin.v1.GetRepairStatusRequest;
import dev.quorate.proto.admin.v1.GetRepairStatusResponse;
import dev.quorate.proto.admin.v1.GetRingRequest;
import dev.quorate.proto.admin.v1.GetRingResponse;
import dev.quorate.proto.admin.v1.HintBacklog;
import dev.quorate.proto.admin.v1.HintServiceGrpc;
import dev.quorate.proto.admin.v1.InspectKeyRequest;
import dev.quorate.proto.admin.v1.InspectKeyResponse;
import dev.quorate.proto.admin.v1.InspectServiceGrpc;
import dev.quorate.proto.admin.v1.LimitTransfersRequest;
import dev.quorate.proto.admin.v1.LimitTransfersResponse;
import dev.quorate.proto.admin.v1.ListHintsRequest;
import dev.quorate.proto.admin.v1.ListHintsResponse;
import dev.quorate.proto.admin.v1.ListTransfersRequest;
import dev.quorate.proto.admin.v1.ListTransfersResponse;
import dev.quorate.proto.admin.v1.Member;
import dev.quorate.proto.admin.v1.MemberStatus;
import dev.quorate.proto.admin.v1.MemberVerdict;
import dev.quorate.proto.admin.v1.Move;
import dev.quorate.proto.admin.v1.MoveKind;
import dev.quorate.proto.admin.v1.NodeServiceGrpc;
import dev.quorate.proto.admin.v1.PauseTransfersRequest;
import dev.quorate.proto.admin.v1.PauseTransfersResponse;
import dev.quorate.proto.admin.v1.PurgeHintsRequest;
import dev.quorate.proto.admin.v1.PurgeHintsResponse;
import dev.quorate.proto.admin.v1.RecoverClusterRequest;
import dev.quorate.proto.admin.v1.RecoverClusterResponse;
import dev.quorate.proto.admin.v1.RepairServiceGrpc;
import dev.quorate.proto.admin.v1.ReplayHintsRequest;
import dev.quorate.proto.admin.v1.ReplayHintsResponse;
import dev.quorate.proto.admin.v1.ResumeTransfersRequest;
import dev.quorate.proto.admin.v1.ResumeTransfersResponse;
import dev.quorate.proto.admin.v1.SplitSlotsRequest;
import dev.quorate.proto.admin.v1.SplitSlotsResponse;
import dev.quorate.proto.admin.v1.StageChangeRequest;
import dev.quorate.proto.admin.v1.StageChangeResponse;
import dev.quorate.proto.admin.v1.StagedChange;
import dev.quorate.proto.admin.v1.StartRepairRequest;
import dev.quorate.proto.admin.v1.StartRepairResponse;
import dev.quorate.proto.kv.v1.GetTopologyRequest;
import dev.quorate.proto.kv.v1.GetTopologyResponse;
import dev.quorate.proto.kv.v1.Topology;
import dev.quorate.proto.kv.v1.TopologyServiceGrpc;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.SortedMap;
import java.util.TreeMap;

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

    /** A cluster in which n3 joins: a commit begins three moves, of which one is done each time that somebody looks at the cluster. */
    private final class ClusterOfTwo extends ClusterServiceGrpc.ClusterServiceImplBase {
        private final SortedMap<String, StagedChange> staged = new TreeMap<>();
        private long ringVersion = 1;
        private int moves;
        private boolean paused;
        private boolean joined;

        private String planId() {
            return staged.isEmpty() ? "" : "plan" + ringVersion;
        }

        private Move move(int slot) {
            return Move.newBuilder()
                    .setId(slot)
                    .setKind(MoveKind.MOVE_KIND_MOVE)
                    .setSlot(slot)
                    .setPosition(1)
                    .setFrom("n1")
                    .setTo("n2")
                    .build();
        }

        private void refuse(StreamObserver<?> answer, Code code, String reason, String text) {
            answer.onError(StatusProto.toStatusRuntimeException(Status.newBuilder()
                    .setCode(code.getNumber())
                    .setMessage(text)
                    .addDetails(Any.pack(ErrorInfo.newBuilder()
                            .setReason(reason)
                            .setDomain("quorate.dev")
                            .build()))
                    .build()));
        }

        @Override
        public void stageChange(StageChangeRequest request, StreamObserver<StageChangeResponse> answer) {
            StagedChange change = request.getChange();
            if (change.getNode().equals("n9")) {
                refuse(answer, Code.NOT_FOUND, "NODE_NOT_FOUND", "There is no node n9.");
                return;
            }
            if (change.getNode().equals("n8")) {
                refuse(answer, Code.UNAVAILABLE, "VOTERS_UNAVAILABLE", "No majority of the voters answers.");
                return;
            }
            staged.put(change.getNode(), change);
            ringVersion++;
            reply(
                    answer,
                    StageChangeResponse.newBuilder()
                            .setRingVersion(ringVersion)
                            .addAllStaged(staged.values())
                            .build());
        }

        @Override
        public void getPlan(GetPlanRequest request, StreamObserver<GetPlanResponse> answer) {
            GetPlanResponse.Builder plan = GetPlanResponse.newBuilder()
                    .setPlanId(planId())
                    .setRingVersion(ringVersion)
                    .addAllChanges(staged.values())
                    .setMillis(-1);
            if (!staged.isEmpty()) {
                plan.addNodes(planned("n1", 4, 2, "n2 has twice its weight"))
                        .addNodes(planned("n2", 4, 6, "").toBuilder().setWeight(2))
                        .addFlows(GetPlanResponse.Flow.newBuilder()
                                .setFrom("n1")
                                .setTo("n2")
                                .setSlots(2)
                                .setBytes(3 << 20))
                        .addMoves(move(1))
                        .addMoves(move(2))
                        .setFewestMoves(2)
                        .setBytes(3 << 20)
                        .setBytesPerSlot(3 << 19)
                        .setMillis(65_000)
                        .addWarnings("rows have 2 owners, 3 are wanted");
                if (!request.getExplain().isEmpty()) {
                    plan.addExplanation("slot 1, place 1: n1 gives it to n2");
                }
            }
            reply(answer, plan.build());
        }

        private GetPlanResponse.Node planned(String id, int before, int after, String because) {
            return GetPlanResponse.Node.newBuilder()
                    .setId(id)
                    .setStatusBefore(MemberStatus.MEMBER_STATUS_NORMAL)
                    .setStatusAfter(MemberStatus.MEMBER_STATUS_NORMAL)
                    .setWeight(1)
                    .setSlotsBefore(before)
                    .setSlotsAfter(after)
                    .setSlotsDue(after)
                    .setSlotsIn(Math.max(0, after - before))
                    .setSlotsOut(Math.max(0, before - after))
                    .setBytesBefore((long) before << 20)
                    .setBytesAfter((long) after << 20)
                    .setPeakBytes((long) Math.max(before, after) << 20)
                    .setBecause(because)
                    .build();
        }

        @Override
        public void commitPlan(CommitPlanRequest request, StreamObserver<CommitPlanResponse> answer) {
            if (!request.getPlanId().equals(planId())) {
                refuse(answer, Code.ABORTED, "PLAN_STALE", "The plan would do something else by now.");
                return;
            }
            staged.clear();
            ringVersion++;
            moves = 3;
            joined = true;
            reply(
                    answer,
                    CommitPlanResponse.newBuilder()
                            .setRingVersion(ringVersion)
                            .setMoves(moves)
                            .build());
        }

        @Override
        public void clearPlan(ClearPlanRequest request, StreamObserver<ClearPlanResponse> answer) {
            int before = staged.size();
            if (request.getNode().isEmpty()) {
                staged.clear();
            } else {
                staged.remove(request.getNode());
            }
            ringVersion++;
            reply(
                    answer,
                    ClearPlanResponse.newBuilder()
                            .setRingVersion(ringVersion)
                            .setCleared(before - staged.size())
                            .build());
        }

        @Override
        public void listTransfers(ListTransfersRequest request, StreamObserver<ListTransfersResponse> answer) {
            ListTransfersResponse.Builder response = ListTransfersResponse.newBuilder()
                    .setNode("n2")
                    .setRingVersion(ringVersion)
                    .setPaused(paused);
            for (int slot = 1; slot <= moves; slot++) {
                response.addTransfers(ListTransfersResponse.Transfer.newBuilder()
                        .setMove(move(slot))
                        .setState(slot == 1 ? "SCAN" : "QUEUED")
                        .setRecords(slot == 1 ? 12 : 0)
                        .setBytes(slot == 1 ? 3000 : 0)
                        .setRecordsLeft(slot == 1 ? 7 : -1));
            }
            reply(answer, response.build());
        }

        @Override
        public void limitTransfers(LimitTransfersRequest request, StreamObserver<LimitTransfersResponse> answer) {
            long asked = request.getBytesPerSecond();
            reply(
                    answer,
                    LimitTransfersResponse.newBuilder()
                            .setNode("n2")
                            .setBytesPerSecond(asked == 0 ? 50 << 20 : asked)
                            .build());
        }

        @Override
        public void pauseTransfers(PauseTransfersRequest request, StreamObserver<PauseTransfersResponse> answer) {
            paused = true;
            reply(
                    answer,
                    PauseTransfersResponse.newBuilder()
                            .setRingVersion(++ringVersion)
                            .build());
        }

        @Override
        public void resumeTransfers(ResumeTransfersRequest request, StreamObserver<ResumeTransfersResponse> answer) {
            paused = false;
            reply(
                    answer,
                    ResumeTransfersResponse.newBuilder()
                            .setRingVersion(++ringVersion)
                            .build());
        }

        @Override
        public void cancelMoves(CancelMovesRequest request, StreamObserver<CancelMovesResponse> answer) {
            int cancelled = request.getAll() ? moves : request.getMoveIdsCount();
            moves -= cancelled;
            reply(
                    answer,
                    CancelMovesResponse.newBuilder()
                            .setRingVersion(++ringVersion)
                            .setCancelled(cancelled)
                            .build());
        }

        @Override
        public void splitSlots(SplitSlotsRequest request, StreamObserver<SplitSlotsResponse> answer) {
            reply(
                    answer,
                    SplitSlotsResponse.newBuilder()
                            .setRingVersion(++ringVersion)
                            .setSlots(8)
                            .build());
        }

        @Override
        public void recoverCluster(RecoverClusterRequest request, StreamObserver<RecoverClusterResponse> answer) {
            String needed = "generation 1 without " + String.join(" ", request.getLostList());
            if (request.getConfirmation().isEmpty()) {
                reply(
                        answer,
                        RecoverClusterResponse.newBuilder()
                                .setConfirmationNeeded(needed)
                                .build());
            } else if (request.getConfirmation().equals(needed)) {
                reply(
                        answer,
                        RecoverClusterResponse.newBuilder()
                                .setRingVersion((1L << 48) + 2)
                                .addVoters("n2")
                                .build());
            } else {
                refuse(answer, Code.FAILED_PRECONDITION, "CHANGE_REFUSED", "Those are not the words.");
            }
        }

        @Override
        public void getCluster(GetClusterRequest request, StreamObserver<GetClusterResponse> answer) {
            int left = moves;
            moves = paused ? moves : Math.max(0, moves - 1);
            reply(
                    answer,
                    GetClusterResponse.newBuilder()
                            .setClusterId("c0ffee")
                            .setEpoch(1)
                            .setNode("n2")
                            .setSlots(4)
                            .setReplicas(2)
                            .setRingVersion(ringVersion)
                            .setMoves(left)
                            .setPaused(paused)
                            .addVoters("n1")
                            .addMembers(Member.newBuilder()
                                    .setId("n1")
                                    .setStatus(MemberStatus.MEMBER_STATUS_NORMAL)
                                    .setSlotsLeaving(left)
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
                                    .setLedSlots(3)
                                    .setStatus(
                                            joined
                                                    ? MemberStatus.MEMBER_STATUS_NORMAL
                                                    : MemberStatus.MEMBER_STATUS_JOINING)
                                    .setSlotsArriving(left))
                            .addMembers(Member.newBuilder()
                                    .setId("n3")
                                    .setAdminAddress(NOBODY)
                                    .setStatus(MemberStatus.MEMBER_STATUS_LEFT))
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
