package dev.quorate.server.grpc;

import com.google.protobuf.ByteString;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Check;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.peer.GetAnswer;
import dev.quorate.core.peer.GetCommand;
import dev.quorate.core.peer.GossipCodec;
import dev.quorate.core.peer.Handover;
import dev.quorate.core.peer.Mode;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.Report;
import dev.quorate.core.peer.Result;
import dev.quorate.core.peer.WriteAnswer;
import dev.quorate.core.peer.WriteCommand;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.VersionedObject;
import dev.quorate.proto.peer.v1.AskHintCredits;
import dev.quorate.proto.peer.v1.ForwardGet;
import dev.quorate.proto.peer.v1.ForwardWrite;
import dev.quorate.proto.peer.v1.Forwarded;
import dev.quorate.proto.peer.v1.ForwardedFailure;
import dev.quorate.proto.peer.v1.ForwardedGet;
import dev.quorate.proto.peer.v1.ForwardedWrite;
import dev.quorate.proto.peer.v1.Gossip;
import dev.quorate.proto.peer.v1.GossipDelta;
import dev.quorate.proto.peer.v1.GossipReply;
import dev.quorate.proto.peer.v1.HintCredits;
import dev.quorate.proto.peer.v1.Inspect;
import dev.quorate.proto.peer.v1.Inspected;
import dev.quorate.proto.peer.v1.MoveBegin;
import dev.quorate.proto.peer.v1.MoveBegun;
import dev.quorate.proto.peer.v1.PeerAnswer;
import dev.quorate.proto.peer.v1.PeerKey;
import dev.quorate.proto.peer.v1.PeerOperation;
import dev.quorate.proto.peer.v1.PeerRefusal;
import dev.quorate.proto.peer.v1.Ping;
import dev.quorate.proto.peer.v1.Pong;
import dev.quorate.proto.peer.v1.ProbeFor;
import dev.quorate.proto.peer.v1.Probed;
import dev.quorate.proto.peer.v1.Read;
import dev.quorate.proto.peer.v1.ReadReply;
import dev.quorate.proto.peer.v1.Replicate;
import dev.quorate.proto.peer.v1.ReplicateCause;
import dev.quorate.proto.peer.v1.Replicated;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Between core's peer messages and the wire. Objects and contexts travel in core's own canonical bytes. Decoders throw {@link
 * IllegalArgumentException} or {@link dev.quorate.core.version.MalformedException} for what no node of this version sends.
 */
final class PeerCodec {
    private static final long MAX_MICROS = 0xffff_ffffL;
    private static final Replicated REPLICATED = Replicated.getDefaultInstance();

    private PeerCodec() {}

    static PeerOperation operation(long id, PeerRequest request, Duration timeout) {
        long micros = Math.max(1, Math.min(MAX_MICROS, timeout.toNanos() / 1000));
        PeerOperation.Builder operation = PeerOperation.newBuilder().setId(id).setTimeoutMicros((int) micros);
        if (request instanceof PeerRequest.Replicate replicate) {
            operation.setReplicate(replicate(replicate));
        } else if (request instanceof PeerRequest.Read read) {
            Read.Builder message = Read.newBuilder()
                    .setKey(key(read.key()))
                    .setStandingFor(number(read.standingFor()))
                    .setRowEpoch(read.rowEpoch());
            Handover handover = read.handover();
            if (handover != null) {
                message.setHandover(handover(handover));
            }
            operation.setRead(message);
        } else if (request instanceof PeerRequest.Inspect inspect) {
            operation.setInspect(Inspect.newBuilder().setKey(key(inspect.key())));
        } else if (request instanceof PeerRequest.ForwardGet forward) {
            operation.setForwardGet(forwardGet(forward.command()).setRowEpoch(forward.rowEpoch()));
        } else if (request instanceof PeerRequest.ForwardWrite forward) {
            operation.setForwardWrite(forwardWrite(forward.command()).setRowEpoch(forward.rowEpoch()));
        } else if (request instanceof PeerRequest.AskHintCredits asked) {
            operation.setAskHintCredits(
                    AskHintCredits.newBuilder().setKeys(asked.keys()).setBytes(asked.bytes()));
        } else if (request instanceof PeerRequest.Ping) {
            operation.setPing(Ping.getDefaultInstance());
        } else if (request instanceof PeerRequest.ProbeFor probe) {
            operation.setProbeFor(ProbeFor.newBuilder().setTarget(probe.target().number()));
        } else if (request instanceof PeerRequest.Gossip gossip) {
            operation.setGossip(Gossip.newBuilder().setDigest(ProtoBytes.wrap(GossipCodec.encode(gossip.digest()))));
        } else if (request instanceof PeerRequest.GossipDelta delta) {
            operation.setGossipDelta(
                    GossipDelta.newBuilder().setNews(ProtoBytes.wrap(GossipCodec.encode(delta.news()))));
        } else if (request instanceof PeerRequest.CompareRoots roots) {
            operation.setCompareRoots(AntiEntropyCodec.message(roots));
        } else if (request instanceof PeerRequest.CompareLeaves leaves) {
            operation.setCompareLeaves(AntiEntropyCodec.message(leaves));
        } else if (request instanceof PeerRequest.SyncRange range) {
            operation.setSyncRange(AntiEntropyCodec.message(range));
        } else if (request instanceof PeerRequest.MoveBegin begin) {
            operation.setMoveBegin(MoveBegin.newBuilder()
                    .setSlot(begin.slot())
                    .setHandover(handover(begin.handover()))
                    .setHeld(begin.held()));
        } else if (request instanceof PeerRequest.OfTopology ofTopology) {
            RingMessageCodec.put(ofTopology, operation);
        } else {
            throw new IllegalStateException("no encoding for " + request.getClass());
        }
        return operation.build();
    }

