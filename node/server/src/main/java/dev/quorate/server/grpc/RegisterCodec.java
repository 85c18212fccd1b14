package dev.quorate.server.grpc;

import com.google.protobuf.ByteString;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Ballot;
import dev.quorate.core.peer.MoveReport;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.RingCodec;
import dev.quorate.core.ring.RingDelta;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.RingUpdate;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.proto.peer.v1.AcceptRing;
import dev.quorate.proto.peer.v1.AcceptedVersion;
import dev.quorate.proto.peer.v1.BallotRefused;
import dev.quorate.proto.peer.v1.FetchRing;
import dev.quorate.proto.peer.v1.MoveReported;
import dev.quorate.proto.peer.v1.MoveVerdict;
import dev.quorate.proto.peer.v1.PeerAnswer;
import dev.quorate.proto.peer.v1.PeerOperation;
import dev.quorate.proto.peer.v1.PrepareRing;
import dev.quorate.proto.peer.v1.ReadAccepted;
import dev.quorate.proto.peer.v1.ReportMove;
import dev.quorate.proto.peer.v1.RingAccepted;
import dev.quorate.proto.peer.v1.RingFetched;
import dev.quorate.proto.peer.v1.RingPromised;
import dev.quorate.proto.peer.v1.TellRing;

/** What nodes say to agree about the ring. Rings travel in core's own bytes. See {@link PeerCodec}. */
final class RegisterCodec {
    private RegisterCodec() {}

    static void encode(PeerRequest.OfTopology request, PeerOperation.Builder operation) {
        if (request instanceof PeerRequest.PrepareRing prepare) {
            operation.setPrepareRing(PrepareRing.newBuilder()
                    .setBallot(message(prepare.ballot()))
                    .setKnown(prepare.known().packed()));
        } else if (request instanceof PeerRequest.AcceptRing accept) {
            operation.setAcceptRing(
                    AcceptRing.newBuilder().setBallot(message(accept.ballot())).setRing(bytes(accept.ring())));
        } else if (request instanceof PeerRequest.ReadAccepted) {
            operation.setReadAccepted(ReadAccepted.getDefaultInstance());
        } else if (request instanceof PeerRequest.FetchRing fetch) {
            operation.setFetchRing(FetchRing.newBuilder().setSince(fetch.since().packed()));
        } else if (request instanceof PeerRequest.TellRing tell) {
            operation.setTellRing(TellRing.newBuilder().setUpdate(message(tell.update())));
        } else if (request instanceof PeerRequest.ReportMove report) {
            operation.setReportMove(message(report.report()));
        } else {
            throw new IllegalStateException("no encoding for " + request.getClass());
        }
    }

    static PeerRequest.OfTopology request(PeerOperation operation) {
        return switch (operation.getOpCase()) {
            case PREPARE_RING ->
                new PeerRequest.PrepareRing(
                        ballot(operation.getPrepareRing().getBallot()),
                        RingVersion.ofPacked(operation.getPrepareRing().getKnown()));
            case ACCEPT_RING ->
                new PeerRequest.AcceptRing(
                        ballot(operation.getAcceptRing().getBallot()),
                        ring(operation.getAcceptRing().getRing()));
            case READ_ACCEPTED -> PeerRequest.ReadAccepted.INSTANCE;
            case FETCH_RING ->
                new PeerRequest.FetchRing(
                        RingVersion.ofPacked(operation.getFetchRing().getSince()));
            case TELL_RING ->
                new PeerRequest.TellRing(update(operation.getTellRing().getUpdate()));
            case REPORT_MOVE -> new PeerRequest.ReportMove(report(operation.getReportMove()));
            default -> throw new IllegalArgumentException("an operation that is not about the ring");
        };
    }

