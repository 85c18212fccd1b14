package dev.quorate.core;

import static dev.quorate.core.ManualCluster.put;
import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.antientropy.AntiEntropyConfig;
import dev.quorate.core.antientropy.RepairStatus;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.Result;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.replication.ClientAnswer;
import dev.quorate.core.replication.ClientWrite;
import dev.quorate.core.storage.LeafDelta;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Replicas that differ become equal without anybody reading or writing; a node that lost its disk keeps quiet until then. */
class AntiEntropyTest {
    private static final AntiEntropyConfig SOON = new AntiEntropyConfig(
            true,
            Duration.ofSeconds(30),
            Duration.ofSeconds(2),
            Duration.ofSeconds(1),
            Duration.ofSeconds(5),
            4,
            50_000,
            32 << 20,
            Duration.ofDays(14));

    private final List<PeerRequest> seen = new ArrayList<>();
    private final ManualCluster cluster = new ManualCluster(3, 3, Bucket.BlindWrites.OVERWRITE_SEEN, SOON);

    private AntiEntropyTest() {
        // A new cluster: each meets the others once.
        cluster.pass(Duration.ofSeconds(20));
    }

    @Test
    void aReplicaThatMissedWritesCatchesUpByItself() {
        missedBy(3, "a", "b", "c");
        assertThat(records(3)).isZero();
        cluster.pass(Duration.ofMinutes(1));
        assertThat(records(3)).isEqualTo(3);
        assertAllEqual();
    }

    @Test
    void hintsGoFirstAndLeaveNothingToCompare() {
        missedByOneThatIsAway(3, "a", "b", "c");
        cluster.hold(message -> {
            seen.add(message.request());
            return isHint(message);
        });
        cluster.pass(Duration.ofSeconds(25));
        assertThat(records(3)).isZero();
        long between12 =
                seen.stream().filter(PeerRequest.CompareRoots.class::isInstance).count();
        cluster.dropHeld();
        cluster.pass(Duration.ofSeconds(50));
        assertAllEqual();
        assertThat(between12)
                .as("of n1 and n2, which keep nothing for each other")
                .isLessThanOrEqualTo(4);
        for (int node = 1; node <= 3; node++) {
            assertThat(cluster.node(node).count("anti_entropy_keys_compared_total"))
                    .isZero();
        }
    }

    @Test
    void hintsThatDoNotArriveAreNotWaitedForForEver() {
        missedByOneThatIsAway(3, "a", "b", "c");
        cluster.hold(AntiEntropyTest::isHint);
        cluster.pass(Duration.ofMinutes(1));
        assertThat(records(3)).isEqualTo(3);
        assertAllEqual();
    }

    @Test
    void anOperatorNeedNotWaitForHints() {
        missedByOneThatIsAway(3, "a", "b");
        cluster.hold(AntiEntropyTest::isHint);
        cluster.pass(Duration.ofSeconds(1));
        cluster.node(1).core().repair(null);
        cluster.pass(Duration.ofSeconds(5));
        assertThat(records(3)).isEqualTo(2);
    }

    private void missedByOneThatIsAway(int number, String... keys) {
        cluster.node(number).stop();
        int coordinator = number;
        for (String key : keys) {
            // Both of the others in turn: each keeps hints.
            coordinator = coordinator % 3 + 1 == number ? number % 3 + 1 : coordinator % 3 + 1;
            assertThat(cluster.write(new NodeId(coordinator), put(key, "v", Bytes.EMPTY)))
                    .isNotCancelled();
            cluster.deliver();
        }
        // So that the others notice.
        cluster.pass(Duration.ofSeconds(2));
        cluster.node(number).resume();
    }

    private static boolean isHint(ManualCluster.Message message) {
        return message.request() instanceof PeerRequest.Replicate replicate
                && replicate.cause() == PeerRequest.Cause.HINT;
    }

    @Test
    void twoThatMissedSomethingOfEachOtherBothCatchUp() {
        missedBy(3, "a", "shared");
        // The other way round, with one key in both: what n3 sends is lost.
        assertThat(cluster.write(new NodeId(3), put("shared", "alone", Bytes.EMPTY)))
                .isNotDone();
        cluster.node(1).stop();
        cluster.node(2).stop();
        cluster.pass(Duration.ofSeconds(3));
        cluster.node(1).resume();
        cluster.node(2).resume();
        cluster.pass(Duration.ofMinutes(2));
        assertAllEqual();
        assertThat(records(1)).isEqualTo(2);
    }