    static Duration timeout(PeerOperation operation) {
        return Duration.ofNanos(Integer.toUnsignedLong(operation.getTimeoutMicros()) * 1000);
    }

    static PeerRequest request(PeerOperation operation) {
        return switch (operation.getOpCase()) {
            case REPLICATE -> replicate(operation.getReplicate());
            case READ ->
                new PeerRequest.Read(
                        key(operation.getRead().getKey()),
                        node(operation.getRead().getStandingFor()),
                        operation.getRead().getRowEpoch(),
                        operation.getRead().hasHandover()
                                ? handover(operation.getRead().getHandover())
                                : null);
            case INSPECT -> new PeerRequest.Inspect(key(operation.getInspect().getKey()));
            case FORWARD_GET -> {
                ForwardGet get = operation.getForwardGet();
                yield new PeerRequest.ForwardGet(
                        new GetCommand(
                                key(get.getKey()),
                                positive(get.getR()),
                                notNegative(get.getPr()),
                                mode(get.getSloppy())),
                        get.getRowEpoch());
            }
            case FORWARD_WRITE ->
                new PeerRequest.ForwardWrite(
                        command(operation.getForwardWrite()),
                        operation.getForwardWrite().getRowEpoch());
            case ASK_HINT_CREDITS ->
                new PeerRequest.AskHintCredits(
                        positive(operation.getAskHintCredits().getKeys()),
                        operation.getAskHintCredits().getBytes());
            case PING -> PeerRequest.Ping.INSTANCE;
            case PROBE_FOR ->
                new PeerRequest.ProbeFor(new NodeId(operation.getProbeFor().getTarget()));
            case GOSSIP ->
                new PeerRequest.Gossip(GossipCodec.digest(
                        ProtoBytes.copyOf(operation.getGossip().getDigest())));
            case GOSSIP_DELTA ->
                new PeerRequest.GossipDelta(GossipCodec.news(
                        ProtoBytes.copyOf(operation.getGossipDelta().getNews())));
            case COMPARE_ROOTS -> AntiEntropyCodec.request(operation.getCompareRoots());
            case COMPARE_LEAVES -> AntiEntropyCodec.request(operation.getCompareLeaves());
            case SYNC_RANGE -> AntiEntropyCodec.request(operation.getSyncRange());
            case MOVE_BEGIN ->
                new PeerRequest.MoveBegin(
                        notNegative(operation.getMoveBegin().getSlot()),
                        handover(operation.getMoveBegin().getHandover()),
                        operation.getMoveBegin().getHeld());
            case PREPARE_RING -> RingMessageCodec.request(operation.getPrepareRing());
            case ACCEPT_RING -> RingMessageCodec.request(operation.getAcceptRing());
            case READ_ACCEPTED -> PeerRequest.ReadAccepted.INSTANCE;
            case RECALL_VOTES -> RingMessageCodec.request(operation.getRecallVotes());
            case FETCH_RING -> RingMessageCodec.request(operation.getFetchRing());
            case TELL_RING -> RingMessageCodec.request(operation.getTellRing());
            case REPORT_MOVE -> RingMessageCodec.request(operation.getReportMove());
            case OP_NOT_SET -> throw new IllegalArgumentException("a peer operation of no known kind");
        };
    }