    /** False if the reply is not about the ring. */
    static boolean encode(PeerReply reply, PeerAnswer.Builder answer) {
        if (reply instanceof PeerReply.RingPromised promised) {
            RingPromised.Builder message = RingPromised.newBuilder()
                    .setAccepted(message(promised.accepted()))
                    .setAsKnown(promised.asKnown());
            RingState ring = promised.ring();
            if (ring != null) {
                message.setRing(bytes(ring));
            }
            answer.setRingPromised(message);
        } else if (reply instanceof PeerReply.RingAccepted) {
            answer.setRingAccepted(RingAccepted.getDefaultInstance());
        } else if (reply instanceof PeerReply.BallotRefused refused) {
            answer.setBallotRefused(BallotRefused.newBuilder().setPromised(message(refused.promised())));
        } else if (reply instanceof PeerReply.AcceptedVersion accepted) {
            AcceptedVersion.Builder message = AcceptedVersion.newBuilder();
            RingVersion version = accepted.version();
            if (version != null) {
                message.setVersion(version.packed());
            }
            answer.setAcceptedVersion(message);
        } else if (reply instanceof PeerReply.RingFetched fetched) {
            RingFetched.Builder message = RingFetched.newBuilder();
            RingUpdate update = fetched.update();
            if (update != null) {
                message.setUpdate(message(update));
            }
            answer.setRingFetched(message);
        } else if (reply instanceof PeerReply.MoveReported reported) {
            answer.setMoveReported(MoveReported.newBuilder()
                    .setVerdict(message(reported.verdict()))
                    .setVersion(reported.version().packed()));
        } else {
            return false;
        }
        return true;
    }

    static PeerReply reply(PeerAnswer answer) {
        return switch (answer.getAnswerCase()) {
            case RING_PROMISED -> {
                RingPromised promised = answer.getRingPromised();
                yield new PeerReply.RingPromised(
                        ballot(promised.getAccepted()),
                        promised.hasRing() ? ring(promised.getRing()) : null,
                        promised.getAsKnown());
            }
            case RING_ACCEPTED -> PeerReply.RingAccepted.INSTANCE;
            case BALLOT_REFUSED ->
                new PeerReply.BallotRefused(ballot(answer.getBallotRefused().getPromised()));
            case ACCEPTED_VERSION ->
                new PeerReply.AcceptedVersion(
                        answer.getAcceptedVersion().hasVersion()
                                ? RingVersion.ofPacked(
                                        answer.getAcceptedVersion().getVersion())
                                : null);
            case RING_FETCHED ->
                new PeerReply.RingFetched(
                        answer.getRingFetched().hasUpdate()
                                ? update(answer.getRingFetched().getUpdate())
                                : null);
            case MOVE_REPORTED ->
                new PeerReply.MoveReported(
                        verdict(answer.getMoveReported().getVerdict()),
                        RingVersion.ofPacked(answer.getMoveReported().getVersion()));
            default -> throw new IllegalArgumentException("an answer that is not about the ring");
        };
    }

    private static dev.quorate.proto.peer.v1.Ballot message(Ballot ballot) {
        return dev.quorate.proto.peer.v1.Ballot.newBuilder()
                .setGeneration(ballot.generation())
                .setRound(ballot.round())
                .setNode(ballot.node())
                .build();
    }

    private static Ballot ballot(dev.quorate.proto.peer.v1.Ballot message) {
        return new Ballot(message.getGeneration(), message.getRound(), message.getNode());
    }

    private static ByteString bytes(RingState ring) {
        return ProtoBytes.wrap(RingCodec.encode(ring));
    }

    private static RingState ring(ByteString bytes) {
        return RingCodec.decode(ProtoBytes.copyOf(bytes));
    }

    private static dev.quorate.proto.peer.v1.RingUpdate message(RingUpdate update) {
        dev.quorate.proto.peer.v1.RingUpdate.Builder message = dev.quorate.proto.peer.v1.RingUpdate.newBuilder();
        if (update instanceof RingUpdate.Full full) {
            message.setRing(bytes(full.state()));
        } else if (update instanceof RingUpdate.Changes changes) {
            RingDelta delta = changes.delta();
            message.setChanges(dev.quorate.proto.peer.v1.RingUpdate.Changes.newBuilder()
                    .setBase(delta.base().packed())
                    .setVersion(delta.version().packed())
                    .setChanges(ProtoBytes.wrap(delta.changes())));
        }
        return message.build();
    }

