package dev.quorate.server.grpc;

import dev.quorate.core.NodeCore;
import dev.quorate.core.membership.MemberView;
import dev.quorate.core.membership.Verdict;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Heartbeat;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.ring.StagedChange;
import dev.quorate.core.topology.ChangeOutcome;
import dev.quorate.core.topology.Rejection;
import dev.quorate.core.topology.Topology;
import dev.quorate.proto.admin.v1.CancelMovesRequest;
import dev.quorate.proto.admin.v1.CancelMovesResponse;
import dev.quorate.proto.admin.v1.ClearPlanRequest;
import dev.quorate.proto.admin.v1.ClearPlanResponse;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.CommitPlanRequest;
import dev.quorate.proto.admin.v1.CommitPlanResponse;
import dev.quorate.proto.admin.v1.GetClusterRequest;
import dev.quorate.proto.admin.v1.GetClusterResponse;
import dev.quorate.proto.admin.v1.GetPlanRequest;
import dev.quorate.proto.admin.v1.GetPlanResponse;
import dev.quorate.proto.admin.v1.GetRingRequest;
import dev.quorate.proto.admin.v1.GetRingResponse;
import dev.quorate.proto.admin.v1.LimitTransfersRequest;
import dev.quorate.proto.admin.v1.LimitTransfersResponse;
import dev.quorate.proto.admin.v1.ListTransfersRequest;
import dev.quorate.proto.admin.v1.ListTransfersResponse;
import dev.quorate.proto.admin.v1.MemberVerdict;
import dev.quorate.proto.admin.v1.PauseTransfersRequest;
import dev.quorate.proto.admin.v1.PauseTransfersResponse;
import dev.quorate.proto.admin.v1.RecoverClusterRequest;
import dev.quorate.proto.admin.v1.RecoverClusterResponse;
import dev.quorate.proto.admin.v1.ResumeTransfersRequest;
import dev.quorate.proto.admin.v1.ResumeTransfersResponse;
import dev.quorate.proto.admin.v1.SplitSlotsRequest;
import dev.quorate.proto.admin.v1.SplitSlotsResponse;
import dev.quorate.proto.admin.v1.StageChangeRequest;
import dev.quorate.proto.admin.v1.StageChangeResponse;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The cluster as this node sees it, and everybody's way to change it. Runs on the event loop. */
public final class ClusterGrpcService extends ClusterServiceGrpc.ClusterServiceImplBase {
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    /** Kept for the answer's way back. */
    private static final Duration MARGIN = Duration.ofMillis(50);

    private static final int MAX_CANCELLED = 1000;

    private static final long LEAST_BYTES_PER_SECOND = 64 << 10;

    /**
     * What this node does in a hand-over.
     *
     * @param state in a word, for people
     * @param recordsLeft -1 if unknown
     * @param problem why it does not go on; empty if it does
     */
    public record OwnTransfer(long moveId, String state, long records, long bytes, long recordsLeft, String problem) {}

    /**
     * What the node that answers has to know besides its core.
     *
     * @param transfers what it does in hand-overs now
     * @param ownBytes that it holds, roughly
     * @param bytesPerSecond that a hand-over may send
     */
    public record Surroundings(
            ClusterIdentity identity,
            String clusterName,
            Supplier<MemberDirectory> members,
            Supplier<List<OwnTransfer>> transfers,
            LongSupplier ownBytes,
            long bytesPerSecond) {}

    private final Surroundings around;
    private final ClusterIdentity identity;
    private final NodeCore core;
    private final Topology topology;

    public ClusterGrpcService(Surroundings around, NodeCore core) {
        this.around = around;
        this.identity = around.identity();
        this.core = core;
        this.topology = core.topology();
    }

    private RingState ring() {
        return identity.ring().state();
    }

    // ---- What is

