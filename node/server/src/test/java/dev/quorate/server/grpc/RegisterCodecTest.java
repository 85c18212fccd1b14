package dev.quorate.server.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Ballot;
import dev.quorate.core.peer.MoveReport;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.RingDelta;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.RingUpdate;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.proto.peer.v1.PeerAnswer;
import dev.quorate.proto.peer.v1.PeerOperation;
import dev.quorate.proto.peer.v1.ReportMove;
import dev.quorate.proto.peer.v1.TellRing;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What nodes say about the ring arrives as it was meant. */
class RegisterCodecTest {
    private static final RingState RING = PeerFixture.ring(2);
    private static final Ballot BALLOT = new Ballot(1, 1L << 40, 7);
    private static final RingVersion LATE = new RingVersion(3, 1L << 40);

    static Stream<PeerRequest> requests() {
        return Stream.of(
                new PeerRequest.PrepareRing(BALLOT, LATE),
                new PeerRequest.AcceptRing(BALLOT, RING),
                PeerRequest.ReadAccepted.INSTANCE,
                new PeerRequest.FetchRing(LATE),
                new PeerRequest.TellRing(new RingUpdate.Full(RING)),
                new PeerRequest.TellRing(
                        new RingUpdate.Changes(new RingDelta(new RingVersion(0, 4), LATE, Bytes.utf8("changes")))),
                new PeerRequest.ReportMove(new MoveReport.Finished(5, 1L << 50, 2)),
                new PeerRequest.ReportMove(new MoveReport.Again(0, 6, 0)),
                new PeerRequest.ReportMove(new MoveReport.Left(new NodeId(4))));
    }

    @ParameterizedTest
    @MethodSource("requests")
    void requestsTravel(PeerRequest request) throws Exception {
        PeerOperation sent = PeerCodec.operation(9, request, Duration.ofSeconds(1));
        assertThat(PeerCodec.request(PeerOperation.parseFrom(sent.toByteArray()))).isEqualTo(request);
    }

    static Stream<PeerReply> replies() {
        return Stream.concat(
                Stream.of(
                        new PeerReply.RingPromised(Ballot.NONE, null, false),
                        new PeerReply.RingPromised(BALLOT, null, true),
                        new PeerReply.RingPromised(BALLOT, RING, false),
                        PeerReply.RingAccepted.INSTANCE,
                        new PeerReply.BallotRefused(BALLOT),
                        new PeerReply.AcceptedVersion(null),
                        new PeerReply.AcceptedVersion(LATE),
                        new PeerReply.RingFetched(null),
                        new PeerReply.RingFetched(new RingUpdate.Full(RING))),
                Stream.of(MoveReport.Verdict.values()).map(verdict -> new PeerReply.MoveReported(verdict, LATE)));
    }

    @ParameterizedTest
    @MethodSource("replies")
    void repliesTravel(PeerReply reply) throws Exception {
        PeerAnswer sent = PeerCodec.answer(9, reply);
        assertThat(PeerCodec.reply(PeerAnswer.parseFrom(sent.toByteArray()))).isEqualTo(reply);
    }

    @Test
    void whatNoNodeSendsIsRefused() {
        for (PeerOperation operation : new PeerOperation[] {
            PeerOperation.newBuilder().setTellRing(TellRing.getDefaultInstance()).build(),
            PeerOperation.newBuilder().setReportMove(ReportMove.getDefaultInstance()).build(),
            PeerOperation.newBuilder()
                    .setReportMove(ReportMove.newBuilder().setLeft(0))
                    .build()
        }) {
            assertThatThrownBy(() -> PeerCodec.request(operation)).isInstanceOf(IllegalArgumentException.class);
        }
    }
}