    static PeerAnswer answer(long id, PeerReply reply) {
        PeerAnswer.Builder answer = PeerAnswer.newBuilder().setId(id);
        if (reply instanceof PeerReply.Replicated) {
            answer.setReplicated(REPLICATED);
        } else if (reply instanceof PeerReply.ReadReply read) {
            ReadReply.Builder message = ReadReply.newBuilder();
            VersionedObject object = read.object();
            if (object != null) {
                message.setObject(ProtoBytes.wrap(object.encoded()));
            }
            answer.setRead(message);
        } else if (reply instanceof PeerReply.Inspected inspected) {
            Inspected.Builder message = Inspected.newBuilder();
            VersionedObject object = inspected.object();
            if (object != null) {
                message.setObject(ProtoBytes.wrap(object.encoded()));
            }
            inspected.hintedFor().forEach(owner -> message.addHintedFor(owner.number()));
            answer.setInspected(message);
        } else if (reply instanceof PeerReply.ForwardedGet get) {
            Forwarded forwarded = get.result().match(PeerCodec::forwarded, failure -> forwarded(failure, false));
            answer.setForwarded(forwarded);
        } else if (reply instanceof PeerReply.ForwardedWrite write) {
            Forwarded forwarded = write.result().match(PeerCodec::forwarded, failure -> forwarded(failure, true));
            answer.setForwarded(forwarded);
        } else if (reply instanceof PeerReply.HintCredits credits) {
            answer.setHintCredits(HintCredits.newBuilder()
                    .setKeys(credits.keys())
                    .setBytes(credits.bytes())
                    .setExpiresAt(credits.expiresAt())
                    .setRetryAfterMillis((int) credits.retryAfter().toMillis()));
        } else if (reply instanceof PeerReply.Pong) {
            answer.setPong(Pong.getDefaultInstance());
        } else if (reply instanceof PeerReply.Probed probed) {
            answer.setProbed(Probed.newBuilder().setAnswered(probed.answered()));
        } else if (reply instanceof PeerReply.GossipReply told) {
            GossipReply.Builder message =
                    GossipReply.newBuilder().setNews(ProtoBytes.wrap(GossipCodec.encode(told.news())));
            told.wanted().forEach(node -> message.addWanted(node.number()));
            answer.setGossipReply(message);
        } else if (reply instanceof PeerReply.Refused refused) {
            answer.setRefused(refusal(refused.refusal()));
        } else if (reply instanceof PeerReply.RootsCompared roots) {
            answer.setRootsCompared(AntiEntropyCodec.message(roots));
        } else if (reply instanceof PeerReply.LeavesCompared leaves) {
            answer.setLeavesCompared(AntiEntropyCodec.message(leaves));
        } else if (reply instanceof PeerReply.RangeSynced range) {
            answer.setRangeSynced(AntiEntropyCodec.message(range));
        } else if (reply instanceof PeerReply.MoveBegun) {
            answer.setMoveBegun(MoveBegun.getDefaultInstance());
        } else if (!RingMessageCodec.put(reply, answer)) {
            throw new IllegalStateException("no encoding for " + reply.getClass());
        }
        return answer.build();
    }