    @Override
    public void getCluster(GetClusterRequest request, StreamObserver<GetClusterResponse> observer) {
        RingState ring = ring();
        SlotTable table = ring.table();
        GetClusterResponse.Builder response = GetClusterResponse.newBuilder()
                .setClusterId(identity.clusterId())
                .setName(around.clusterName())
                .setEpoch(ring.version().epoch())
                .setGeneration(ring.version().generation())
                .setRingVersion(ring.version().packed())
                .setNode(identity.self().toString())
                .setSlots(table.slots())
                .setReplicas(table.width())
                .setMoves(ring.moves().size())
                .setPaused(ring.paused())
                .addAllVoters(names(ring.voters()))
                .addAllNewVoters(names(ring.newVoters()));
        SortedMap<NodeId, MemberView> views = new TreeMap<>();
        core.members().forEach(view -> views.put(view.node(), view));
        SortedMap<NodeId, Integer> arriving = new TreeMap<>();
        SortedMap<NodeId, Integer> leaving = new TreeMap<>();
        for (Move move : ring.moves()) {
            arriving.merge(move.to(), 1, Integer::sum);
            if (move.kind() == Move.Kind.MOVE) {
                leaving.merge(move.from(), 1, Integer::sum);
            }
        }
        for (MemberDirectory.Entry member : around.members().get().entries()) {
            response.addMembers(member(member, ring, views.get(member.id()))
                    .setSlotsArriving(arriving.getOrDefault(member.id(), 0))
                    .setSlotsLeaving(leaving.getOrDefault(member.id(), 0)));
        }
        answer(observer, response.build());
    }

    private dev.quorate.proto.admin.v1.Member.Builder member(
            MemberDirectory.Entry member, RingState ring, @Nullable MemberView view) {
        NodeId id = member.id();
        Member placement = member.placement();
        boolean self = id.equals(identity.self());
        boolean reachable = self || core.reachable(id);
        dev.quorate.proto.admin.v1.Member.Builder message = dev.quorate.proto.admin.v1.Member.newBuilder()
                .setId(id.toString())
                .setStatus(ChangeCodec.status(member.node().status()))
                .setClientAddress(member.client())
                .setPeerAddress(member.peer())
                .setAdminAddress(member.admin())
                .setDatacenter(placement.datacenter())
                .setRack(placement.rack())
                .setHost(placement.host())
                .setWeight(placement.weight())
                .setReachable(reachable)
                .setUnreachableBecause(reachable ? "" : core.unreachableBecause(id))
                .setSlots(ring.table().slotsOf(id))
                .setLedSlots(ring.table().ledBy(id))
                .setRingVersion(self ? ring.version().packed() : core.ringOf(id));
        StagedChange staged = ring.staged().get(id);
        if (staged != null) {
            message.setStaged(ChangeCodec.staged(id, staged));
        }
        if (view != null) {
            describe(view, message);
        }
        return message;
    }

    private static void describe(MemberView view, dev.quorate.proto.admin.v1.Member.Builder message) {
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
        RingState ring = ring();
        SlotTable table = ring.table();
        GetRingResponse.Builder response = GetRingResponse.newBuilder()
                .setEpoch(ring.version().epoch())
                .setRingVersion(ring.version().packed());
        for (int slot = 0; slot < table.slots(); slot++) {
            response.addRows(GetRingResponse.Row.newBuilder()
                    .setSlot(slot)
                    .addAllOwners(names(table.owners(slot)))
                    .setEpoch(ring.rowEpoch(slot)));
        }
        ring.moves().forEach(move -> response.addMoves(ChangeCodec.move(move)));
        answer(observer, response.build());
    }

    @Override
    public void listTransfers(ListTransfersRequest request, StreamObserver<ListTransfersResponse> observer) {
        RingState ring = ring();
        SortedMap<Long, OwnTransfer> own = new TreeMap<>();
        around.transfers().get().forEach(transfer -> own.put(transfer.moveId(), transfer));
        ListTransfersResponse.Builder response = ListTransfersResponse.newBuilder()
                .setNode(identity.self().toString())
                .setRingVersion(ring.version().packed())
                .setPaused(ring.paused());
        for (Move move : ring.moves()) {
            ListTransfersResponse.Transfer.Builder transfer = ListTransfersResponse.Transfer.newBuilder()
                    .setMove(ChangeCodec.move(move))
                    .setRecordsLeft(-1);
            OwnTransfer known = own.get(move.id());
            if (known != null) {
                transfer.setState(known.state())
                        .setRecords(known.records())
                        .setBytes(known.bytes())
                        .setRecordsLeft(known.recordsLeft())
                        .setProblem(known.problem());
            } else if (driver(move).equals(identity.self())) {
                transfer.setState("QUEUED");
            }
            response.addTransfers(transfer);
        }
        answer(observer, response.build());
    }

    /** Who does the work of it. */
    private static NodeId driver(Move move) {
        return move.kind() == Move.Kind.MOVE ? move.from() : move.to();
    }

    // ---- What is to be

