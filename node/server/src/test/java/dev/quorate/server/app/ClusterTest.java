package dev.quorate.server.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.ByteString;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.GetClusterRequest;
import dev.quorate.proto.admin.v1.GetRepairStatusRequest;
import dev.quorate.proto.admin.v1.InspectKeyRequest;
import dev.quorate.proto.admin.v1.InspectKeyResponse;
import dev.quorate.proto.admin.v1.InspectServiceGrpc;
import dev.quorate.proto.admin.v1.Member;
import dev.quorate.proto.admin.v1.MemberVerdict;
import dev.quorate.proto.admin.v1.RepairServiceGrpc;
import dev.quorate.proto.kv.v1.Consistency;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.GetResponse;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.proto.kv.v1.PutResponse;
import dev.quorate.proto.kv.v1.ReadOptions;
import dev.quorate.proto.kv.v1.WriteOptions;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Several nodes over real sockets and disks, each with an event loop of its own. */
class ClusterTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    @TempDir
    Path folder;

    @Test
    void threeNodesServeWithOneOfThemGone() throws Exception {
        try (LocalNodes nodes = LocalNodes.start(folder, 3, "")) {
            awaitReachable(nodes, 1, 3);
            awaitReachable(nodes, 2, 3);
            awaitReachable(nodes, 3, 3);

            // Nodes that begin empty answer no reads before they have compared themselves with each other.
            for (int reader = 1; reader <= 3; reader++) {
                KvServiceGrpc.KvServiceBlockingStub kv = nodes.kv(reader);
                await().atMost(SOON)
                        .ignoreExceptionsInstanceOf(StatusRuntimeException.class)
                        .until(() -> kv.get(get("k")).getSiblingsCount() == 0);
            }

            PutResponse put = nodes.kv(1).put(put("k", "v1"));
            assertThat(put.getReport().getAcknowledgements()).isGreaterThanOrEqualTo(2);
            for (int reader = 1; reader <= 3; reader++) {
                assertThat(value(nodes.kv(reader).get(get("k")))).isEqualTo("v1");
            }

            await("everybody hears of everybody")
                    .atMost(SOON)
                    .until(() -> member(nodes, 1, "n3").hasHeartbeatAge()
                            && member(nodes, 3, "n1").hasHeartbeatAge());
            assertThat(member(nodes, 1, "n3").getVerdict()).isEqualTo(MemberVerdict.MEMBER_VERDICT_ALIVE);
            assertThat(member(nodes, 1, "n3").getStartNo()).isEqualTo(1);

            // Who has not heard n3 out by now could not answer a read without it.
            await("nobody is recovering")
                    .atMost(SOON)
                    .until(() -> recovering(nodes, 1) + recovering(nodes, 2) + recovering(nodes, 3) == 0);
            nodes.stop(3);
            assertThat(member(nodes, 1, "n3").getVerdict()).isEqualTo(MemberVerdict.MEMBER_VERDICT_SHUTDOWN);

            // The goodbye closes the stream: the others know before anybody asks.
            await().atMost(SOON).until(() -> reachable(nodes, 1) == 2 && reachable(nodes, 2) == 2);
            PutResponse without = nodes.kv(2)
                    .put(put("k", "v2").toBuilder()
                            .setContext(nodes.kv(1).get(get("k")).getContext())
                            .build());
            assertThat(without.getReport().getNodesList()).containsExactlyInAnyOrder("n1", "n2");
            assertThat(value(nodes.kv(1).get(get("k")))).isEqualTo("v2");
            assertThat(member(nodes, 1, "n3").getUnreachableBecause()).isNotEmpty();

            nodes.startNode(3);
            awaitReachable(nodes, 1, 3);
            awaitReachable(nodes, 3, 3);
            GetRequest all = get("k").toBuilder()
                    .setOptions(ReadOptions.newBuilder().setConsistency(Consistency.CONSISTENCY_ALL))
                    .build();
            assertThat(value(nodes.kv(3).get(all))).isEqualTo("v2");
            await("read repair reaches the node that was away")
                    .atMost(SOON)
                    .until(() -> inspect(nodes, 1, "k").getReplicasList().stream()
                            .noneMatch(InspectKeyResponse.Replica::getBehind));
            assertThat(nodes.fatal).isEmpty();
        }
    }

    @Test
    void aNodeWithAnOlderIdentityTakesABootBeyondWhatTheOthersKnow() throws Exception {
        try (LocalNodes nodes = LocalNodes.start(folder, 3, "")) {
            Path identity = folder.resolve("n3/data/identity");
            byte[] image = Files.readAllBytes(identity);
            for (int start = 2; start <= 3; start++) {
                nodes.stop(3);
                nodes.startNode(3);
            }
            await("the others know the third start")
                    .atMost(SOON)
                    .until(() -> member(nodes, 1, "n3").getStartNo() == 3
                            && member(nodes, 2, "n3").getStartNo() == 3);
            nodes.stop(3);
            Files.write(identity, image);
            nodes.startNode(3);

            await("the fourth, and not the second again")
                    .atMost(SOON)
                    .until(() -> member(nodes, 1, "n3").getStartNo() == 4
                            && member(nodes, 1, "n3").getVerdict() == MemberVerdict.MEMBER_VERDICT_ALIVE);
            assertThat(Files.readString(identity)).contains("startNo 4\n");
            awaitReachable(nodes, 1, 3);
            assertThat(nodes.kv(3).put(put("k", "v")).getReport().getNodesList())
                    .contains("n3");
        }
    }

    @Test
    void withTwoOfThreeGoneAWriteIsRefusedBeforeItBegins() throws Exception {
        try (LocalNodes nodes = LocalNodes.start(folder, 3, "")) {
            awaitReachable(nodes, 1, 3);
            nodes.stop(2);
            nodes.stop(3);
            await().atMost(SOON).until(() -> reachable(nodes, 1) == 1);

            StatusRuntimeException refused = catchThrowableOfType(
                    StatusRuntimeException.class, () -> nodes.kv(1).put(put("k", "v")));

            assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
            com.google.rpc.Status status = StatusProto.fromThrowable(refused);
            ErrorInfo info = status.getDetails(0).unpack(ErrorInfo.class);
            assertThat(info.getReason()).isEqualTo("NOT_ENOUGH_REPLICAS_ALIVE");
            assertThat(info.getMetadataMap()).containsEntry("required", "2").containsEntry("alive", "1");
            assertThat(status.getDetails(1).is(RetryInfo.class)).isTrue();
            assertThat(refused.getStatus().getDescription()).contains("needed 2", "reachable are 1");

            // One replica is enough for whoever says so.
            PutRequest one = put("k", "v").toBuilder()
                    .setOptions(WriteOptions.newBuilder().setW(1))
                    .build();
            assertThat(nodes.kv(1).put(one).getReport().getNodesList()).containsExactly("n1");
            assertThat(nodes.fatal).isEmpty();
        }
    }

    @Test
    void aNodeThatOwnsNoReplicaForwards() throws Exception {
        try (LocalNodes nodes = LocalNodes.start(folder, 4, "")) {
            for (int node = 1; node <= 4; node++) {
                awaitReachable(nodes, node, 4);
            }
            KvServiceGrpc.KvServiceBlockingStub through = nodes.kv(4);
            int elsewhere = 0;
            for (int i = 0; i < 50; i++) {
                PutResponse put = through.put(put("f" + i, "v" + i));
                if (!put.getReport().getCoordinator().equals("n4")) {
                    elsewhere++;
                }
                assertThat(value(through.get(get("f" + i)))).isEqualTo("v" + i);
            }
            assertThat(elsewhere).as("keys of which n4 has no replica").isPositive();
            StatusRuntimeException refused = catchThrowableOfType(
                    StatusRuntimeException.class,
                    () -> through.put(put("f1", "w").toBuilder()
                            .setOptions(WriteOptions.newBuilder().setIfAbsent(true))
                            .build()));
            assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
            assertThat(nodes.fatal).isEmpty();
        }
    }

    @Test
    void nodesThatWereGivenDifferentRingsPart() throws Exception {
        try (LocalNodes nodes = LocalNodes.start(folder, 2, "")) {
            awaitReachable(nodes, 1, 2);
            nodes.stop(2);
            String otherSeed = "ffffffffffffffffffffffffffffffff";
            nodes.startWith(2, nodes.yaml(2, "6c3f8a52-0000-4000-8000-00000000c0de", otherSeed));

            await().atMost(SOON)
                    .until(() -> member(nodes, 1, "n2").getUnreachableBecause().contains("CLUSTER_MISMATCH"));
            assertThat(member(nodes, 1, "n2").getUnreachableBecause()).contains("hashSeed");
            assertThat(member(nodes, 2, "n1").getReachable()).isFalse();
        }
    }

    private static void awaitReachable(LocalNodes nodes, int node, int members) {
        await("n" + node + " reaches all " + members).atMost(SOON).until(() -> reachable(nodes, node) == members);
    }

    private static long reachable(LocalNodes nodes, int node) {
        return members(nodes, node).stream().filter(Member::getReachable).count();
    }

    private static Member member(LocalNodes nodes, int node, String id) {
        return members(nodes, node).stream()
                .filter(member -> member.getId().equals(id))
                .findFirst()
                .orElseThrow();
    }

    private static int recovering(LocalNodes nodes, int node) {
        return RepairServiceGrpc.newBlockingStub(nodes.admin(node))
                .getRepairStatus(GetRepairStatusRequest.getDefaultInstance())
                .getRecoveringSlots();
    }

    private static List<Member> members(LocalNodes nodes, int node) {
        return ClusterServiceGrpc.newBlockingStub(nodes.admin(node))
                .getCluster(GetClusterRequest.getDefaultInstance())
                .getMembersList();
    }

    private static InspectKeyResponse inspect(LocalNodes nodes, int node, String key) {
        return InspectServiceGrpc.newBlockingStub(nodes.admin(node))
                .inspectKey(InspectKeyRequest.newBuilder()
                        .setKey(ByteString.copyFromUtf8(key))
                        .build());
    }

    private static PutRequest put(String key, String value) {
        return PutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8(key))
                .setValue(ByteString.copyFromUtf8(value))
                .build();
    }

    private static GetRequest get(String key) {
        return GetRequest.newBuilder().setKey(ByteString.copyFromUtf8(key)).build();
    }

    private static String value(GetResponse response) {
        assertThat(response.getSiblingsList()).hasSize(1);
        return response.getSiblings(0).getValue().toStringUtf8();
    }
}