    @Test
    void aPeerThatTakesNothingIsNotOfferedEverythingAgainAndAgain() {
        missedBy(3, "a", "b", "c", "d", "e", "f", "g", "h");
        for (int number = 1; number <= 3; number++) {
            cluster.node(number).storage.pagesOf(1);
        }
        cluster.node(3).storage.refuse(Storage.Refusal.STORAGE_FULL);
        watch();
        cluster.pass(Duration.ofMinutes(2));
        long offered = seen.stream()
                .filter(request -> request instanceof PeerRequest.Replicate replicate
                        && replicate.cause() == PeerRequest.Cause.ANTI_ENTROPY)
                .count();
        // Requests and answers, by each of two nodes, about as often as one exchange follows another if all is well.
        assertThat(offered).isBetween(2L, 40L);
        cluster.node(3).storage.refuse(null);
        cluster.pass(Duration.ofMinutes(2));
        assertAllEqual();
    }

    @Test
    void equalReplicasExchangeRootsOnly() {
        for (int i = 0; i < 50; i++) {
            assertThat(cluster.write(new NodeId(1), put("k" + i, "v", Bytes.EMPTY)))
                    .isNotCancelled();
            cluster.deliver();
        }
        cluster.pass(Duration.ofSeconds(90));
        watch();
        cluster.pass(Duration.ofMinutes(5));
        assertThat(seen).isNotEmpty().allMatch(request -> request instanceof PeerRequest.CompareRoots);
    }

    @Test
    void whoAsksForAnExchangeWhileOneIsUnderWayGetsAnother() {
        long before = exchangesOfTheFirstWithTheThird();
        cluster.hold(message -> message.to().number() == 3);
        assertThat(cluster.node(1).core().repair(new NodeId(3))).isEqualTo(1);
        cluster.pass(Duration.ofSeconds(1));
        assertThat(cluster.node(1).core().repair(new NodeId(3))).isEqualTo(1);
        cluster.releaseAll();
        cluster.pass(Duration.ofSeconds(2));
        assertThat(exchangesOfTheFirstWithTheThird()).isEqualTo(before + 2);
    }

    private long exchangesOfTheFirstWithTheThird() {
        return status(1).peers().stream()
                .filter(peer -> peer.node().number() == 3)
                .mapToLong(RepairStatus.Peer::completedExchanges)
                .sum();
    }

    @Test
    void aWriteUnderWayIsNoDifference() {
        cluster.hold(message -> message.request() instanceof PeerRequest.Replicate
                && message.to().number() == 3);
        assertThat(cluster.write(new NodeId(1), put("k", "v", Bytes.EMPTY))).isNotCancelled();
        cluster.deliver();
        long before = cluster.node(1).count("anti_entropy_exchanges_total");
        assertThat(cluster.node(1).core().repair(new NodeId(3))).isEqualTo(1);
        cluster.pass(Duration.ofSeconds(1));
        cluster.releaseAll();
        cluster.pass(Duration.ofSeconds(5));
        assertThat(cluster.node(1).count("anti_entropy_exchanges_total")).isGreaterThan(before);
        assertThat(cluster.node(1).count("anti_entropy_keys_compared_total")).isZero();
    }

    @Test
    void aWipedNodeAnswersNoReadsUntilItHasHeardTheOthersOut() {
        missedBy(0, "a", "b");
        cluster.node(3).stop();
        cluster.node(2).stop();
        cluster.node(1).storage.clear();
        cluster.node(1).start();
        cluster.node(3).resume();
        cluster.pass(Duration.ofSeconds(10));
        assertThat(records(1)).isEqualTo(2);
        assertThat(status(1).recoveringSlots()).isEqualTo(8);

        // It has all that n3 knows, and still does not say so.
        assertThat(cluster.get(new NodeId(1), "a", 1)).isNotNull();
        assertThat(cluster.node(1).count("reads_while_recovering_total")).isEqualTo(1);

        cluster.node(2).resume();
        cluster.pass(Duration.ofSeconds(10));
        assertThat(status(1).recoveringSlots()).isZero();
        assertThat(cluster.get(new NodeId(1), "a", 1)).isCompleted();
        assertThat(cluster.node(1).count("reads_while_recovering_total")).isEqualTo(1);
        // Also not after a restart.
        cluster.node(1).start();
        cluster.deliver();
        assertThat(status(1).recoveringSlots()).isZero();
    }

