package dev.quorate.core;

import static org.assertj.core.api.Assertions.assertThat;

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
    void whatOnlyOthersHoldIsGivenToAnotherOwnerWhenItsOwnStaysAway() {
        stop(first, second, third);
        NodeId coordinator = others.get(0);
        answer(begin(coordinator, "v", 2, Mode.SLOPPY));
        resume(first);
        cluster.pass(SOON);
        assertThat(values(first)).containsExactly("v");
        assertThat(pending()).isPositive();
        cluster.pass(Duration.ofHours(25));
        assertThat(pending()).isZero();
        for (NodeId other : others) {
            assertThat(read(other, first)).isEqualTo(new PeerReply.ReadReply(null));
        }
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
            CompletionStage<Long> dropped = cluster.node(other).core().handoff().purge(third);
            cluster.pass(Duration.ofMillis(1));
            assertThat(dropped.toCompletableFuture()).isDone();
            purged += dropped.toCompletableFuture().join();
        }
        assertThat(purged).isEqualTo(1);
        assertThat(pending()).isZero();
    }

    @Test
    void aReceiverGrantsNoMoreThanItTakes() {
        NodeCore receiver = cluster.node(first).core();
        cluster.pass(Duration.ofSeconds(2));
        int granted = 0;
        long put = 0;
        for (int i = 0; i < 100; i++) {
            PeerReply.HintCredits credits = ask(receiver, second);
            granted += credits.keys();
            put += credits.keys() == 0 ? 1 : 0;
        }
        assertThat(granted).isBetween(900, 1001);
        assertThat(put).isPositive();
        cluster.pass(Duration.ofMillis(100));
        assertThat(ask(receiver, second).keys()).isEqualTo(64);
        for (int sender = 1; sender <= 5; sender++) {
            cluster.pass(Duration.ofMillis(200));
            PeerReply.HintCredits credits = ask(receiver, new NodeId(sender));
            assertThat(credits.expiresAt() > 0).isEqualTo(credits.keys() > 0);
        }
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
            for (HintStatus status : cluster.node(i).core().handoff().status()) {
                keys += status.keys();
            }
        }
        return keys;
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
        CompletableFuture<Result<ClientAnswer>> done = cluster.write(
                at,
                new ClientWrite(
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
                        mode));
        cluster.deliver();
        return done;
    }

    private static ClientAnswer answer(CompletableFuture<Result<ClientAnswer>> done) {
        assertThat(done).isDone();
        return done.join().match(answer -> answer, (Failure failure) -> {
            throw new AssertionError(failure);
        });
    }
}
