package dev.quorate.server.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import dev.quorate.proto.admin.v1.ClearPlanRequest;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc.ClusterServiceBlockingStub;
import dev.quorate.proto.admin.v1.CommitPlanRequest;
import dev.quorate.proto.admin.v1.GetClusterRequest;
import dev.quorate.proto.admin.v1.GetClusterResponse;
import dev.quorate.proto.admin.v1.GetPlanRequest;
import dev.quorate.proto.admin.v1.GetPlanResponse;
import dev.quorate.proto.admin.v1.LimitTransfersRequest;
import dev.quorate.proto.admin.v1.Member;
import dev.quorate.proto.admin.v1.MemberStatus;
import dev.quorate.proto.admin.v1.PauseTransfersRequest;
import dev.quorate.proto.admin.v1.RecoverClusterRequest;
import dev.quorate.proto.admin.v1.ResumeTransfersRequest;
import dev.quorate.proto.admin.v1.StageChangeRequest;
import dev.quorate.proto.admin.v1.StagedChange;
import dev.quorate.proto.kv.v1.Consistency;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.GetTopologyRequest;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.PipelineResponse;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.proto.kv.v1.ReadOptions;
import dev.quorate.proto.kv.v1.TopologyServiceGrpc;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Nodes join and leave a cluster of real nodes. */
class ElasticTest {
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String TOKEN = "a-token-of-this-test";
    private static final int KEYS = 200;

    @TempDir
    Path folder;

    private static ClusterServiceBlockingStub admin(LocalNodes nodes, int number) {
        return ClusterServiceGrpc.newBlockingStub(nodes.admin(number));
    }

    private static GetClusterResponse cluster(LocalNodes nodes, int number) {
        return admin(nodes, number).getCluster(GetClusterRequest.getDefaultInstance());
    }

    private static Member member(LocalNodes nodes, int number, String id) {
        return cluster(nodes, number).getMembersList().stream()
                .filter(member -> member.getId().equals(id))
                .findFirst()
                .orElse(Member.getDefaultInstance());
    }

    private static ByteString key(int i) {
        return ByteString.copyFromUtf8("k" + i);
    }

    private static void writeAll(LocalNodes nodes, int number) {
        for (int i = 0; i < KEYS; i++) {
            nodes.kv(number)
                    .put(PutRequest.newBuilder()
                            .setKey(key(i))
                            .setValue(ByteString.copyFromUtf8("v" + i))
                            .build());
        }
    }

    private static void assertAllThere(LocalNodes nodes, int number) {
        for (int i = 0; i < KEYS; i++) {
            GetRequest all = GetRequest.newBuilder()
                    .setKey(key(i))
                    .setOptions(ReadOptions.newBuilder().setConsistency(Consistency.CONSISTENCY_ALL))
                    .build();
            assertThat(nodes.kv(number).get(all).getSiblings(0).getValue().toStringUtf8())
                    .isEqualTo("v" + i);
        }
    }

    private static void commitAndAwait(LocalNodes nodes, int number) {
        GetPlanResponse plan = admin(nodes, number).getPlan(GetPlanRequest.getDefaultInstance());
        assertThat(plan.getPlanId()).isNotEmpty();
        admin(nodes, number)
                .commitPlan(CommitPlanRequest.newBuilder()
                        .setPlanId(plan.getPlanId())
                        .build());
        await("all has moved")
                .atMost(SOON)
                .until(() -> cluster(nodes, number).getMoves() == 0
                        && cluster(nodes, number).getMembersList().stream()
                                .noneMatch(member -> member.getStatus() == MemberStatus.MEMBER_STATUS_DRAINING));
    }