    @Override
    public void stageChange(StageChangeRequest request, StreamObserver<StageChangeResponse> observer) {
        NodeId node;
        StagedChange change;
        try {
            node = NodeId.parse(request.getChange().getNode());
            change = ChangeCodec.change(request.getChange(), ring().node(node));
        } catch (IllegalArgumentException unreadable) {
            fail(observer, StatusMapping.invalidRequest("change", String.valueOf(unreadable.getMessage())));
            return;
        }
        topology.stage(
                node,
                change,
                patience(),
                outcome -> tell(outcome, observer, ring -> {
                    StageChangeResponse.Builder response = StageChangeResponse.newBuilder()
                            .setRingVersion(ring.version().packed());
                    ring.staged().forEach((id, staged) -> response.addStaged(ChangeCodec.staged(id, staged)));
                    return response.build();
                }));
    }

    @Override
    public void getPlan(GetPlanRequest request, StreamObserver<GetPlanResponse> observer) {
        RingState ring = ring();
        NodeId explain;
        try {
            explain = request.getExplain().isEmpty() ? null : NodeId.parse(request.getExplain());
        } catch (IllegalArgumentException unreadable) {
            fail(observer, StatusMapping.invalidRequest("explain", String.valueOf(unreadable.getMessage())));
            return;
        }
        int slots = ring.table().slotsOf(identity.self());
        long bytesPerSlot = slots == 0 ? 0 : around.ownBytes().getAsLong() / slots;
        topology.plan(slot -> bytesPerSlot, around.bytesPerSecond())
                .match(
                        plan -> answer(observer, PlanCodec.response(plan, ring, bytesPerSlot, explain)),
                        rejection -> rejection.reason() == Rejection.Reason.NOTHING_STAGED
                                ? answer(
                                        observer,
                                        GetPlanResponse.newBuilder()
                                                .setRingVersion(ring.version().packed())
                                                .setMillis(-1)
                                                .build())
                                : fail(observer, StatusMapping.of(rejection)));
    }

    @Override
    public void commitPlan(CommitPlanRequest request, StreamObserver<CommitPlanResponse> observer) {
        long planId;
        try {
            planId = PlanCodec.planId(request.getPlanId());
        } catch (IllegalArgumentException unreadable) {
            fail(observer, StatusMapping.invalidRequest("plan_id", String.valueOf(unreadable.getMessage())));
            return;
        }
        topology.commit(
                planId,
                patience(),
                outcome -> tell(
                        outcome,
                        observer,
                        ring -> CommitPlanResponse.newBuilder()
                                .setRingVersion(ring.version().packed())
                                .setMoves(ring.moves().size())
                                .build()));
    }

    @Override
    public void clearPlan(ClearPlanRequest request, StreamObserver<ClearPlanResponse> observer) {
        int before = ring().staged().size();
        Consumer<ChangeOutcome> done = outcome -> tell(
                outcome,
                observer,
                ring -> ClearPlanResponse.newBuilder()
                        .setRingVersion(ring.version().packed())
                        .setCleared(Math.max(0, before - ring.staged().size()))
                        .build());
        if (request.getNode().isEmpty()) {
            topology.clear(patience(), done);
            return;
        }
        try {
            topology.unstage(NodeId.parse(request.getNode()), patience(), done);
        } catch (IllegalArgumentException unreadable) {
            fail(observer, StatusMapping.invalidRequest("node", String.valueOf(unreadable.getMessage())));
        }
    }

    @Override
    public void limitTransfers(LimitTransfersRequest request, StreamObserver<LimitTransfersResponse> observer) {
        long asked = request.getBytesPerSecond();
        if (asked != 0 && asked < LEAST_BYTES_PER_SECOND) {
            String cause = Long.toUnsignedString(asked) + " is less than " + LEAST_BYTES_PER_SECOND;
            fail(observer, StatusMapping.invalidRequest("bytes_per_second", cause));
            return;
        }
        long limit = asked == 0 ? around.bytesPerSecond() : asked;
        core.paceTransfers(limit);
        observer.onNext(LimitTransfersResponse.newBuilder()
                .setNode(identity.self().toString())
                .setBytesPerSecond(limit)
                .build());
        observer.onCompleted();
    }

    @Override
    public void pauseTransfers(PauseTransfersRequest request, StreamObserver<PauseTransfersResponse> observer) {
        topology.pause(
                true,
                patience(),
                outcome -> tell(
                        outcome,
                        observer,
                        ring -> PauseTransfersResponse.newBuilder()
                                .setRingVersion(ring.version().packed())
                                .build()));
    }

    @Override
    public void resumeTransfers(ResumeTransfersRequest request, StreamObserver<ResumeTransfersResponse> observer) {
        topology.pause(
                false,
                patience(),
                outcome -> tell(
                        outcome,
                        observer,
                        ring -> ResumeTransfersResponse.newBuilder()
                                .setRingVersion(ring.version().packed())
                                .build()));
    }

