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
import dev.quorate.proto.peer.v1.MoveAttempt;
import dev.quorate.proto.peer.v1.MoveReported;
import dev.quorate.proto.peer.v1.MoveVerdict;
import dev.quorate.proto.peer.v1.PeerAnswer;
import dev.quorate.proto.peer.v1.PeerOperation;
import dev.quorate.proto.peer.v1.PrepareRing;
import dev.quorate.proto.peer.v1.ReadAccepted;
import dev.quorate.proto.peer.v1.RecallVotes;
import dev.quorate.proto.peer.v1.ReportMove;
import dev.quorate.proto.peer.v1.RingAccepted;
import dev.quorate.proto.peer.v1.RingBallot;
import dev.quorate.proto.peer.v1.RingChanges;
import dev.quorate.proto.peer.v1.RingFetched;
import dev.quorate.proto.peer.v1.RingPromised;
import dev.quorate.proto.peer.v1.TellRing;
import dev.quorate.proto.peer.v1.VotesRecalled;

/** What nodes say about the ring. Rings travel in core's own bytes. */
final class RingMessageCodec {
    private static final long NOTHING = 0;

    private RingMessageCodec() {}

    static void put(PeerRequest.OfTopology request, PeerOperation.Builder operation) {
        if (request instanceof PeerRequest.PrepareRing prepare) {
            operation.setPrepareRing(PrepareRing.newBuilder()
                    .setBallot(ballot(prepare.ballot()))
                    .setKnown(prepare.known().packed()));
        } else if (request instanceof PeerRequest.AcceptRing accept) {
            operation.setAcceptRing(
                    AcceptRing.newBuilder().setBallot(ballot(accept.ballot())).setRing(ring(accept.ring())));
        } else if (request instanceof PeerRequest.ReadAccepted) {
            operation.setReadAccepted(ReadAccepted.getDefaultInstance());
        } else if (request instanceof PeerRequest.RecallVotes recall) {
            operation.setRecallVotes(RecallVotes.newBuilder().setBallot(ballot(recall.ballot())));
        } else if (request instanceof PeerRequest.FetchRing fetch) {
            operation.setFetchRing(FetchRing.newBuilder().setSince(fetch.since().packed()));
        } else if (request instanceof PeerRequest.TellRing told) {
            operation.setTellRing(TellRing.newBuilder().setUpdate(update(told.update())));
        } else if (request instanceof PeerRequest.ReportMove reported) {
            operation.setReportMove(report(reported.report()));
        } else {
            throw new IllegalStateException("no encoding for " + request.getClass());
        }
    }

    static PeerRequest request(PrepareRing message) {
        return new PeerRequest.PrepareRing(ballot(message.getBallot()), RingVersion.ofPacked(message.getKnown()));
    }

    static PeerRequest request(AcceptRing message) {
        return new PeerRequest.AcceptRing(ballot(message.getBallot()), ring(message.getRing()));
    }

    static PeerRequest request(RecallVotes message) {
        return new PeerRequest.RecallVotes(ballot(message.getBallot()));
    }

    static PeerRequest request(FetchRing message) {
        return new PeerRequest.FetchRing(RingVersion.ofPacked(message.getSince()));
    }

    static PeerRequest request(TellRing message) {
        return new PeerRequest.TellRing(update(message.getUpdate()));
    }

    static PeerRequest request(ReportMove message) {
        return new PeerRequest.ReportMove(
                switch (message.getReportCase()) {
                    case FINISHED -> {
                        MoveAttempt move = message.getFinished();
                        yield new MoveReport.Finished(move.getSlot(), move.getMove(), move.getAttempt());
                    }
                    case AGAIN -> {
                        MoveAttempt move = message.getAgain();
                        yield new MoveReport.Again(move.getSlot(), move.getMove(), move.getAttempt());
                    }
                    case LEFT -> new MoveReport.Left(new NodeId(message.getLeft()));
                    case REPORT_NOT_SET -> throw new IllegalArgumentException("a report of no known kind");
                });
    }