    static PeerReply reply(PeerAnswer answer) {
        return switch (answer.getAnswerCase()) {
            case REPLICATED -> PeerReply.Replicated.INSTANCE;
            case READ ->
                new PeerReply.ReadReply(
                        answer.getRead().hasObject() ? object(answer.getRead().getObject()) : null);
            case INSPECTED ->
                new PeerReply.Inspected(
                        answer.getInspected().hasObject()
                                ? object(answer.getInspected().getObject())
                                : null,
                        nodes(answer.getInspected().getHintedForList()));
            case REFUSED -> new PeerReply.Refused(refusal(answer.getRefused()));
            case FORWARDED -> forwarded(answer.getForwarded());
            case HINT_CREDITS -> {
                HintCredits credits = answer.getHintCredits();
                yield new PeerReply.HintCredits(
                        notNegative(credits.getKeys()),
                        notNegative(credits.getBytes()),
                        credits.getExpiresAt(),
                        Duration.ofMillis(notNegative(credits.getRetryAfterMillis())));
            }
            case PONG -> PeerReply.Pong.INSTANCE;
            case PROBED -> new PeerReply.Probed(answer.getProbed().getAnswered());
            case GOSSIP_REPLY ->
                new PeerReply.GossipReply(
                        GossipCodec.news(
                                ProtoBytes.copyOf(answer.getGossipReply().getNews())),
                        answer.getGossipReply().getWantedList().stream()
                                .map(NodeId::new)
                                .toList());
            case ROOTS_COMPARED -> AntiEntropyCodec.reply(answer.getRootsCompared());
            case LEAVES_COMPARED -> AntiEntropyCodec.reply(answer.getLeavesCompared());
            case RANGE_SYNCED -> AntiEntropyCodec.reply(answer.getRangeSynced());
            case MOVE_BEGUN -> PeerReply.MoveBegun.INSTANCE;
            case RING_PROMISED -> RingMessageCodec.reply(answer.getRingPromised());
            case RING_ACCEPTED -> PeerReply.RingAccepted.INSTANCE;
            case BALLOT_REFUSED -> RingMessageCodec.reply(answer.getBallotRefused());
            case ACCEPTED_VERSION -> RingMessageCodec.reply(answer.getAcceptedVersion());
            case VOTES_RECALLED -> RingMessageCodec.reply(answer.getVotesRecalled());
            case RING_FETCHED -> RingMessageCodec.reply(answer.getRingFetched());
            case MOVE_REPORTED -> RingMessageCodec.reply(answer.getMoveReported());
            case ANSWER_NOT_SET -> throw new IllegalArgumentException("a peer answer of no known kind");
        };
    }

    static PeerKey key(Key key) {
        return PeerKey.newBuilder()
                .setBucket(key.bucketId())
                .setKey(ProtoBytes.wrap(key.bytes()))
                .build();
    }

    static Key key(PeerKey key) {
        Check.argument(
                !key.getKey().isEmpty() && key.getKey().size() <= Key.MAX_LENGTH,
                "a key of %s bytes",
                key.getKey().size());
        return new Key(key.getBucket(), ProtoBytes.copyOf(key.getKey()));
    }

    static VersionedObject object(ByteString bytes) {
        return VersionedObject.decode(ProtoBytes.copyOf(bytes));
    }

    private static Replicate replicate(PeerRequest.Replicate request) {
        Replicate.Builder message = Replicate.newBuilder()
                .setKey(key(request.key()))
                .setObject(ProtoBytes.wrap(request.object().encoded()))
                .setCause(
                        switch (request.cause()) {
                            case CLIENT -> ReplicateCause.REPLICATE_CAUSE_CLIENT;
                            case READ_REPAIR -> ReplicateCause.REPLICATE_CAUSE_READ_REPAIR;
                            case HINT -> ReplicateCause.REPLICATE_CAUSE_HINT;
                            case ANTI_ENTROPY -> ReplicateCause.REPLICATE_CAUSE_ANTI_ENTROPY;
                        })
                .setHintFor(number(request.hintFor()))
                .setExpiresAt(request.expiresAt())
                .setRowEpoch(request.rowEpoch());
        Handover handover = request.handover();
        if (handover != null) {
            message.setHandover(handover(handover));
        }
        return message.build();
    }

    private static dev.quorate.proto.peer.v1.Handover handover(Handover handover) {
        return dev.quorate.proto.peer.v1.Handover.newBuilder()
                .setMoveId(handover.moveId())
                .setAttempt(handover.attempt())
                .build();
    }

    private static Handover handover(dev.quorate.proto.peer.v1.Handover message) {
        return new Handover(message.getMoveId(), message.getAttempt());
    }

