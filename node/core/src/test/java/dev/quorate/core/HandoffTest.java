package dev.quorate.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.handoff.Handoff;
import dev.quorate.core.handoff.HintStatus;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.peer.Mode;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.Result;
import dev.quorate.core.replication.Bucket.BlindWrites;
import dev.quorate.core.replication.ClientAnswer;
import dev.quorate.core.replication.ClientWrite;
import dev.quorate.core.replication.Consistency;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.Table;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.Test;

/** What is kept for an owner comes to it, and is forgotten only then. Five nodes, three of which own the key. */
class HandoffTest {
    /** Longer than settling, jitter and a tick. */
    private static final Duration SOON = Duration.ofSeconds(15);

    private final ManualCluster cluster = new ManualCluster(5, 3, BlindWrites.OVERWRITE_SEEN);
    private final NodeId first = cluster.owners("k").get(0);
    private final NodeId second = cluster.owners("k").get(1);
    private final NodeId third = cluster.owners("k").get(2);
    private final List<NodeId> others = others();

    @Test
    void anOwnerThatComesBackGetsWhatWasKeptForItAndTheKeeperForgetsIt() {
        stop(second, third);
        put("v", 3);
        resume(second, third);
        assertThat(pending()).isEqualTo(2);
        cluster.pass(SOON);
        assertThat(pending()).isZero();
        assertThat(values(second)).containsExactly("v");
        assertThat(values(third)).containsExactly("v");
        for (NodeId other : others) {
            assertThat(read(other, first)).isEqualTo(new PeerReply.ReadReply(null));
        }
    }

    @Test
    void anOwnerKeepsItsOwnCopyWhenItHasHandedItOn() {
        stop(third);
        put("v", 2, Mode.STRICT);
        resume(third);
        cluster.pass(SOON);
        assertThat(pending()).isZero();
        assertThat(values(first)).containsExactly("v");
        assertThat(values(third)).containsExactly("v");
    }

    @Test
    void aNewerHintThatArrivesDuringDeliveryIsDeliveredToo() {
        stop(second);
        put("v", 3);
        resume(second);
        // The owner has taken the first object; before its acknowledgement is back, a newer one is kept for it.
        cluster.hold(message -> isHint(message) && others.contains(message.to()));
        cluster.pass(SOON);
        stop(second);
        put("w", 3);
        resume(second);
        cluster.releaseAll();
        assertThat(pending()).isPositive();
        cluster.pass(SOON);
        assertThat(pending()).isZero();
        assertThat(values(second)).containsExactly("w");
    }

    @Test
    void aRefusalOrASilenceKeepsTheHint() {
        stop(second);
        put("v", 3);
        resume(second);
        cluster.node(second).storage.refuse(Storage.Refusal.OVERLOADED);
        cluster.pass(SOON);
        assertThat(pending()).isEqualTo(1);
        cluster.node(second).storage.refuse(null);
        cluster.hold(HandoffTest::isHint);
        cluster.pass(SOON);
        assertThat(pending()).isEqualTo(1);
        cluster.dropHeld();
        cluster.pass(SOON);
        assertThat(pending()).isZero();
        assertThat(values(second)).containsExactly("v");
    }

    @Test
    void hintsOutliveTheProcess() {
        stop(second, third);
        put("v", 3);
        for (NodeId other : others) {
            cluster.node(other).start();
        }
        assertThat(pending()).isEqualTo(2);
        resume(second, third);
        cluster.pass(SOON);
        assertThat(pending()).isZero();
        assertThat(values(third)).containsExactly("v");
    }

    @Test
    void whatOnlyOthersHoldIsGivenToTheOtherOwnersWhenItsOwnStaysAway() {
        stop(first, second, third);
        NodeId coordinator = others.get(0);
        answer(begin(coordinator, "v", 2, Mode.SLOPPY));
        resume(first);
        cluster.pass(SOON);
        assertThat(values(first)).containsExactly("v");
        resume(second);
        cluster.pass(Duration.ofHours(25));
        assertThat(values(second)).containsExactly("v");
        assertThat(pending()).isZero();
        for (NodeId other : others) {
            assertThat(read(other, first)).isEqualTo(new PeerReply.ReadReply(null));
        }
    }

    @Test
    void aCopyOutsideTheRowStaysUntilAllOtherOwnersHaveIt() {
        stop(third);
        put("v", 3);
        NodeId keeper = keeper().id;
        stop(second);
        // One of the three that acknowledged the write is away, and another is the only one that could take a copy.
        cluster.pass(Duration.ofHours(25));
        assertThat(read(keeper, third)).isNotEqualTo(new PeerReply.ReadReply(null));
        resume(second);
        cluster.pass(SOON);
        assertThat(pendingAt(keeper)).isZero();
        assertThat(read(keeper, third)).isEqualTo(new PeerReply.ReadReply(null));
    }

