package dev.quorate.server.grpc;

import static dev.quorate.server.grpc.PeerFixture.N1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.replication.ReplicationConfig;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.topology.ChangeOutcome;
import dev.quorate.core.topology.Newcomer;
import dev.quorate.core.topology.Rejection;
import dev.quorate.proto.peer.v1.JoinRequest;
import dev.quorate.proto.peer.v1.JoinResponse;
import dev.quorate.server.system.SystemClock;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who is let in, and what they are told. */
class MembershipGrpcServiceTest {
    private static final String TOKEN = "a-token-of-this-test";
    private static final String UUID = "6c3f8a52-0000-4000-8000-000000000004";
    private static final RingState RING = PeerFixture.ring(2);
    private static final ClusterTerms TERMS = new ClusterTerms(
            N1,
            RING,
            PeerFixture.CLUSTER,
            7,
            "test",
            Bytes.owning(new byte[16]),
            Bytes.utf8("a cluster key of many bytes"),
            List.of(new Bucket("default", 1, 2, 2, 2, Bucket.BlindWrites.SIBLING)),
            ReplicationConfig.DEFAULTS);

    private final List<Newcomer> admitted = new ArrayList<>();
    private ChangeOutcome outcome = new ChangeOutcome.Committed(with(NodeStatus.JOINING));

    /** What the caller hears. */
    private static final class Heard implements StreamObserver<JoinResponse> {
        private JoinResponse response;
        private Throwable failure;

        @Override
        public void onNext(JoinResponse value) {
            response = value;
        }

        @Override
        public void onError(Throwable thrown) {
            failure = thrown;
        }

        @Override
        public void onCompleted() {}
    }

    private static RingState with(NodeStatus status) {
        Member placement = new Member(new NodeId(4), 1.5, "dc1", "r2", "h4");
        return RING.edit()
                .node(new NodeEntry(placement, UUID, "h4:7400", "h4:7401", "h4:7402", status))
                .build();
    }

    private static JoinRequest.Builder request() {
        return JoinRequest.newBuilder()
                .setUuid(UUID)
                .setToken(TOKEN)
                .setClientAddress("h4:7400")
                .setPeerAddress("h4:7401")
                .setAdminAddress("h4:7402")
                .setDatacenter("dc1")
                .setRack("r2")
                .setHost("h4")
                .setWeight(1.5)
                .setProtocolVersion(ClusterIdentity.PROTOCOL_VERSION);
    }

    private Heard ask(Optional<String> token, JoinRequest.Builder request) {
        MembershipGrpcService service = new MembershipGrpcService(
                TERMS,
                token,
                (newcomer, timeout, done) -> {
                    admitted.add(newcomer);
                    done.accept(outcome);
                },
                new SystemClock());
        Heard heard = new Heard();
        service.join(request.build(), heard);
        return heard;
    }

    @Test
    void aNodeWithTheTokenIsToldAllThatMembersShare() {
        Heard heard = ask(Optional.of(TOKEN), request());
        assertThat(admitted)
                .containsExactly(new Newcomer(UUID, 1.5, "dc1", "r2", "h4", "h4:7400", "h4:7401", "h4:7402"));
        ClusterTerms told = ClusterTerms.of(heard.response);
        assertThat(told.node()).isEqualTo(new NodeId(4));
        assertThat(told.ring()).isEqualTo(with(NodeStatus.JOINING));
        assertThat(told).isEqualTo(TERMS.of(new NodeId(4), with(NodeStatus.JOINING)));
        assertThat(ClusterTerms.decode(told.encode())).isEqualTo(told);
    }

    @ParameterizedTest
    @CsvSource({"LEFT", "REMOVED"})
    void aNumberIsNeverGivenOutAgain(NodeStatus status) {
        outcome = new ChangeOutcome.Committed(with(status));
        Heard heard = ask(Optional.of(TOKEN), request());
        assertThat(StatusMapping.reasonOf(heard.failure)).isEqualTo("NODE_REMOVED");
        assertThat(heard.failure).hasMessageContaining("n4");
    }

    @Test
    void whatTheVotersSayIsPassedOn() {
        outcome = new ChangeOutcome.Rejected(Rejection.of(Rejection.Reason.NO_VOTER_MAJORITY));
        assertThat(StatusMapping.reasonOf(ask(Optional.of(TOKEN), request()).failure))
                .isEqualTo("VOTERS_UNAVAILABLE");
        outcome = new ChangeOutcome.Unknown(Rejection.of(Rejection.Reason.NO_VOTER_MAJORITY));
        assertThat(Status.fromThrowable(ask(Optional.of(TOKEN), request()).failure)
                        .getCode())
                .as("asked again, it gets the same number")
                .isEqualTo(Status.Code.UNAVAILABLE);
    }

    @Test
    void whoeverMayNotJoinIsToldWhyAndNobodyElseIsAsked() {
        assertThat(refusal(Optional.empty(), request())).isEqualTo("PERMISSION_DENIED JOIN_REFUSED");
        assertThat(refusal(Optional.of(TOKEN), request().setToken(""))).isEqualTo("PERMISSION_DENIED JOIN_REFUSED");
        assertThat(refusal(Optional.of(TOKEN), request().setToken(TOKEN + "x")))
                .isEqualTo("PERMISSION_DENIED JOIN_REFUSED");
        assertThat(refusal(Optional.of(TOKEN), request().setProtocolVersion(1)))
                .isEqualTo("FAILED_PRECONDITION CLUSTER_MISMATCH");
        for (JoinRequest.Builder bad : List.of(
                request().setUuid("4"),
                request().setWeight(0),
                request().setWeight(Double.NaN),
                request().setRack(""),
                request().setHost("a b"),
                request().setPeerAddress("h4"),
                request().setClientAddress("h4:0"),
                request().setAdminAddress("h".repeat(300) + ":1"))) {
            assertThat(refusal(Optional.of(TOKEN), bad)).isEqualTo("INVALID_ARGUMENT REQUEST_INVALID");
        }
        assertThat(admitted).isEmpty();
    }

    private String refusal(Optional<String> token, JoinRequest.Builder request) {
        Throwable failure = ask(token, request).failure;
        return Status.fromThrowable(failure).getCode() + " " + StatusMapping.reasonOf(failure);
    }
}