    private static PeerRequest.Replicate replicate(Replicate message) {
        PeerRequest.Cause cause = switch (message.getCause()) {
            case REPLICATE_CAUSE_CLIENT -> PeerRequest.Cause.CLIENT;
            case REPLICATE_CAUSE_READ_REPAIR -> PeerRequest.Cause.READ_REPAIR;
            case REPLICATE_CAUSE_HINT -> PeerRequest.Cause.HINT;
            case REPLICATE_CAUSE_ANTI_ENTROPY -> PeerRequest.Cause.ANTI_ENTROPY;
            case REPLICATE_CAUSE_UNSPECIFIED, UNRECOGNIZED ->
                throw new IllegalArgumentException("an object sent for no known cause");
        };
        return new PeerRequest.Replicate(
                key(message.getKey()),
                object(message.getObject()),
                cause,
                node(message.getHintFor()),
                message.getExpiresAt(),
                message.getRowEpoch(),
                message.hasHandover() ? handover(message.getHandover()) : null);
    }

    /** No node has number 0. */
    private static int number(@Nullable NodeId node) {
        return node == null ? 0 : node.number();
    }

    private static @Nullable NodeId node(int number) {
        return number == 0 ? null : new NodeId(number);
    }

    private static ForwardGet.Builder forwardGet(GetCommand command) {
        return ForwardGet.newBuilder()
                .setKey(key(command.key()))
                .setR(command.r())
                .setPr(command.pr())
                .setSloppy(command.mode() == Mode.SLOPPY);
    }

    private static ForwardWrite.Builder forwardWrite(WriteCommand command) {
        ForwardWrite.Builder message = ForwardWrite.newBuilder()
                .setKey(key(command.key()))
                .setW(command.w())
                .setPw(command.pw())
                .setIfAbsent(command.ifAbsent())
                .setReturnSiblings(command.returnSiblings())
                .setRequestId(ProtoBytes.wrap(command.requestId()))
                .setAttempt(command.attempt())
                .setSloppy(command.mode() == Mode.SLOPPY);
        Bytes value = command.value();
        if (value != null) {
            message.setValue(ProtoBytes.wrap(value));
        }
        CausalContext seen = command.seen();
        if (seen != null) {
            message.setContext(ProtoBytes.wrap(seen.encoded()));
        }
        return message;
    }

    private static WriteCommand command(ForwardWrite message) {
        return new WriteCommand(
                key(message.getKey()),
                message.hasValue() ? ProtoBytes.copyOf(message.getValue()) : null,
                message.hasContext() ? CausalContext.decode(ProtoBytes.copyOf(message.getContext())) : null,
                positive(message.getW()),
                notNegative(message.getPw()),
                message.getIfAbsent(),
                message.getReturnSiblings(),
                ProtoBytes.copyOf(message.getRequestId()),
                notNegative(message.getAttempt()),
                mode(message.getSloppy()));
    }

    private static Mode mode(boolean sloppy) {
        return sloppy ? Mode.SLOPPY : Mode.STRICT;
    }

    private static Forwarded forwarded(GetAnswer answer) {
        ForwardedGet.Builder get = ForwardedGet.newBuilder();
        VersionedObject object = answer.object();
        if (object != null) {
            get.setObject(ProtoBytes.wrap(object.encoded()));
        }
        return account(answer.report()).setGet(get).build();
    }

    private static Forwarded forwarded(WriteAnswer answer) {
        ForwardedWrite.Builder write = ForwardedWrite.newBuilder()
                .setContext(ProtoBytes.wrap(answer.context().encoded()));
        VersionedObject object = answer.object();
        if (object != null) {
            write.setObject(ProtoBytes.wrap(object.encoded()));
        }
        return account(answer.report()).setWrite(write).build();
    }

    private static Forwarded forwarded(Failure failure, boolean write) {
        return Forwarded.newBuilder()
                .setFailure(ForwardedFailure.newBuilder()
                        .setWrite(write)
                        .setKind(failure.kind().name())
                        .putAllDetails(failure.details()))
                .build();
    }

    private static Forwarded.Builder account(Report report) {
        Forwarded.Builder account = Forwarded.newBuilder()
                .setCoordinator(report.coordinator().number())
                .setRequired(report.required())
                .setPrimaries(report.primaries());
        for (NodeId node : report.acknowledged()) {
            account.addAcknowledged(node.number());
        }
        for (NodeId node : report.hinted()) {
            account.addHinted(node.number());
        }
        return account;
    }