    @Test
    void aRecoveringNodeIsThroughAlsoWhenItsStorageTakesNothing() {
        cluster.node(1).storage.clear();
        cluster.node(1).start();
        cluster.deliver();
        cluster.node(1).storage.refuse(Storage.Refusal.OVERLOADED);
        cluster.pass(Duration.ofSeconds(10));
        assertThat(status(1).recoveringSlots()).isZero();
    }

    @Test
    void aWipedNodeWaitsNotForEveryLeafThatTheOtherPeerHasExplained() {
        String[] keys = IntStream.range(0, 1000).mapToObj(i -> "k" + i).toArray(String[]::new);
        missedBy(0, keys);
        cluster.node(3).storage.clear();
        cluster.node(3).start();
        cluster.pass(Duration.ofSeconds(2));
        assertThat(records(3)).isEqualTo(keys.length);
        assertThat(status(3).recoveringSlots()).isZero();
    }

    @Test
    void aWipedNodeDoesNotTakeItsEmptinessForAnAbsence() {
        missedBy(0, "a");
        cluster.node(3).stop();
        cluster.node(1).storage.clear();
        cluster.node(1).start();
        cluster.pass(Duration.ofSeconds(5));
        CompletableFuture<Result<ClientAnswer>> answer = cluster.write(new NodeId(1), ifAbsent("a"));
        cluster.pass(Duration.ofSeconds(1));
        assertThat(answer.join().<Failure.Kind>match(answered -> null, Failure::kind))
                .isEqualTo(Failure.Kind.PRECONDITION_FAILED);
    }

    @Test
    void aWipedNodeDoesNotTakeItForOneEitherWhenAnotherAsks() {
        ManualCluster five = new ManualCluster(5, 3, Bucket.BlindWrites.OVERWRITE_SEEN, SOON);
        five.pass(Duration.ofSeconds(20));
        List<NodeId> owners = five.owners("a");
        NodeId outsider = IntStream.rangeClosed(1, 5)
                .mapToObj(NodeId::new)
                .filter(node -> !owners.contains(node))
                .findFirst()
                .orElseThrow();
        assertThat(five.write(owners.get(0), put("a", "v", Bytes.EMPTY))).isNotCancelled();
        five.deliver();
        five.node(owners.get(1)).stop();
        five.hold(message -> message.request() instanceof PeerRequest.SyncRange);
        five.node(owners.get(0)).storage.clear();
        five.node(owners.get(0)).start();
        five.pass(Duration.ofSeconds(5));
        // Whichever owner each of them is handed to first.
        for (int i = 0; i < 8; i++) {
            CompletableFuture<Result<ClientAnswer>> answer = five.write(outsider, ifAbsent("a"));
            five.pass(Duration.ofSeconds(1));
            assertThat(answer.join().<Failure.Kind>match(answered -> null, Failure::kind))
                    .isEqualTo(Failure.Kind.PRECONDITION_FAILED);
        }
        five.node(owners.get(2)).stop();
        CompletableFuture<Result<ClientAnswer>> answer = five.write(outsider, ifAbsent("a"));
        five.pass(Duration.ofSeconds(1));
        assertThat(answer.join().<Failure.Kind>match(answered -> null, Failure::kind))
                .isEqualTo(Failure.Kind.NODE_STARTING);
    }

    private static ClientWrite ifAbsent(String key) {
        ClientWrite put = put(key, "w", Bytes.EMPTY);
        return new ClientWrite(
                put.bucket(),
                put.key(),
                put.value(),
                put.contextToken(),
                put.consistency(),
                put.w(),
                put.pw(),
                false,
                true,
                put.requestId(),
                1,
                null);
    }