    @Test
    void whatIsStillInTimeIsNotWalkedOverAgainAndAgain() {
        ManualCluster three = new ManualCluster(3, 3, BlindWrites.OVERWRITE_SEEN);
        ManualCluster.Node keeper = three.node(1);
        three.node(3).stop();
        assertThat(three.write(keeper.id, ManualCluster.put("old", "v", Bytes.EMPTY)))
                .isNotCancelled();
        three.pass(Duration.ofHours(23));
        assertThat(three.write(keeper.id, ManualCluster.put("young", "v", Bytes.EMPTY)))
                .isNotCancelled();
        three.pass(Duration.ofMinutes(90));
        assertThat(keeper.core().handoff().status()).singleElement().matches(status -> status.keys() == 1);
        int before = keeper.storage.scans(Table.HINTS);
        three.pass(Duration.ofMinutes(5));
        assertThat(keeper.storage.scans(Table.HINTS)).isEqualTo(before);
    }

    @Test
    void ownersThatTakeNothingDoNotKeepTheOthersWaiting() {
        ManualCluster six = new ManualCluster(6, 6, BlindWrites.OVERWRITE_SEEN);
        for (int owner = 1; owner <= 5; owner++) {
            six.node(owner).stop();
        }
        assertThat(six.write(new NodeId(6), write("v", 1, Mode.STRICT))).isNotCancelled();
        for (int owner = 1; owner <= 5; owner++) {
            six.node(owner).resume();
            six.node(owner).storage.refuse(owner < 5 ? Storage.Refusal.STORAGE_FULL : null);
        }
        six.pass(SOON);
        assertThat(six.node(6).core().handoff().status())
                .extracting(HintStatus::owner)
                .containsExactly(new NodeId(1), new NodeId(2), new NodeId(3), new NodeId(4));
    }

    @Test
    void aDamagedHintIsDroppedOnlyWhenStorageTakesWrites() {
        stop(second);
        put("v", 3);
        ManualCluster.Node keeper = keeper();
        keeper.storage.damageData();
        keeper.storage.refuse(Storage.Refusal.STORAGE_FULL);
        resume(second);
        cluster.pass(SOON);
        assertThat(pendingAt(keeper.id)).isEqualTo(1);
        keeper.storage.refuse(null);
        cluster.pass(SOON);
        assertThat(pendingAt(keeper.id)).isZero();
    }

    @Test
    void anOperatorMayReplayAtOnceOrPurge() {
        stop(second, third);
        put("v", 3);
        resume(second);
        for (NodeId other : others) {
            cluster.node(other).core().handoff().replay(null);
        }
        cluster.pass(Duration.ofMillis(500));
        assertThat(pending()).isEqualTo(1);
        assertThat(values(second)).containsExactly("v");
        long purged = 0;
        for (NodeId other : others) {
            CompletionStage<Handoff.Purged> dropped =
                    cluster.node(other).core().handoff().purge(third);
            cluster.pass(Duration.ofMillis(1));
            assertThat(dropped.toCompletableFuture()).isDone();
            purged += dropped.toCompletableFuture().join().dropped();
        }
        assertThat(purged).isEqualTo(1);
        assertThat(pending()).isZero();
    }

    @Test
    void aPurgeSaysThatItWasCutShort() {
        stop(second);
        put("v", 3);
        ManualCluster.Node keeper = keeper();
        keeper.storage.refuse(Storage.Refusal.STORAGE_FULL);
        CompletionStage<Handoff.Purged> cutShort = keeper.core().handoff().purge(second);
        cluster.pass(Duration.ofMillis(1));
        assertThat(cutShort.toCompletableFuture().join())
                .isEqualTo(new Handoff.Purged(0, "this node's storage takes no writes"));
        keeper.storage.refuse(null);
        CompletionStage<Handoff.Purged> whole = keeper.core().handoff().purge(second);
        cluster.pass(Duration.ofMillis(1));
        assertThat(whole.toCompletableFuture().join()).isEqualTo(new Handoff.Purged(1, ""));
    }

    @Test
    void aPurgeBeginsWhenThePassUnderWayHasEnded() {
        stop(second);
        put("v", 3);
        ManualCluster.Node keeper = keeper();
        resume(second);
        cluster.hold(message -> isHint(message) && message.to().equals(second));
        cluster.pass(SOON);
        CompletionStage<Handoff.Purged> purged = keeper.core().handoff().purge(second);
        cluster.pass(Duration.ofMillis(1));
        assertThat(purged.toCompletableFuture()).isNotDone();
        cluster.releaseAll();
        cluster.pass(Duration.ofMillis(1));
        assertThat(purged.toCompletableFuture().join()).isEqualTo(new Handoff.Purged(0, ""));
        assertThat(pending()).isZero();
        assertThat(values(second)).containsExactly("v");
    }

