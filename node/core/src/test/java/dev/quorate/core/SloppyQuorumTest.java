package dev.quorate.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.antientropy.AntiEntropyConfig;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.peer.Mode;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.Report;
import dev.quorate.core.peer.Result;
import dev.quorate.core.replication.Bucket.BlindWrites;
import dev.quorate.core.replication.ClientAnswer;
import dev.quorate.core.replication.ClientGet;
import dev.quorate.core.replication.ClientWrite;
import dev.quorate.core.replication.Consistency;
import dev.quorate.core.replication.ReplicationConfig;
import dev.quorate.core.storage.Storage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Owners that cannot be had, and who stands in for them. Five nodes, three of which own the key. */
class SloppyQuorumTest {
    private final ManualCluster cluster = new ManualCluster(5, 3, BlindWrites.OVERWRITE_SEEN);
    private final NodeId first = cluster.owners("k").get(0);
    private final NodeId second = cluster.owners("k").get(1);
    private final NodeId third = cluster.owners("k").get(2);
    private final List<NodeId> others = fallbacks();

    @Test
    void anotherNodeStandsInForAnOwnerThatIsAway() {
        stop(second, third);
        Report report = answer(put(first, "v", Mode.SLOPPY, 3, 0)).report();
        assertThat(report.acknowledged()).contains(first).containsAll(others).hasSize(3);
        assertThat(report.primaries()).isEqualTo(1);
        assertThat(report.fallbacks()).isEqualTo(2);
        assertThat(report.hinted()).containsExactlyInAnyOrder(second, third);
        assertThat(report.strict()).isFalse();
        assertThat(hintsAt(others.get(0)) + hintsAt(others.get(1))).isEqualTo(2);
        assertThat(hintsAt(first)).isZero();
    }

    @Test
    void aStrictWriteCountsOwnersOnlyAndSaysBeforehandThatThereAreTooFew() {
        stop(second, third);
        Failure failure = failure(put(first, "v", Mode.STRICT, 2, 0));
        assertThat(failure.kind()).isEqualTo(Failure.Kind.NOT_ENOUGH_REPLICAS_ALIVE);
        assertThat(failure.details()).containsEntry("alive", "1");
        assertThat(hintsAt(others.get(0)) + hintsAt(others.get(1))).isZero();
    }

    @Test
    void aSloppyWriteMayAskForOwnersAmongThoseThatHoldIt() {
        stop(second, third);
        assertThat(failure(put(first, "v", Mode.SLOPPY, 2, 2)).kind())
                .isEqualTo(Failure.Kind.NOT_ENOUGH_REPLICAS_ALIVE);
        cluster.node(second).resume();
        Report report = answer(put(first, "v", Mode.SLOPPY, 2, 2)).report();
        assertThat(report.primaries()).isGreaterThanOrEqualTo(2);
        assertThat(report.strict()).isTrue();
    }

    @Test
    void anOwnerKeepsItselfWhatNobodyStandsInFor() {
        stop(third);
        Report report = answer(put(first, "v", Mode.STRICT, 2, 0)).report();
        assertThat(report.primaries()).isEqualTo(2);
        assertThat(report.hinted()).containsExactly(third);
        assertThat(report.strict()).isTrue();
        assertThat(hintsAt(first)).isEqualTo(1);
    }

    @Test
    void whatThereWasNoRoomToKeepIsNotReportedAsKept() {
        ReplicationConfig d = ReplicationConfig.DEFAULTS;
        ReplicationConfig noRoom = new ReplicationConfig(
                d.defaultTimeout(),
                d.maxTimeout(),
                d.hedgeAfter(),
                d.hedgeBudget(),
                d.compareProbability(),
                d.repairsPerSecond(),
                d.standInAfter(),
                0,
                d.maxRecordBytes(),
                d.maxSiblings());
        ManualCluster three = new ManualCluster(3, 3, BlindWrites.OVERWRITE_SEEN, AntiEntropyConfig.disabled(), noRoom);
        three.node(3).stop();
        CompletableFuture<Result<ClientAnswer>> put =
                three.write(new NodeId(1), ManualCluster.put("k", "v", Bytes.EMPTY));
        three.deliver();
        assertThat(answer(put).report().hinted()).isEmpty();
        assertThat(three.node(1).count("hints_dropped_total")).isEqualTo(1);
    }