    /** Returns false if that is no reply about the ring. */
    static boolean put(PeerReply reply, PeerAnswer.Builder answer) {
        if (reply instanceof PeerReply.RingPromised promised) {
            RingPromised.Builder message = RingPromised.newBuilder()
                    .setAccepted(ballot(promised.accepted()))
                    .setAsKnown(promised.asKnown());
            RingState ring = promised.ring();
            if (ring != null) {
                message.setRing(ring(ring));
            }
            answer.setRingPromised(message);
        } else if (reply instanceof PeerReply.RingAccepted) {
            answer.setRingAccepted(RingAccepted.getDefaultInstance());
        } else if (reply instanceof PeerReply.BallotRefused refused) {
            answer.setBallotRefused(BallotRefused.newBuilder().setPromised(ballot(refused.promised())));
        } else if (reply instanceof PeerReply.VotesRecalled recalled) {
            VotesRecalled.Builder message = VotesRecalled.newBuilder()
                    .setAccepted(ballot(recalled.accepted()))
                    .setAdopted(recalled.adopted().packed())
                    .setForgetful(recalled.forgetful());
            RingState ring = recalled.ring();
            if (ring != null) {
                message.setRing(ring(ring));
            }
            answer.setVotesRecalled(message);
        } else if (reply instanceof PeerReply.AcceptedVersion accepted) {
            RingVersion version = accepted.version();
            answer.setAcceptedVersion(
                    AcceptedVersion.newBuilder().setVersion(version == null ? NOTHING : version.packed()));
        } else if (reply instanceof PeerReply.RingFetched fetched) {
            RingFetched.Builder message = RingFetched.newBuilder();
            RingUpdate update = fetched.update();
            if (update != null) {
                message.setUpdate(update(update));
            }
            answer.setRingFetched(message);
        } else if (reply instanceof PeerReply.MoveReported reported) {
            answer.setMoveReported(MoveReported.newBuilder()
                    .setVerdict(verdict(reported.verdict()))
                    .setVersion(reported.version().packed()));
        } else {
            return false;
        }
        return true;
    }

    static PeerReply reply(RingPromised message) {
        return new PeerReply.RingPromised(
                ballot(message.getAccepted()),
                message.hasRing() ? ring(message.getRing()) : null,
                message.getAsKnown());
    }

    static PeerReply reply(BallotRefused message) {
        return new PeerReply.BallotRefused(ballot(message.getPromised()));
    }

    static PeerReply reply(VotesRecalled message) {
        return new PeerReply.VotesRecalled(
                ballot(message.getAccepted()),
                message.hasRing() ? ring(message.getRing()) : null,
                RingVersion.ofPacked(message.getAdopted()),
                message.getForgetful());
    }

    static PeerReply reply(AcceptedVersion message) {
        return new PeerReply.AcceptedVersion(
                message.getVersion() == NOTHING ? null : RingVersion.ofPacked(message.getVersion()));
    }

    static PeerReply reply(RingFetched message) {
        return new PeerReply.RingFetched(message.hasUpdate() ? update(message.getUpdate()) : null);
    }

    static PeerReply reply(MoveReported message) {
        return new PeerReply.MoveReported(verdict(message.getVerdict()), RingVersion.ofPacked(message.getVersion()));
    }

    private static RingBallot ballot(Ballot ballot) {
        return RingBallot.newBuilder()
                .setGeneration(ballot.generation())
                .setRound(ballot.round())
                .setNode(ballot.node())
                .build();
    }

    private static Ballot ballot(RingBallot message) {
        return new Ballot(message.getGeneration(), message.getRound(), message.getNode());
    }

    private static ByteString ring(RingState ring) {
        return ProtoBytes.wrap(RingCodec.encode(ring));
    }

    private static RingState ring(ByteString bytes) {
        return RingCodec.decode(ProtoBytes.copyOf(bytes));
    }

    private static dev.quorate.proto.peer.v1.RingUpdate update(RingUpdate update) {
        dev.quorate.proto.peer.v1.RingUpdate.Builder message = dev.quorate.proto.peer.v1.RingUpdate.newBuilder();
        if (update instanceof RingUpdate.Full full) {
            message.setRing(ring(full.state()));
        } else if (update instanceof RingUpdate.Changes changes) {
            RingDelta delta = changes.delta();
            message.setChanges(RingChanges.newBuilder()
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
                RingChanges changes = message.getChanges();
                yield new RingUpdate.Changes(new RingDelta(
                        RingVersion.ofPacked(changes.getBase()),
                        RingVersion.ofPacked(changes.getVersion()),
                        ProtoBytes.copyOf(changes.getChanges())));
            }
            case UPDATE_NOT_SET -> throw new IllegalArgumentException("a ring in no known form");
        };
    }

    private static ReportMove report(MoveReport report) {
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

    private static MoveAttempt attempt(int slot, long move, int attempt) {
        return MoveAttempt.newBuilder()
                .setSlot(slot)
                .setMove(move)
                .setAttempt(attempt)
                .build();
    }

    private static MoveVerdict verdict(MoveReport.Verdict verdict) {
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
            // A later release has a word for it that this one lacks.
            case MOVE_VERDICT_UNKNOWN, MOVE_VERDICT_UNSPECIFIED, UNRECOGNIZED -> MoveReport.Verdict.UNKNOWN;
        };
    }
}