    @Test
    void aLeafThatDoesNotAgreeWithItsRecordsIsComputedAgain() {
        missedBy(0, "a");
        assertThat(cluster.node(2)
                        .storage
                        .commit(new WriteBatch().andAdd(new LeafDelta(17, 99, 1)))
                        .toCompletableFuture())
                .isCompleted();
        cluster.node(2).start();
        cluster.pass(Duration.ofMinutes(2));
        assertThat(cluster.node(2).count("merkle_leaves_corrected_total")).isEqualTo(1);
        assertAllEqual();
        watch();
        cluster.pass(Duration.ofMinutes(2));
        assertThat(seen).isNotEmpty().allMatch(request -> request instanceof PeerRequest.CompareRoots);
    }

    @Test
    void aSlotOfWrongLeavesIsComputedAgainWithTimeForOthers() {
        missedBy(0, "a");
        WriteBatch wrong = new WriteBatch();
        for (int leaf = 0; leaf < 1 << 13; leaf++) {
            wrong.andAdd(new LeafDelta(leaf, 99, 1));
        }
        assertThat(cluster.node(2).storage.commit(wrong).toCompletableFuture()).isCompleted();
        cluster.node(2).start();
        for (int second = 0; second < 60 && cluster.node(2).count("merkle_leaves_corrected_total") == 0; second++) {
            cluster.pass(Duration.ofSeconds(1));
        }
        assertThat(cluster.node(2).count("merkle_leaves_corrected_total")).isBetween(1L, 5_000L);
        cluster.pass(Duration.ofMinutes(3));
        assertThat(cluster.node(2).count("merkle_leaves_corrected_total")).isEqualTo(1 << 13);
        assertAllEqual();
    }

    @Test
    void aDataDirectoryFromBeforeTheTreeGetsItsLeavesAtTheStart() {
        missedBy(0, "a", "b", "c");
        ManualCluster.Node node = cluster.node(2);
        long root = node.core().hashTree().root(0, 1 << 16).xor();
        node.storage.clear(Table.META);
        node.storage.clear(Table.MERKLE);
        node.start();
        cluster.deliver();
        assertThat(node.core().hashTree().root(0, 1 << 16).xor()).isEqualTo(root);
        assertThat(status(2).recoveringSlots()).isZero();
    }

    @Test
    void aDamagedRecordIsReplacedAndItsLeafIsRightAgain() {
        missedBy(0, "a");
        cluster.node(2).storage.damageData();
        assertThat(cluster.get(new NodeId(1), "a", 3)).isNotNull();
        cluster.pass(Duration.ofSeconds(10));
        assertThat(cluster.node(2).count("records_rescued_total")).isEqualTo(1);
        assertThat(status(2).suspectLeaves()).isZero();
        assertAllEqual();
    }

    @Test
    void aLeafThatCannotBeCorrectedNowIsNotComputedAgainAndAgain() {
        missedBy(0, "a");
        ManualStorage storage = cluster.node(2).storage;
        storage.damageData();
        assertThat(cluster.get(new NodeId(1), "a", 3)).isNotNull();
        cluster.deliver();
        assertThat(status(2).suspectLeaves()).isEqualTo(1);
        storage.refuse(Storage.Refusal.STORAGE_FULL);
        int before = storage.scans(Table.DATA);
        cluster.pass(Duration.ofSeconds(20));
        assertThat(storage.scans(Table.DATA) - before).isLessThan(20);
        storage.refuse(null);
        cluster.pass(Duration.ofSeconds(5));
        assertThat(status(2).suspectLeaves()).isZero();
    }

    private void missedBy(int number, String... keys) {
        if (number > 0) {
            cluster.node(number).stop();
        }
        for (String key : keys) {
            int coordinator = number == 1 ? 2 : 1;
            assertThat(cluster.write(new NodeId(coordinator), put(key, "v", Bytes.EMPTY)))
                    .isNotCancelled();
            cluster.deliver();
        }
        if (number > 0) {
            cluster.node(number).resume();
        }
    }

    private void watch() {
        cluster.hold(message -> {
            seen.add(message.request());
            return false;
        });
    }

    private RepairStatus status(int number) {
        return cluster.node(number).core().repairStatus();
    }

    private long records(int number) {
        return cluster.node(number).core().hashTree().root(0, 1 << 16).count();
    }

    private void assertAllEqual() {
        for (int number = 2; number <= 3; number++) {
            assertThat(cluster.node(number).core().hashTree().root(0, 1 << 16))
                    .as("n%s", number)
                    .isEqualTo(cluster.node(1).core().hashTree().root(0, 1 << 16));
        }
    }
}