    @Test
    void aNodeThatRefusesIsReplacedAtOnceAndASilentOneSoon() {
        cluster.node(second).storage.refuse(Storage.Refusal.STORAGE_FULL);
        cluster.hold(message -> message.to().equals(third));
        CompletableFuture<Result<ClientAnswer>> put = begin(first, "v", Mode.SLOPPY, 3, 0);
        assertThat(put).isNotDone();
        cluster.pass(Duration.ofMillis(120));
        Report report = answer(put).report();
        assertThat(report.acknowledged()).contains(first).containsAll(others);
        assertThat(report.hinted()).containsExactlyInAnyOrder(second, third);
    }

    @Test
    void aRetriedWriteFindsSomebodyToStandInToo() {
        cluster.hold(message -> !message.to().equals(first));
        CompletableFuture<Result<ClientAnswer>> put = begin(first, "v", Mode.SLOPPY, 3, 0, "id", 1);
        cluster.pass(Duration.ofSeconds(3));
        assertThat(failure(put).kind()).isEqualTo(Failure.Kind.QUORUM_NOT_MET);
        cluster.dropHeld();
        stop(second);
        cluster.pass(Duration.ofSeconds(1));
        Report report = answer(begin(first, "v", Mode.SLOPPY, 3, 0, "id", 2)).report();
        assertThat(cluster.node(first).count("retries_driven_total")).isEqualTo(1);
        assertThat(report.acknowledged()).contains(first, third).hasSize(3);
        assertThat(report.hinted()).containsExactly(second);
    }

    @Test
    void aStandInThatHasNoRoomIsReplacedByTheNext() {
        stop(second);
        cluster.node(others.get(0)).storage.refuse(Storage.Refusal.STORAGE_FULL);
        Report report = answer(put(first, "v", Mode.SLOPPY, 3, 0)).report();
        assertThat(report.acknowledged()).contains(first, third).hasSize(3);
        assertThat(report.hinted()).containsExactly(second);
    }

    @Test
    void whoOwnsNothingOfAKeyCoordinatesOnlyWhenNoOwnerCanBeHad() {
        NodeId outsider = others.get(0);
        stop(first, second);
        assertThat(answer(put(outsider, "v", Mode.SLOPPY, 2, 0)).report().coordinator())
                .isEqualTo(third);
        stop(third);
        Report report = answer(put(outsider, "w", Mode.SLOPPY, 2, 0)).report();
        assertThat(report.coordinator()).isEqualTo(outsider);
        assertThat(report.acknowledged()).containsExactlyInAnyOrderElementsOf(others);
        assertThat(report.primaries()).isZero();
        // Two nodes for three owners: the coordinator keeps the write for the one nobody else stands in for.
        assertThat(report.hinted()).containsExactlyInAnyOrder(first, second, third);
        assertThat(failure(put(outsider, "x", Mode.STRICT, 1, 0)).kind())
                .isEqualTo(Failure.Kind.NOT_ENOUGH_REPLICAS_ALIVE);
        assertThat(failure(put(outsider, "x", Mode.SLOPPY, 3, 0)).kind())
                .isEqualTo(Failure.Kind.NOT_ENOUGH_REPLICAS_ALIVE);
    }

    @Test
    void aSloppyReadAsksWhoStandsInAndSaysSo() {
        stop(first, second, third);
        answer(put(others.get(0), "v", Mode.SLOPPY, 2, 0));
        ClientAnswer read = answer(get(others.get(1), Mode.SLOPPY, 2));
        assertThat(read.siblings()).hasSize(1);
        assertThat(read.report().acknowledged()).containsExactlyInAnyOrderElementsOf(others);
        assertThat(read.report().primaries()).isZero();
        assertThat(read.report().strict()).isFalse();
        assertThat(failure(get(others.get(1), Mode.STRICT, 1)).kind())
                .isEqualTo(Failure.Kind.NOT_ENOUGH_REPLICAS_ALIVE);
    }

    @Test
    void aStrictReadNeverCountsWhoStandsIn() {
        stop(second, third);
        answer(put(first, "v", Mode.SLOPPY, 3, 0));
        assertThat(answer(get(first, Mode.STRICT, 1)).report().strict()).isTrue();
        assertThat(failure(get(first, Mode.STRICT, 2)).kind()).isEqualTo(Failure.Kind.NOT_ENOUGH_REPLICAS_ALIVE);
        Report sloppy = answer(get(first, Mode.SLOPPY, 2)).report();
        assertThat(sloppy.primaries()).isEqualTo(1);
        assertThat(sloppy.fallbacks()).isEqualTo(1);
    }