    @Override
    public void cancelMoves(CancelMovesRequest request, StreamObserver<CancelMovesResponse> observer) {
        if (request.getMoveIdsCount() > MAX_CANCELLED || request.getAll() == (request.getMoveIdsCount() > 0)) {
            fail(
                    observer,
                    StatusMapping.invalidRequest(
                            "move_ids", "give either all, or 1 to " + MAX_CANCELLED + " ids of moves"));
            return;
        }
        if (request.getAll()) {
            int before = ring().moves().size();
            topology.cancelAll(
                    patience(),
                    outcome -> tell(
                            outcome,
                            observer,
                            ring -> cancelled(
                                    ring, Math.max(0, before - ring.moves().size()))));
            return;
        }
        cancelNext(new ArrayList<>(request.getMoveIdsList()).iterator(), 0, observer);
    }

    /** One after the other, until one cannot be given up. */
    private void cancelNext(Iterator<Long> ids, int done, StreamObserver<CancelMovesResponse> observer) {
        topology.cancel(ids.next(), patience(), outcome -> {
            boolean goesOn = outcome instanceof ChangeOutcome.Committed && ids.hasNext();
            if (goesOn) {
                cancelNext(ids, done + 1, observer);
            } else {
                tell(outcome, observer, ring -> cancelled(ring, done + 1));
            }
        });
    }

    private static CancelMovesResponse cancelled(RingState ring, int moves) {
        return CancelMovesResponse.newBuilder()
                .setRingVersion(ring.version().packed())
                .setCancelled(moves)
                .build();
    }

    @Override
    public void splitSlots(SplitSlotsRequest request, StreamObserver<SplitSlotsResponse> observer) {
        topology.split(
                patience(),
                outcome -> tell(
                        outcome,
                        observer,
                        ring -> SplitSlotsResponse.newBuilder()
                                .setRingVersion(ring.version().packed())
                                .setSlots(ring.table().slots())
                                .build()));
    }

    @Override
    public void recoverCluster(RecoverClusterRequest request, StreamObserver<RecoverClusterResponse> observer) {
        List<NodeId> lost;
        try {
            lost = request.getLostList().stream().map(NodeId::parse).toList();
        } catch (IllegalArgumentException unreadable) {
            fail(observer, StatusMapping.invalidRequest("lost", String.valueOf(unreadable.getMessage())));
            return;
        }
        RingState now = ring();
        for (NodeId node : lost) {
            NodeEntry entry = now.node(node);
            if (entry == null) {
                fail(
                        observer,
                        StatusMapping.of(
                                Rejection.of(Rejection.Reason.NODE_UNKNOWN).with("node", node)));
                return;
            }
        }
        if (request.getConfirmation().isEmpty()) {
            answer(
                    observer,
                    RecoverClusterResponse.newBuilder()
                            .setRingVersion(now.version().packed())
                            .addAllVoters(names(now.voters()))
                            .setConfirmationNeeded(topology.recoveryConfirmation(lost))
                            .build());
            return;
        }
        topology.recover(
                lost,
                request.getConfirmation(),
                patience(),
                outcome -> tell(
                        outcome,
                        observer,
                        ring -> RecoverClusterResponse.newBuilder()
                                .setRingVersion(ring.version().packed())
                                .addAllVoters(names(ring.voters()))
                                .build()));
    }

    // ---- Answers

    /** As long as the caller waits, so that an operator who allows more time gets it. */
    private static Duration patience() {
        Deadline deadline = Context.current().getDeadline();
        if (deadline == null) {
            return PATIENCE;
        }
        Duration left =
                Duration.ofMillis(deadline.timeRemaining(TimeUnit.MILLISECONDS)).minus(MARGIN);
        return left.compareTo(MARGIN) < 0 ? MARGIN : left;
    }

    private static <T> void tell(
            ChangeOutcome outcome, StreamObserver<T> observer, Function<? super RingState, ? extends T> committed) {
        outcome.match(
                found -> answer(observer, committed.apply(found.ring())),
                rejection -> fail(observer, StatusMapping.of(rejection)),
                unknown -> fail(observer, StatusMapping.of(unknown)));
    }

    private static <T> boolean answer(StreamObserver<T> observer, T response) {
        observer.onNext(response);
        observer.onCompleted();
        return true;
    }

    private static boolean fail(StreamObserver<?> observer, com.google.rpc.Status status) {
        observer.onError(StatusMapping.exception(status));
        return true;
    }

    private static List<String> names(List<NodeId> nodes) {
        return nodes.stream().map(NodeId::toString).toList();
    }
}
