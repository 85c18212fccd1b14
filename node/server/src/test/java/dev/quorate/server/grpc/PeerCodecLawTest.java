package dev.quorate.server.grpc;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Accusation;
import dev.quorate.core.peer.Announcement;
import dev.quorate.core.peer.Ballot;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.peer.GetAnswer;
import dev.quorate.core.peer.GetCommand;
import dev.quorate.core.peer.GossipDigest;
import dev.quorate.core.peer.GossipNews;
import dev.quorate.core.peer.Handover;
import dev.quorate.core.peer.Heartbeat;
import dev.quorate.core.peer.KeyDigest;
import dev.quorate.core.peer.KeyedObject;
import dev.quorate.core.peer.LeafHash;
import dev.quorate.core.peer.Mode;
import dev.quorate.core.peer.MoveReport;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.Report;
import dev.quorate.core.peer.Result;
import dev.quorate.core.peer.SlotRoot;
import dev.quorate.core.peer.WriteAnswer;
import dev.quorate.core.peer.WriteCommand;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingCodec;
import dev.quorate.core.ring.RingDelta;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.RingUpdate;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.core.ring.StagedChange;
import dev.quorate.core.version.Actor;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.Dot;
import dev.quorate.core.version.MalformedException;
import dev.quorate.core.version.Sibling;
import dev.quorate.core.version.VersionedObject;
import dev.quorate.proto.peer.v1.Forwarded;
import dev.quorate.proto.peer.v1.ForwardedFailure;
import dev.quorate.proto.peer.v1.PeerAnswer;
import dev.quorate.proto.peer.v1.PeerKey;
import dev.quorate.proto.peer.v1.PeerOperation;
import dev.quorate.proto.peer.v1.Read;
import dev.quorate.proto.peer.v1.Replicate;
import dev.quorate.proto.peer.v1.ReplicateCause;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PeerCodecLawTest {
    @Test
    void aRequestIsTheSameOnTheOtherSide() {
        forEachSeed(2000, seed -> {
            Random random = new Random(seed);
            PeerRequest request = anyRequest(random);
            long id = random.nextLong();
            Duration timeout = Duration.ofNanos(1000L * (1 + random.nextInt(Integer.MAX_VALUE)));

            PeerOperation sent = PeerCodec.operation(id, request, timeout);
            PeerOperation arrived = parsed(PeerOperation.parser(), sent.toByteString());

            assertThat(arrived.getId()).isEqualTo(id);
            assertThat(PeerCodec.timeout(arrived)).isEqualTo(timeout);
            assertThat(PeerCodec.request(arrived)).isEqualTo(request);
        });
    }

    @Test
    void aReplyIsTheSameOnTheOtherSide() {
        forEachSeed(2000, seed -> {
            Random random = new Random(seed);
            PeerReply reply = anyReply(random);
            long id = random.nextLong();

            PeerAnswer sent = PeerCodec.answer(id, reply);
            PeerAnswer arrived = parsed(PeerAnswer.parser(), sent.toByteString());

            assertThat(arrived.getId()).isEqualTo(id);
            assertThat(PeerCodec.reply(arrived)).isEqualTo(reply);
        });
    }

    @Test
    void everyRefusalAndEveryFailureTravels() {
        for (PeerReply.Refusal refusal : PeerReply.Refusal.values()) {
            PeerReply reply = new PeerReply.Refused(refusal);
            assertThat(PeerCodec.reply(PeerCodec.answer(1, reply))).isEqualTo(reply);
        }
        for (Failure.Kind kind : Failure.Kind.values()) {
            Failure failure = Failure.of(kind).with("required", 2).with("node", "n3");
            PeerReply get = new PeerReply.ForwardedGet(Result.failed(failure));
            PeerReply write = new PeerReply.ForwardedWrite(Result.failed(failure));
            assertThat(PeerCodec.reply(PeerCodec.answer(1, get))).isEqualTo(get);
            assertThat(PeerCodec.reply(PeerCodec.answer(1, write))).isEqualTo(write);
        }
    }

    @Test
    void aFailureOfALaterReleaseIsUnknownAndKeepsItsName() {
        PeerAnswer answer = PeerAnswer.newBuilder()
                .setForwarded(Forwarded.newBuilder()
                        .setFailure(ForwardedFailure.newBuilder()
                                .setKind("MOON_FULL")
                                .setWrite(true)))
                .build();

        assertThat(PeerCodec.reply(answer))
                .isEqualTo(new PeerReply.ForwardedWrite(
                        Result.failed(Failure.of(Failure.Kind.DEADLINE).with("cause", "MOON_FULL"))));
    }

    @Test
    void whatNoNodeSendsIsRefused() {
        PeerKey key = PeerKey.newBuilder()
                .setBucket(1)
                .setKey(ByteString.copyFromUtf8("k"))
                .build();

        assertThatThrownBy(() -> PeerCodec.request(PeerOperation.getDefaultInstance()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> PeerCodec.request(PeerOperation.newBuilder()
                        .setRead(Read.getDefaultInstance())
                        .build()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> PeerCodec.request(PeerOperation.newBuilder()
                        .setReplicate(Replicate.newBuilder()
                                .setKey(key)
                                .setObject(ByteString.copyFromUtf8("junk"))
                                .setCause(ReplicateCause.REPLICATE_CAUSE_CLIENT))
                        .build()))
                .isInstanceOf(MalformedException.class);
        assertThatThrownBy(() -> PeerCodec.reply(PeerAnswer.getDefaultInstance()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> PeerCodec.reply(
                        PeerAnswer.newBuilder().setRefusedValue(99).build()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void damagedBytesAreRefusedInNamedWays() {
        forEachSeed(2000, seed -> {
            Random random = new Random(seed);
            byte[] bytes = PeerCodec.operation(1, anyRequest(random), Duration.ofSeconds(1))
                    .toByteArray();
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            try {
                assertThat(PeerCodec.request(PeerOperation.parseFrom(bytes))).isNotNull();
            } catch (InvalidProtocolBufferException | MalformedException | IllegalArgumentException named) {
                assertThat(named).isNotNull();
            }
        });
    }

    private static <T> T parsed(com.google.protobuf.Parser<T> parser, ByteString bytes) {
        try {
            return parser.parseFrom(bytes);
        } catch (InvalidProtocolBufferException unreadable) {
            throw new AssertionError(unreadable);
        }
    }

    private static PeerRequest anyRequest(Random random) {
        return switch (random.nextInt(20)) {
            case 13 ->
                new PeerRequest.PrepareRing(anyBallot(random), anyRing(random).version());
            case 14 -> new PeerRequest.AcceptRing(anyBallot(random), anyRing(random));
            case 15 -> PeerRequest.ReadAccepted.INSTANCE;
            case 16 -> new PeerRequest.FetchRing(new RingVersion(random.nextInt(3), 1 + random.nextInt(1000)));
            case 17 -> new PeerRequest.TellRing(anyUpdate(random));
            case 18 -> new PeerRequest.ReportMove(anyReportedMove(random));
            case 19 -> new PeerRequest.MoveBegin(random.nextInt(1 << 16), anyHandover(random), random.nextBoolean());
            case 8 -> new PeerRequest.ProbeFor(new NodeId(1 + random.nextInt(1000)));
            case 9 ->
                new PeerRequest.CompareRoots(
                        random.nextInt(17),
                        List.of(
                                new SlotRoot(random.nextInt(1 << 16), random.nextLong(), random.nextInt(1000)),
                                new SlotRoot(random.nextInt(1 << 16), random.nextLong(), random.nextInt(1000))));
            case 10 -> new PeerRequest.CompareLeaves(random.nextInt(1000), 1000, anyLeaves(random));
            case 11 ->
                new PeerRequest.SyncRange(
                        new KeyHash(1, random.nextLong()),
                        new KeyHash(2, random.nextLong()),
                        List.of(
                                new KeyDigest(new KeyHash(1, random.nextLong()), random.nextLong()),
                                new KeyDigest(new KeyHash(2, random.nextLong()), random.nextLong())));
            case 6 -> new PeerRequest.Gossip(anyDigest(random));
            case 7 -> new PeerRequest.GossipDelta(anyNews(random));
            case 0 ->
                new PeerRequest.Replicate(
                        anyKey(random),
                        anyObject(random),
                        PeerRequest.Cause.values()[random.nextInt(PeerRequest.Cause.values().length)],
                        anyNodeOrNone(random),
                        random.nextBoolean() ? PeerRequest.Replicate.NEVER : random.nextLong(),
                        random.nextInt(100),
                        random.nextBoolean() ? null : anyHandover(random));
            case 1 ->
                new PeerRequest.Read(
                        anyKey(random),
                        anyNodeOrNone(random),
                        random.nextInt(100),
                        random.nextBoolean() ? null : anyHandover(random));
            case 12 -> new PeerRequest.Inspect(anyKey(random));
            case 2 -> PeerRequest.Ping.INSTANCE;
            case 4 -> new PeerRequest.AskHintCredits(1 + random.nextInt(1000), random.nextInt(1 << 30));
            case 3 ->
                new PeerRequest.ForwardGet(
                        new GetCommand(anyKey(random), 1 + random.nextInt(5), random.nextInt(5), anyMode(random)),
                        random.nextInt(100));
            default ->
                new PeerRequest.ForwardWrite(
                        new WriteCommand(
                                anyKey(random),
                                random.nextInt(4) == 0 ? null : anyBytes(random, 0, 100),
                                random.nextBoolean() ? null : anyContext(random),
                                1 + random.nextInt(5),
                                random.nextInt(5),
                                random.nextBoolean(),
                                random.nextBoolean(),
                                anyBytes(random, 0, 64),
                                random.nextInt(3),
                                anyMode(random)),
                        random.nextInt(100));
        };
    }

    private static Handover anyHandover(Random random) {
        return new Handover(random.nextLong(), random.nextInt(100));
    }

    private static @Nullable NodeId anyNodeOrNone(Random random) {
        return random.nextBoolean() ? null : new NodeId(1 + random.nextInt(1000));
    }

    private static PeerReply anyReply(Random random) {
        return switch (random.nextInt(21)) {
            case 20 ->
                new PeerReply.VotesRecalled(
                        anyBallot(random),
                        random.nextBoolean() ? null : anyRing(random),
                        anyRing(random).version(),
                        random.nextBoolean());
            case 13 -> new PeerReply.RingPromised(anyBallot(random), anyRing(random), false);
            case 14 -> new PeerReply.RingPromised(Ballot.NONE, null, random.nextBoolean());
            case 15 -> PeerReply.RingAccepted.INSTANCE;
            case 16 -> new PeerReply.BallotRefused(anyBallot(random));
            case 17 ->
                random.nextBoolean()
                        ? new PeerReply.AcceptedVersion(
                                random.nextBoolean() ? null : anyRing(random).version())
                        : new PeerReply.RingFetched(random.nextBoolean() ? null : anyUpdate(random));
            case 18 ->
                new PeerReply.MoveReported(
                        MoveReport.Verdict.values()[random.nextInt(MoveReport.Verdict.values().length)],
                        anyRing(random).version());
            case 19 -> PeerReply.MoveBegun.INSTANCE;
            case 8 -> new PeerReply.Probed(random.nextBoolean());
            case 9 -> new PeerReply.RootsCompared(List.of(random.nextInt(100), 100 + random.nextInt(100)));
            case 10 -> new PeerReply.LeavesCompared(anyLeaves(random));
            case 11 ->
                new PeerReply.RangeSynced(
                        List.of(
                                new KeyedObject(anyKey(random), anyObject(random)),
                                new KeyedObject(anyKey(random), anyObject(random))),
                        List.of(new KeyHash(random.nextLong(), random.nextLong())),
                        new KeyHash(random.nextLong(), random.nextLong()));
            case 6 -> new PeerReply.GossipReply(anyNews(random), List.of(new NodeId(3), new NodeId(7)));
            case 0 -> PeerReply.Replicated.INSTANCE;
            case 1 -> new PeerReply.ReadReply(random.nextInt(4) == 0 ? null : anyObject(random));
            case 2 ->
                new PeerReply.Refused(PeerReply.Refusal.values()[random.nextInt(PeerReply.Refusal.values().length)]);
            case 12 -> new PeerReply.Inspected(random.nextInt(4) == 0 ? null : anyObject(random), anyNodes(random));
            case 3 -> PeerReply.Pong.INSTANCE;
            case 5 ->
                new PeerReply.HintCredits(
                        random.nextInt(100),
                        random.nextInt(1 << 20),
                        random.nextLong(),
                        Duration.ofMillis(random.nextInt(10_000)));
            case 4 ->
                new PeerReply.ForwardedGet(
                        Result.of(new GetAnswer(random.nextInt(4) == 0 ? null : anyObject(random), anyReport(random))));
            default ->
                new PeerReply.ForwardedWrite(Result.of(new WriteAnswer(
                        anyContext(random), random.nextBoolean() ? null : anyObject(random), anyReport(random))));
        };
    }

    private static Ballot anyBallot(Random random) {
        return new Ballot(random.nextInt(3), random.nextInt(1000), 1 + random.nextInt(100));
    }

    private static RingState anyRing(Random random) {
        List<NodeEntry> founders = new ArrayList<>();
        for (int number = 1; number <= 4; number++) {
            Member member = new Member(new NodeId(number), 1 + random.nextInt(2), "dc1", "r1", "h" + number);
            founders.add(new NodeEntry(member, "", "c", "p", "a", NodeStatus.NORMAL));
        }
        RingState ring = RingState.genesis(founders, 1 + random.nextInt(3), random.nextInt(4));
        return random.nextBoolean() ? ring : changed(ring);
    }

    private static RingState changed(RingState ring) {
        return ring.edit()
                .stage(new NodeId(2), new StagedChange.Leave())
                .paused(true)
                .build();
    }

    private static RingUpdate anyUpdate(Random random) {
        RingState ring = anyRing(random);
        RingDelta delta = RingCodec.between(ring, changed(ring));
        return random.nextBoolean() || delta == null ? new RingUpdate.Full(ring) : new RingUpdate.Changes(delta);
    }

    private static MoveReport anyReportedMove(Random random) {
        return switch (random.nextInt(3)) {
            case 0 -> new MoveReport.Finished(random.nextInt(1000), random.nextInt(1000), random.nextInt(3));
            case 1 -> new MoveReport.Again(random.nextInt(1000), random.nextInt(1000), random.nextInt(3));
            default -> new MoveReport.Left(new NodeId(1 + random.nextInt(1000)));
        };
    }

    private static List<LeafHash> anyLeaves(Random random) {
        List<LeafHash> leaves = new ArrayList<>();
        for (int leaf = random.nextInt(50); leaf < 1000; leaf += 1 + random.nextInt(300)) {
            leaves.add(new LeafHash(leaf, random.nextLong(), random.nextInt(10) - 5));
        }
        return leaves;
    }

    private static GossipDigest anyDigest(Random random) {
        long heartbeat = Heartbeat.of(random.nextInt(100), 1 + random.nextInt(100_000));
        return new GossipDigest(
                new int[] {1, 1 + random.nextInt(100) + 1}, new long[] {heartbeat, 0}, new long[] {heartbeat - 1, 0});
    }

    private static GossipNews anyNews(Random random) {
        long heartbeat = Heartbeat.of(random.nextInt(100), 1 + random.nextInt(100_000));
        Announcement said = new Announcement(
                heartbeat,
                random.nextLong(),
                Announcement.Status.SHUTDOWN,
                1,
                random.nextInt(101),
                List.of(new Accusation(new NodeId(2), heartbeat)));
        return new GossipNews(List.of(
                new GossipNews.Item(4, heartbeat, random.nextBoolean() ? null : said),
                new GossipNews.Item(9, heartbeat, said)));
    }

    private static Report anyReport(Random random) {
        return new Report(
                new NodeId(1 + random.nextInt(1000)),
                anyNodes(random),
                1 + random.nextInt(5),
                random.nextInt(5),
                anyNodes(random));
    }

    private static List<NodeId> anyNodes(Random random) {
        List<NodeId> nodes = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            nodes.add(new NodeId(1 + random.nextInt(1000)));
        }
        return nodes;
    }

    private static Mode anyMode(Random random) {
        return random.nextBoolean() ? Mode.SLOPPY : Mode.STRICT;
    }

    private static Key anyKey(Random random) {
        return new Key(1 + random.nextInt(1000), anyBytes(random, 1, 60));
    }

    private static Bytes anyBytes(Random random, int least, int most) {
        byte[] bytes = new byte[least + random.nextInt(most - least + 1)];
        random.nextBytes(bytes);
        return Bytes.owning(bytes);
    }

    private static CausalContext anyContext(Random random) {
        CausalContext context = CausalContext.EMPTY;
        for (int i = random.nextInt(5); i > 0; i--) {
            long from = 1 + random.nextInt(1000);
            context = context.withInterval(anyActor(random), from, from + random.nextInt(10), random.nextInt(1 << 30));
        }
        return context;
    }

    private static VersionedObject anyObject(Random random) {
        CausalContext context = anyContext(random);
        List<Sibling> siblings = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            Dot dot = new Dot(anyActor(random), 2000 + i);
            context = context.withInterval(dot.actor(), dot.sequence(), dot.sequence(), random.nextInt(1 << 30));
            boolean tombstone = random.nextInt(4) == 0;
            siblings.add(new Sibling(
                    dot,
                    random.nextLong(),
                    tombstone ? Sibling.Kind.TOMBSTONE : Sibling.Kind.VALUE,
                    tombstone ? Bytes.EMPTY : anyBytes(random, 0, 100)));
        }
        return VersionedObject.of(context, siblings);
    }

    private static Actor anyActor(Random random) {
        return new Actor(random.nextInt(3), 1 + random.nextInt(5), random.nextInt(3));
    }
}