    @Test
    void aDamagedRecordOutsideTheRowIsDroppedOnlyWhenStorageTakesWrites() {
        stop(second);
        answer(put(first, "v", Mode.SLOPPY, 3, 0));
        NodeId keeper =
                others.stream().filter(other -> hintsAt(other) > 0).findFirst().orElseThrow();
        cluster.node(keeper).storage.damageData();
        cluster.node(keeper).storage.refuse(Storage.Refusal.STORAGE_FULL);
        PeerReply corrupt = new PeerReply.Refused(PeerReply.Refusal.CORRUPT);
        assertThat(ask(keeper, new PeerRequest.Read(key(), second, PeerRequest.Keyed.ANY_ROW)))
                .isEqualTo(corrupt);
        cluster.pass(Duration.ofMillis(1));
        cluster.node(keeper).storage.refuse(null);
        assertThat(ask(keeper, new PeerRequest.Read(key(), second, PeerRequest.Keyed.ANY_ROW)))
                .isEqualTo(corrupt);
        assertThat(ask(keeper, new PeerRequest.Read(key(), second, PeerRequest.Keyed.ANY_ROW)))
                .isEqualTo(new PeerReply.ReadReply(null));
    }

    @Test
    void stateIsTakenOutsideTheRowOnlyInTheSteadOfAnOwner() {
        answer(put(first, "v", Mode.STRICT, 3, 0));
        assertThat(ask(others.get(0), new PeerRequest.Read(key(), first, PeerRequest.Keyed.ANY_ROW)))
                .isEqualTo(new PeerReply.ReadReply(null));
        assertThat(ask(others.get(0), PeerRequest.Read.ofOwner(key(), PeerRequest.Keyed.ANY_ROW)))
                .isEqualTo(new PeerReply.Refused(PeerReply.Refusal.NOT_OWNER));
        assertThat(ask(others.get(0), new PeerRequest.Read(key(), others.get(1), PeerRequest.Keyed.ANY_ROW)))
                .isEqualTo(new PeerReply.Refused(PeerReply.Refusal.NOT_OWNER));
    }

    private Key key() {
        return new Key(1, Bytes.utf8("k"));
    }

    private PeerReply ask(NodeId node, PeerRequest request) {
        List<PeerReply> replies = new ArrayList<>();
        cluster.node(node).core().onPeerRequest(first, request, Duration.ofSeconds(1), replies::add);
        assertThat(replies).hasSize(1);
        return replies.get(0);
    }

    private List<NodeId> fallbacks() {
        List<NodeId> found = new ArrayList<>();
        for (int i = 1; i <= 5; i++) {
            if (!cluster.owners("k").contains(new NodeId(i))) {
                found.add(new NodeId(i));
            }
        }
        return found;
    }

    private void stop(NodeId... nodes) {
        for (NodeId node : nodes) {
            cluster.node(node).stop();
        }
    }

    private long hintsAt(NodeId node) {
        return cluster.node(node).count("hints_kept_total");
    }

    private CompletableFuture<Result<ClientAnswer>> begin(NodeId at, String value, Mode mode, int w, int pw) {
        return begin(at, value, mode, w, pw, "", 1);
    }

    private CompletableFuture<Result<ClientAnswer>> begin(
            NodeId at, String value, Mode mode, int w, int pw, String requestId, int attempt) {
        CompletableFuture<Result<ClientAnswer>> done = cluster.write(
                at,
                new ClientWrite(
                        "",
                        Bytes.utf8("k"),
                        Bytes.utf8(value),
                        Bytes.EMPTY,
                        Consistency.DEFAULT,
                        OptionalInt.of(w),
                        OptionalInt.of(pw),
                        false,
                        false,
                        Bytes.utf8(requestId),
                        attempt,
                        mode));
        cluster.deliver();
        return done;
    }

    private CompletableFuture<Result<ClientAnswer>> put(NodeId at, String value, Mode mode, int w, int pw) {
        return begin(at, value, mode, w, pw);
    }

    private CompletableFuture<Result<ClientAnswer>> get(NodeId at, Mode mode, int r) {
        CompletableFuture<Result<ClientAnswer>> done = cluster.node(at)
                .core()
                .get(
                        new ClientGet(
                                "", Bytes.utf8("k"), Consistency.DEFAULT, OptionalInt.of(r), OptionalInt.empty(), mode),
                        null)
                .toCompletableFuture();
        cluster.deliver();
        return done;
    }

    private static ClientAnswer answer(CompletableFuture<Result<ClientAnswer>> done) {
        assertThat(done).isDone();
        return done.join().match(answer -> answer, failure -> {
            throw new AssertionError(failure);
        });
    }

    private static Failure failure(CompletableFuture<Result<ClientAnswer>> done) {
        assertThat(done).isDone();
        return done.join()
                .match(
                        answer -> {
                            throw new AssertionError("answered: " + answer.report());
                        },
                        failure -> failure);
    }
}