    @Test
    void aReceiverGrantsNoMoreThanItTakes() {
        NodeCore receiver = cluster.node(first).core();
        cluster.pass(Duration.ofSeconds(2));
        assertThat(grantedWithin(receiver, Duration.ZERO)).as("saved up").isBetween(90, 110);
        assertThat(grantedWithin(receiver, Duration.ofSeconds(1)))
                .as("a tenth of the most at first")
                .isBetween(490, 600);
        grantedWithin(receiver, Duration.ofSeconds(35));
        assertThat(grantedWithin(receiver, Duration.ofSeconds(1)))
                .as("the most, when nothing speaks against it")
                .isBetween(4_500, 5_100);
        for (int sender = 1; sender <= 5; sender++) {
            cluster.pass(Duration.ofMillis(200));
            PeerReply.HintCredits credits = ask(receiver, new NodeId(sender));
            assertThat(credits.expiresAt() > 0).isEqualTo(credits.keys() > 0);
        }
    }

    @Test
    void aBusyReceiverTakesLess() {
        NodeCore receiver = cluster.node(first).core();
        grantedWithin(receiver, Duration.ofSeconds(40));
        cluster.node(first).storage.load = 80;
        assertThat(grantedWithin(receiver, Duration.ofSeconds(3))).isZero();
        cluster.node(first).storage.load = 0;
        assertThat(grantedWithin(receiver, Duration.ofSeconds(1))).isLessThan(2_000);
    }

    private int grantedWithin(NodeCore receiver, Duration time) {
        int granted = 0;
        for (long millis = 0; millis <= time.toMillis(); millis += 10) {
            PeerReply.HintCredits credits = ask(receiver, second);
            while (credits.keys() > 0) {
                granted += credits.keys();
                credits = ask(receiver, second);
            }
            assertThat(credits.retryAfter()).isPositive();
            cluster.pass(millis < time.toMillis() ? Duration.ofMillis(10) : Duration.ZERO);
        }
        return granted;
    }

    private PeerReply.HintCredits ask(NodeCore receiver, NodeId sender) {
        List<PeerReply> replies = new ArrayList<>();
        receiver.onPeerRequest(
                sender, new PeerRequest.AskHintCredits(1_000_000, 200_000_000), Duration.ofSeconds(1), replies::add);
        assertThat(replies).hasSize(1);
        return (PeerReply.HintCredits) replies.get(0);
    }

    private static boolean isHint(ManualCluster.Message message) {
        return message.request() instanceof PeerRequest.Replicate replicate
                && replicate.cause() == PeerRequest.Cause.HINT;
    }

    private PeerReply read(NodeId at, NodeId standingFor) {
        List<PeerReply> replies = new ArrayList<>();
        cluster.node(at)
                .core()
                .onPeerRequest(
                        first,
                        new PeerRequest.Read(new Key(1, Bytes.utf8("k")), standingFor, PeerRequest.Keyed.ANY_ROW),
                        Duration.ofSeconds(1),
                        replies::add);
        assertThat(replies).hasSize(1);
        return replies.get(0);
    }

    private List<String> values(NodeId at) {
        PeerReply reply = read(at, at);
        assertThat(reply).isInstanceOf(PeerReply.ReadReply.class);
        PeerReply.ReadReply read = (PeerReply.ReadReply) reply;
        return read.object() == null
                ? List.of()
                : read.object().values().stream()
                        .map(sibling -> sibling.value().utf8())
                        .toList();
    }

    private long pending() {
        long keys = 0;
        for (int i = 1; i <= 5; i++) {
            keys += pendingAt(new NodeId(i));
        }
        return keys;
    }

    /** Of the two outside the row, the one that keeps something. */
    private ManualCluster.Node keeper() {
        return cluster.node(others.stream()
                .filter(other -> pendingAt(other) > 0)
                .findFirst()
                .orElseThrow());
    }

    private long pendingAt(NodeId node) {
        return cluster.node(node).core().handoff().status().stream()
                .mapToLong(HintStatus::keys)
                .sum();
    }

    private List<NodeId> others() {
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

    private void resume(NodeId... nodes) {
        for (NodeId node : nodes) {
            cluster.node(node).resume();
        }
    }

    private void put(String value, int w) {
        put(value, w, Mode.SLOPPY);
    }

    private void put(String value, int w, Mode mode) {
        assertThat(answer(begin(first, value, w, mode)).report().coordinator()).isEqualTo(first);
    }

    private CompletableFuture<Result<ClientAnswer>> begin(NodeId at, String value, int w, Mode mode) {
        CompletableFuture<Result<ClientAnswer>> done = cluster.write(at, write(value, w, mode));
        cluster.deliver();
        return done;
    }

    private static ClientWrite write(String value, int w, Mode mode) {
        return new ClientWrite(
                "",
                Bytes.utf8("k"),
                Bytes.utf8(value),
                Bytes.EMPTY,
                Consistency.DEFAULT,
                OptionalInt.of(w),
                OptionalInt.empty(),
                false,
                false,
                Bytes.EMPTY,
                1,
                mode);
    }

    private static ClientAnswer answer(CompletableFuture<Result<ClientAnswer>> done) {
        assertThat(done).isDone();
        return done.join().match(answer -> answer, (Failure failure) -> {
            throw new AssertionError(failure);
        });
    }
}