    private static RingUpdate update(dev.quorate.proto.peer.v1.RingUpdate message) {
        return switch (message.getUpdateCase()) {
            case RING -> new RingUpdate.Full(ring(message.getRing()));
            case CHANGES -> {
                dev.quorate.proto.peer.v1.RingUpdate.Changes changes = message.getChanges();
                yield new RingUpdate.Changes(new RingDelta(
                        RingVersion.ofPacked(changes.getBase()),
                        RingVersion.ofPacked(changes.getVersion()),
                        ProtoBytes.copyOf(changes.getChanges())));
            }
            case UPDATE_NOT_SET -> throw new IllegalArgumentException("a ring of no known form");
        };
    }

    private static ReportMove message(MoveReport report) {
        ReportMove.Builder message = ReportMove.newBuilder();
        if (report instanceof MoveReport.Finished finished) {
            message.setFinished(attempt(finished.slot(), finished.moveId(), finished.attempt()));
        } else if (report instanceof MoveReport.Again again) {
            message.setAgain(attempt(again.slot(), again.moveId(), again.attempt()));
        } else if (report instanceof MoveReport.Left left) {
            message.setLeft(left.node().number());
        }
        return message.build();
    }

    private static ReportMove.Attempt attempt(int slot, long moveId, int attempt) {
        return ReportMove.Attempt.newBuilder()
                .setSlot(slot)
                .setMoveId(moveId)
                .setAttempt(attempt)
                .build();
    }

    private static MoveReport report(ReportMove message) {
        return switch (message.getReportCase()) {
            case FINISHED ->
                new MoveReport.Finished(
                        message.getFinished().getSlot(),
                        message.getFinished().getMoveId(),
                        message.getFinished().getAttempt());
            case AGAIN ->
                new MoveReport.Again(
                        message.getAgain().getSlot(),
                        message.getAgain().getMoveId(),
                        message.getAgain().getAttempt());
            case LEFT -> new MoveReport.Left(new NodeId(message.getLeft()));
            case REPORT_NOT_SET -> throw new IllegalArgumentException("a report of no known kind");
        };
    }

    private static MoveVerdict message(MoveReport.Verdict verdict) {
        return switch (verdict) {
            case DONE -> MoveVerdict.MOVE_VERDICT_DONE;
            case NOT_UNDER_WAY -> MoveVerdict.MOVE_VERDICT_NOT_UNDER_WAY;
            case NOT_DRAINED -> MoveVerdict.MOVE_VERDICT_NOT_DRAINED;
            case OVERLOADED -> MoveVerdict.MOVE_VERDICT_OVERLOADED;
            case NO_VOTER_MAJORITY -> MoveVerdict.MOVE_VERDICT_NO_VOTER_MAJORITY;
            case UNKNOWN -> MoveVerdict.MOVE_VERDICT_UNKNOWN;
        };
    }

    private static MoveReport.Verdict verdict(MoveVerdict verdict) {
        return switch (verdict) {
            case MOVE_VERDICT_DONE -> MoveReport.Verdict.DONE;
            case MOVE_VERDICT_NOT_UNDER_WAY -> MoveReport.Verdict.NOT_UNDER_WAY;
            case MOVE_VERDICT_NOT_DRAINED -> MoveReport.Verdict.NOT_DRAINED;
            case MOVE_VERDICT_OVERLOADED -> MoveReport.Verdict.OVERLOADED;
            case MOVE_VERDICT_NO_VOTER_MAJORITY -> MoveReport.Verdict.NO_VOTER_MAJORITY;
            case MOVE_VERDICT_UNKNOWN -> MoveReport.Verdict.UNKNOWN;
            case MOVE_VERDICT_UNSPECIFIED, UNRECOGNIZED ->
                throw new IllegalArgumentException("a verdict of no known kind");
        };
    }
}