    private static PeerReply forwarded(Forwarded message) {
        return switch (message.getOutcomeCase()) {
            case GET -> {
                ForwardedGet get = message.getGet();
                yield new PeerReply.ForwardedGet(
                        Result.of(new GetAnswer(get.hasObject() ? object(get.getObject()) : null, report(message))));
            }
            case WRITE -> {
                ForwardedWrite write = message.getWrite();
                yield new PeerReply.ForwardedWrite(Result.of(new WriteAnswer(
                        CausalContext.decode(ProtoBytes.copyOf(write.getContext())),
                        write.hasObject() ? object(write.getObject()) : null,
                        report(message))));
            }
            case FAILURE -> {
                Failure failure = failure(message.getFailure());
                yield message.getFailure().getWrite()
                        ? new PeerReply.ForwardedWrite(Result.failed(failure))
                        : new PeerReply.ForwardedGet(Result.failed(failure));
            }
            case OUTCOME_NOT_SET -> throw new IllegalArgumentException("a forwarded operation without an outcome");
        };
    }

    private static Report report(Forwarded message) {
        return new Report(
                new NodeId(message.getCoordinator()),
                nodes(message.getAcknowledgedList()),
                message.getRequired(),
                notNegative(message.getPrimaries()),
                nodes(message.getHintedList()));
    }

    private static List<NodeId> nodes(List<Integer> numbers) {
        List<NodeId> nodes = new ArrayList<>(numbers.size());
        for (int number : numbers) {
            nodes.add(new NodeId(number));
        }
        return nodes;
    }

    private static Failure failure(ForwardedFailure message) {
        SortedMap<String, String> details = new TreeMap<>(message.getDetailsMap());
        for (Failure.Kind kind : Failure.Kind.values()) {
            if (kind.name().equals(message.getKind())) {
                return new Failure(kind, details);
            }
        }
        // A newer node has a reason that this one lacks words for: all that is certain is that nothing is certain.
        return new Failure(Failure.Kind.DEADLINE, details).with("cause", message.getKind());
    }

    private static PeerRefusal refusal(PeerReply.Refusal refusal) {
        return switch (refusal) {
            case NOT_OWNER -> PeerRefusal.PEER_REFUSAL_NOT_OWNER;
            case OVERLOADED -> PeerRefusal.PEER_REFUSAL_OVERLOADED;
            case STORAGE_FULL -> PeerRefusal.PEER_REFUSAL_STORAGE_FULL;
            case CORRUPT -> PeerRefusal.PEER_REFUSAL_CORRUPT;
            case NOT_READY -> PeerRefusal.PEER_REFUSAL_NOT_READY;
            case MALFORMED -> PeerRefusal.PEER_REFUSAL_MALFORMED;
            case HINTS_FULL -> PeerRefusal.PEER_REFUSAL_HINTS_FULL;
            case EXPIRED -> PeerRefusal.PEER_REFUSAL_EXPIRED;
            case STALE_RING -> PeerRefusal.PEER_REFUSAL_STALE_RING;
            case NO_MOVE -> PeerRefusal.PEER_REFUSAL_NO_MOVE;
        };
    }

    private static PeerReply.Refusal refusal(PeerRefusal refusal) {
        return switch (refusal) {
            case PEER_REFUSAL_NOT_OWNER -> PeerReply.Refusal.NOT_OWNER;
            case PEER_REFUSAL_OVERLOADED -> PeerReply.Refusal.OVERLOADED;
            case PEER_REFUSAL_STORAGE_FULL -> PeerReply.Refusal.STORAGE_FULL;
            case PEER_REFUSAL_CORRUPT -> PeerReply.Refusal.CORRUPT;
            case PEER_REFUSAL_NOT_READY -> PeerReply.Refusal.NOT_READY;
            case PEER_REFUSAL_MALFORMED -> PeerReply.Refusal.MALFORMED;
            case PEER_REFUSAL_HINTS_FULL -> PeerReply.Refusal.HINTS_FULL;
            case PEER_REFUSAL_EXPIRED -> PeerReply.Refusal.EXPIRED;
            case PEER_REFUSAL_STALE_RING -> PeerReply.Refusal.STALE_RING;
            case PEER_REFUSAL_NO_MOVE -> PeerReply.Refusal.NO_MOVE;
            case PEER_REFUSAL_UNSPECIFIED, UNRECOGNIZED ->
                throw new IllegalArgumentException("a refusal of no known kind");
        };
    }

    private static int positive(int count) {
        Check.argument(count > 0, "a count of %s", count);
        return count;
    }

    private static int notNegative(int count) {
        Check.argument(count >= 0, "a count of %s", count);
        return count;
    }
}