    @Test
    void aNodeJoinsWithSeedsAndATokenGetsItsShareAndLeavesAgain() throws Exception {
        try (LocalNodes nodes = LocalNodes.start(folder, 3, "joinToken: " + TOKEN + "\ntransfer: {purgeDelay: 1s}\n")) {
            writeAll(nodes, 1);
            long before = topologyEpoch(nodes, 1);
            NodeProcess joined = nodes.startJoining(4, TOKEN);
            assertThat(joined.node()).hasToString("n4");
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve("n4/data/joined"))))
                    .isEqualTo("rw-------");
            await().atMost(SOON)
                    .until(() -> member(nodes, 1, "n4").getReachable()
                            && member(nodes, 4, "n1").getReachable());
            assertThat(member(nodes, 1, "n4").getStatus()).isEqualTo(MemberStatus.MEMBER_STATUS_JOINING);
            assertThat(member(nodes, 1, "n4").getSlots()).isZero();
            assertThat(topologyEpoch(nodes, 1)).isGreaterThan(before);
            assertAllThere(nodes, 4);

            GetPlanResponse plan = admin(nodes, 2)
                    .getPlan(GetPlanRequest.newBuilder().setExplain("n4").build());
            assertThat(plan.getChangesList()).extracting(StagedChange::getNode).containsExactly("n4");
            assertThat(plan.getMovesCount()).isEqualTo(48).isEqualTo(plan.getFewestMoves());
            assertThat(plan.getExplanationList()).hasSize(49);
            assertThat(plan.getFlowsList()).allMatch(flow -> flow.getTo().equals("n4"));

            commitAndAwait(nodes, 2);
            assertThat(member(nodes, 4, "n4").getStatus()).isEqualTo(MemberStatus.MEMBER_STATUS_NORMAL);
            assertThat(member(nodes, 4, "n4").getSlots()).isEqualTo(48);
            assertAllThere(nodes, 4);

            // A restart needs no seed.
            nodes.stop(4);
            assertThat(nodes.startJoining(4, "another-token-than-theirs").node())
                    .hasToString("n4");
            await().atMost(SOON).until(() -> member(nodes, 4, "n1").getReachable());
            assertAllThere(nodes, 4);

            admin(nodes, 1)
                    .stageChange(stage(
                            StagedChange.newBuilder().setNode("n4").setLeave(StagedChange.Leave.getDefaultInstance())));
            commitAndAwait(nodes, 1);
            assertThat(member(nodes, 1, "n4").getStatus()).isEqualTo(MemberStatus.MEMBER_STATUS_LEFT);
            assertAllThere(nodes, 1);
            await("n4 sends its clients away")
                    .atMost(SOON)
                    .until(() -> code(() -> nodes.kv(4)
                                    .get(GetRequest.newBuilder().setKey(key(1)).build()))
                            == Status.Code.UNAVAILABLE);
            nodes.stop(4);
            assertThat(catchThrowableOfType(Exception.class, () -> nodes.startJoining(4, TOKEN)))
                    .hasMessageContaining("NODE_REMOVED")
                    .hasMessageContaining("n4 has left");
            assertThat(nodes.fatal).isEmpty();
        }
    }

    private static long topologyEpoch(LocalNodes nodes, int number) {
        return TopologyServiceGrpc.newBlockingStub(
                        nodes.channel(nodes.node(number).clientAddress()))
                .getTopology(GetTopologyRequest.getDefaultInstance())
                .getTopology()
                .getEpoch();
    }

    private static StageChangeRequest stage(StagedChange.Builder change) {
        return StageChangeRequest.newBuilder().setChange(change).build();
    }

    @Test
    void nobodyJoinsWithoutTheToken() throws Exception {
        try (LocalNodes nodes = LocalNodes.start(folder, 1, "joinToken: " + TOKEN + "\n")) {
            IOException wrong =
                    catchThrowableOfType(IOException.class, () -> nodes.startJoining(2, "another-token-than-theirs"));
            assertThat(wrong)
                    .hasMessageContaining("JOIN_REFUSED")
                    .hasMessageContaining(nodes.node(1).peerAddress().toString());
            assertThat(cluster(nodes, 1).getMembersList()).hasSize(1);
        }
    }

    @Test
    void whereNoTokenIsSetNobodyJoins() throws Exception {
        try (LocalNodes nodes = LocalNodes.start(folder, 1, "")) {
            assertThat(catchThrowableOfType(IOException.class, () -> nodes.startJoining(2, TOKEN)))
                    .hasMessageContaining("JOIN_REFUSED")
                    .hasMessageContaining("set joinToken");
        }
    }

    @Test
    void plansAreStagedClearedAndRefusedWhenStale() throws Exception {
        try (LocalNodes nodes = LocalNodes.start(folder, 3, "")) {
            assertThat(admin(nodes, 1)
                            .getPlan(GetPlanRequest.getDefaultInstance())
                            .getPlanId())
                    .isEmpty();
            LinkedBlockingQueue<PipelineResponse> heard = pipeline(nodes, 2);
            assertThat(heard.poll(20, TimeUnit.SECONDS).getGreeting().getEpoch())
                    .isEqualTo(1);
            StagedChange.Builder twice = StagedChange.newBuilder()
                    .setNode("n2")
                    .setWeight(StagedChange.Weight.newBuilder().setWeight(2));
            assertThat(admin(nodes, 1).stageChange(stage(twice)).getStagedList())
                    .hasSize(1);
            assertThat(heard.poll(20, TimeUnit.SECONDS).getEpoch())
                    .as("a client that asks for nothing")
                    .isEqualTo(2);
            await("gossiped").atMost(SOON).until(() -> member(nodes, 3, "n2").hasStaged());
            String planId =
                    admin(nodes, 3).getPlan(GetPlanRequest.getDefaultInstance()).getPlanId();
            admin(nodes, 3)
                    .stageChange(stage(
                            twice.setWeight(StagedChange.Weight.newBuilder().setWeight(3))));
            StatusRuntimeException stale = catchThrowableOfType(
                    StatusRuntimeException.class,
                    () -> admin(nodes, 3)
                            .commitPlan(CommitPlanRequest.newBuilder()
                                    .setPlanId(planId)
                                    .build()));
            assertThat(stale.getStatus().getCode()).isEqualTo(Status.Code.ABORTED);
            assertThat(admin(nodes, 3)
                            .clearPlan(ClearPlanRequest.getDefaultInstance())
                            .getCleared())
                    .isEqualTo(1);
            assertThat(member(nodes, 3, "n2").hasStaged()).isFalse();

            assertThat(code(() -> admin(nodes, 1).stageChange(stage(twice.setNode("n9")))))
                    .isEqualTo(Status.Code.NOT_FOUND);
            assertThat(code(() -> admin(nodes, 1).stageChange(stage(twice.setNode("nonsense")))))
                    .isEqualTo(Status.Code.INVALID_ARGUMENT);
            assertThat(code(() -> admin(nodes, 1)
                            .commitPlan(CommitPlanRequest.newBuilder()
                                    .setPlanId("x")
                                    .build())))
                    .isEqualTo(Status.Code.INVALID_ARGUMENT);

            assertThat(limit(nodes, 1 << 20)).isEqualTo(1 << 20);
            assertThat(limit(nodes, 0)).isGreaterThan(1 << 20);
            assertThat(code(() -> limit(nodes, 1000))).isEqualTo(Status.Code.INVALID_ARGUMENT);

            admin(nodes, 1).pauseTransfers(PauseTransfersRequest.getDefaultInstance());
            assertThat(cluster(nodes, 1).getPaused()).isTrue();
            admin(nodes, 1).resumeTransfers(ResumeTransfersRequest.getDefaultInstance());
            assertThat(cluster(nodes, 1).getPaused()).isFalse();

            String words = admin(nodes, 1)
                    .recoverCluster(
                            RecoverClusterRequest.newBuilder().addLost("n3").build())
                    .getConfirmationNeeded();
            assertThat(words).isNotEmpty();
            assertThat(code(() -> admin(nodes, 1)
                            .recoverCluster(RecoverClusterRequest.newBuilder()
                                    .addLost("n3")
                                    .setConfirmation(words)
                                    .build())))
                    .as("a majority of the voters lives")
                    .isEqualTo(Status.Code.FAILED_PRECONDITION);
            assertThat(nodes.fatal).isEmpty();
        }
    }

    private static LinkedBlockingQueue<PipelineResponse> pipeline(LocalNodes nodes, int number) {
        LinkedBlockingQueue<PipelineResponse> heard = new LinkedBlockingQueue<>();
        var unused = KvServiceGrpc.newStub(nodes.channel(nodes.node(number).clientAddress()))
                .pipeline(new StreamObserver<>() {
                    @Override
                    public void onNext(PipelineResponse message) {
                        heard.add(message);
                    }

                    @Override
                    public void onError(Throwable ended) {}

                    @Override
                    public void onCompleted() {}
                });
        return heard;
    }

    private static Status.Code code(Runnable call) {
        StatusRuntimeException failure = catchThrowableOfType(StatusRuntimeException.class, call::run);
        return failure == null ? Status.Code.OK : failure.getStatus().getCode();
    }

    private static long limit(LocalNodes nodes, long bytesPerSecond) {
        return admin(nodes, 1)
                .limitTransfers(LimitTransfersRequest.newBuilder()
                        .setBytesPerSecond(bytesPerSecond)
                        .build())
                .getBytesPerSecond();
    }
}
