package dev.quorate.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.antientropy.AntiEntropyConfig;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Handover;
import dev.quorate.core.peer.Mode;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.Result;
import dev.quorate.core.peer.SlotRoot;
import dev.quorate.core.replication.Bucket.BlindWrites;
import dev.quorate.core.replication.ClientAnswer;
import dev.quorate.core.replication.ClientWrite;
import dev.quorate.core.replication.Consistency;
import dev.quorate.core.ring.KeyHasher;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.PreferenceList;
import dev.quorate.core.ring.RingEdit;
import dev.quorate.core.storage.MerkleTree;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.TransferRules;
import dev.quorate.core.transfer.TransferStatus;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.StoredRecord;
import dev.quorate.core.version.VersionedObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** One slot of a ring of five changes hands, told step by step. */
class TransferTest {
    private static final Duration SOON = Duration.ofSeconds(5);
    private static final Duration PURGED = Duration.ofMinutes(1);

    private ManualCluster cluster = new ManualCluster(5, 3, BlindWrites.OVERWRITE_SEEN);
    private final int slot = slotOf("k");
    private final List<NodeId> row = cluster.committedRing().table().owners(slot);
    private final NodeId from = row.get(0);
    private final NodeId second = row.get(1);
    private final NodeId third = row.get(2);
    // Who is asked first to stand in for the third.
    private final NodeId to = PreferenceList.fallbacks(cluster.committedRing().table(), slot, third)
            .get(0);

    @Test
    void aSlotGoesToItsNewOwnerWithAllItHolds() {
        List<String> keys = keysOfSlot(20);
        keys.forEach(key -> put(key, "v"));
        planMove();
        cluster.pass(SOON);
        assertThat(cluster.committedRing().table().owners(slot)).contains(to).doesNotContain(from);
        assertThat(root(to)).isEqualTo(root(second));
        // What it was stays until all know better, and a while longer.
        assertThat(records(from)).isEqualTo(20);
        cluster.tellAll();
        cluster.pass(PURGED);
        assertThat(records(from)).isZero();
        assertThat(node(from).core().transfers().isIdle()).isTrue();
        assertThat(records(to)).isEqualTo(20);
    }

    @Test
    void whileTheLastComparisonRunsAChangeIsAcknowledgedWhenBothHaveIt() {
        put("k", "v");
        reach(TransferStatus.State.SYNC);
        cluster.hold(message -> isComparison(message) || isForward(message));
        CompletableFuture<Result<ClientAnswer>> write = write(second, "w", 3);
        cluster.deliver();
        assertThat(write).isNotDone();
        cluster.releaseAll();
        assertThat(write).isCompleted();
        assertThat(value(to)).isEqualTo("w");
    }

    @Test
    void alsoWhatTheOldOwnerHasAlreadyIsAcknowledgedOnlyWhenBothHaveIt() {
        put("k", "v");
        VersionedObject held = object(from);
        reach(TransferStatus.State.SYNC);
        cluster.hold(message -> isComparison(message) || isForward(message));
        List<PeerReply> replies = ask(from, PeerRequest.Replicate.toOwner(key(), held, epoch()));
        cluster.deliver();
        assertThat(replies).isEmpty();
        cluster.releaseAll();
        assertThat(replies).containsExactly(PeerReply.Replicated.INSTANCE);
    }

    @Test
    void beforeTheReceiverCanBeTheOwnerNobodyWaitsForItLong() {
        put("k", "v");
        reach(TransferStatus.State.SYNC);
        cluster.hold(message -> isComparison(message) || isForward(message));
        CompletableFuture<Result<ClientAnswer>> write = write(from, "w", 3);
        cluster.pass(Duration.ofMillis(300));
        assertThat(write).isCompleted();
        assertThat(state()).isNotIn(TransferStatus.State.SYNC, TransferStatus.State.FLIPPING);
        cluster.releaseAll();
        cluster.stopRegister(false);
        cluster.pass(SOON);
        assertThat(value(to)).isEqualTo("w");
        assertThat(cluster.committedRing().table().owners(slot)).contains(to);
    }

    @Test
    void onceTheReceiverMayBeTheOwnerNothingIsAcknowledgedWithoutIt() {
        put("k", "v");
        reach(TransferStatus.State.FLIPPING);
        cluster.hold(TransferTest::isForward);
        CompletableFuture<Result<ClientAnswer>> write = write(from, "w", 3);
        cluster.pass(Duration.ofMillis(1500));
        assertThat(write).isNotDone();
        cluster.dropHeld();
        cluster.pass(Duration.ofMillis(400));
        // It was sent again.
        assertThat(write).isCompleted();
        assertThat(value(to)).isEqualTo("w");
    }

    @Test
    void onceTheReceiverMayBeTheOwnerItAnswersTheReads() {
        put("k", "v");
        reach(TransferStatus.State.FLIPPING);
        cluster.hold(TransferTest::isProxiedRead);
        CompletableFuture<Result<ClientAnswer>> read = cluster.get(second, "k", 3);
        cluster.deliver();
        assertThat(read).isNotDone();
        cluster.releaseAll();
        assertThat(read).isCompleted();
        assertThat(node(from).count("transfer_reads_proxied_total")).isPositive();
    }

    @Test
    void aRestartRemembersThatTheSlotMayHaveChangedHands() {
        put("k", "v");
        reach(TransferStatus.State.FLIPPING);
        node(from).start();
        cluster.deliver();
        assertThat(state()).isEqualTo(TransferStatus.State.FLIPPING);
        assertThat(node(from).core().transfers().proxiesReads(slot)).isTrue();
        cluster.stopRegister(false);
        cluster.pass(SOON);
        assertThat(cluster.committedRing().table().owners(slot)).contains(to);
    }

    @Test
    void aReceiverThatLostItsDiskGetsEverythingAgainUnderTheNextAttempt() {
        put("k", "v");
        reach(TransferStatus.State.FLIPPING);
        node(to).storage.clear();
        node(to).start();
        cluster.pass(SOON);
        assertThat(state()).isEqualTo(TransferStatus.State.FLIPPING);
        cluster.stopRegister(false);
        cluster.pass(SOON);
        cluster.tellAll();
        cluster.pass(SOON);
        assertThat(cluster.committedRing().table().owners(slot)).contains(to);
        assertThat(value(to)).isEqualTo("v");
    }

    @Test
    void anOldOwnerThatLostItsDiskServesNothingAloneBeforeTheMoveHasBegunAgain() {
        put("k", "v");
        reach(TransferStatus.State.FLIPPING);
        node(from).storage.clear();
        node(from).start();
        cluster.hold(TransferTest::isForward);
        CompletableFuture<Result<ClientAnswer>> write = write(second, "w", 3);
        cluster.pass(Duration.ofSeconds(1));
        assertThat(write).isNotDone();
        cluster.dropHeld();
        cluster.stopRegister(false);
        cluster.pass(Duration.ofSeconds(2));
        assertThat(cluster.committedRing().moves())
                .allSatisfy(move -> assertThat(move.attempt()).isEqualTo(1));
        assertThat(write).isCompleted();
    }

    @Test
    void aReceiverThatSaysNothingWhenItIsToTakeOverIsAskedFromTheBeginning() {
        put("k", "v");
        reach(TransferStatus.State.FLIPPING);
        node(to).stop();
        cluster.pass(Duration.ofSeconds(10));
        cluster.stopRegister(false);
        cluster.pass(SOON);
        Move move = cluster.committedRing().currentMove(slot);
        assertThat(move).isNotNull();
        assertThat(move.attempt()).isEqualTo(1);
        // This node is the owner for sure, so it serves alone again.
        assertThat(write(from, "w", 3)).isNotCancelled();
        cluster.deliver();
        assertThat(node(from).core().transfers().proxiesReads(slot)).isFalse();
        node(to).resume();
        cluster.tellAll();
        cluster.pass(SOON);
        assertThat(value(to)).isEqualTo("w");
    }

    @Test
    void afterACancelTheReceiverKeepsNothing() {
        put("k", "v");
        reach(TransferStatus.State.SYNC);
        assertThat(records(to)).isEqualTo(1);
        cancel();
        cluster.pass(PURGED);
        assertThat(records(to)).isZero();
        assertThat(records(from)).isEqualTo(1);
        assertThat(node(from).core().transfers().isIdle()).isTrue();
    }

    @Test
    void whatIsKeptForAnOwnerIsNotPurgedWithTheSlot() {
        assertThat(deliveredAfterAPurge(new TransferRules())).isEqualTo("v");
        // The law does not find that: a second copy is always somewhere.
        assertThat(deliveredAfterAPurge(new TransferRules() {
                    @Override
                    public boolean mayPurge(StoredRecord record) {
                        return true;
                    }
                }))
                .isEmpty();
    }

    /** A write that the third owner missed and the receiver keeps for it, and the receiver then has to give the slot up. */
    private String deliveredAfterAPurge(TransferRules rules) {
        cluster = new ManualCluster(5, 3, BlindWrites.OVERWRITE_SEEN, AntiEntropyConfig.disabled(), rules);
        node(third).stop();
        put("k", "v");
        assertThat(records(to)).isEqualTo(1);
        reach(TransferStatus.State.SYNC);
        cancel();
        cluster.pass(PURGED);
        node(third).resume();
        cluster.tellAll();
        cluster.pass(PURGED);
        return value(third);
    }

    @Test
    void whatTheReceiverHandsToAnOwnerItKeepsForItself() {
        node(third).stop();
        put("k", "v");
        reach(TransferStatus.State.SYNC);
        node(third).resume();
        cluster.hold(TransferTest::isComparison);
        cluster.pass(Duration.ofSeconds(20));
        assertThat(value(third)).isEqualTo("v");
        assertThat(node(to).core().handoff().status()).isEmpty();
        assertThat(records(to)).isEqualTo(1);
    }

    @Test
    void whoHandedASlotOverStandsInForNobodyInItBeforeItIsCleared() {
        put("k", "v");
        VersionedObject held = object(from);
        planMove();
        cluster.pass(SOON);
        cluster.tellAll();
        PeerRequest.Replicate hint = new PeerRequest.Replicate(
                key(), held, PeerRequest.Cause.CLIENT, third, PeerRequest.Replicate.NEVER, epoch());
        assertThat(ask(from, hint)).containsExactly(new PeerReply.Refused(PeerReply.Refusal.NOT_READY));
        assertThat(ask(from, new PeerRequest.Read(key(), third, epoch())))
                .containsExactly(new PeerReply.Refused(PeerReply.Refusal.NOT_READY));
        cluster.pass(PURGED);
        assertThat(ask(from, hint)).containsExactly(PeerReply.Replicated.INSTANCE);
    }

    @Test
    void whoIsAboutToOwnASlotStandsInForNobodyInIt() {
        put("k", "v");
        VersionedObject held = object(from);
        PeerRequest.Replicate hint = new PeerRequest.Replicate(
                key(), held, PeerRequest.Cause.CLIENT, third, PeerRequest.Replicate.NEVER, epoch());
        assertThat(ask(to, hint)).containsExactly(PeerReply.Replicated.INSTANCE);
        // The two copies that such a write counts would end on one disk.
        reach(TransferStatus.State.SYNC);
        assertThat(ask(to, hint)).containsExactly(new PeerReply.Refused(PeerReply.Refusal.NOT_READY));
    }

    @Test
    void nothingIsTakenOnAccountOfAHandOverThatIsNotHeld() {
        put("k", "v");
        VersionedObject held = object(from);
        reach(TransferStatus.State.SYNC);
        Move move = cluster.committedRing().currentMove(slot);
        assertThat(move).isNotNull();
        PeerReply noMove = new PeerReply.Refused(PeerReply.Refusal.NO_MOVE);
        Handover other = new Handover(move.id(), 1);
        PeerRequest.Replicate write = PeerRequest.Replicate.toOwner(key(), held, PeerRequest.Keyed.ANY_ROW);
        assertThat(ask(to, write.within(new Handover(move.id(), 0)))).containsExactly(PeerReply.Replicated.INSTANCE);
        assertThat(ask(to, write.within(other))).containsExactly(noMove);
        assertThat(ask(to, new PeerRequest.Read(key(), null, PeerRequest.Keyed.ANY_ROW, other)))
                .containsExactly(noMove);
        assertThat(ask(to, new PeerRequest.MoveBegin(slot, other, false))).containsExactly(noMove);
        assertThat(ask(to, new PeerRequest.MoveBegin(1 << 10, other, false))).containsExactly(noMove);
        // Nor by the owners, who are none of it.
        assertThat(ask(second, write.within(new Handover(move.id(), 0)))).containsExactly(noMove);
        // Without that it is a stranger.
        assertThat(ask(to, write)).containsExactly(new PeerReply.Refused(PeerReply.Refusal.NOT_OWNER));
    }

    @Test
    void whileAnOperatorHasStoppedThemNoHandOverGoesOn() {
        put("k", "v");
        cluster.commit(edit -> edit.plan(Move.Kind.MOVE, slot, 0, from, to).paused(true));
        cluster.tellAll();
        cluster.pass(SOON);
        assertThat(records(to)).isZero();
        cluster.commit(edit -> edit.paused(false));
        cluster.tellAll();
        cluster.pass(SOON);
        assertThat(cluster.committedRing().table().owners(slot)).contains(to);
    }

    @Test
    void aRecordThatCannotBeReadIsNotHandedOverAsAbsent() {
        put("k", "v");
        node(from).storage.damageData();
        planMove();
        cluster.pass(Duration.ofSeconds(30));
        assertThat(cluster.committedRing().table().owners(slot)).contains(from);
        assertThat(node(from).core().transfers().status())
                .singleElement()
                .satisfies(status -> assertThat(status.problem()).contains("damaged"));
        // A reader finds out, and so it is made again from the others.
        assertThat(cluster.get(second, "k", 3)).isNotCancelled();
        cluster.pass(SOON);
        assertThat(cluster.committedRing().table().owners(slot)).contains(to);
        assertThat(value(to)).isEqualTo("v");
    }

    @Test
    void noMoreSlotsLeaveOrComeAtATimeThanAreAllowed() {
        cluster.hold(message -> message.request() instanceof PeerRequest.SyncRange);
        cluster.commit(edit -> {
            for (int each = 0; each < 8; each++) {
                List<NodeId> owners = cluster.committedRing().table().owners(each);
                if (!owners.contains(to)) {
                    edit.plan(Move.Kind.MOVE, each, 0, owners.get(0), to);
                }
            }
            return edit;
        });
        assertThat(cluster.committedRing().moves()).hasSizeGreaterThan(2);
        cluster.tellAll();
        cluster.pass(SOON);
        long receiving = node(to).core().transfers().status().stream()
                .filter(status -> status.state() == TransferStatus.State.RECEIVING)
                .count();
        assertThat(receiving).isEqualTo(2);
        cluster.releaseAll();
        for (int i = 0; i < 10; i++) {
            cluster.pass(SOON);
            cluster.tellAll();
        }
        assertThat(cluster.committedRing().moves()).isEmpty();
    }

    @Test
    void aStatusSaysHowFarItIs() {
        keysOfSlot(20).forEach(key -> put(key, "v"));
        reach(TransferStatus.State.SYNC);
        TransferStatus status = node(from).core().transfers().status().get(0);
        assertThat(status.keys()).isEqualTo(20);
        assertThat(status.bytes()).isPositive();
        assertThat(status.from()).isEqualTo(from);
        assertThat(status.to()).isEqualTo(to);
        assertThat(node(to).core().transfers().status()).singleElement().satisfies(theirs -> {
            assertThat(theirs.state()).isEqualTo(TransferStatus.State.RECEIVING);
            assertThat(theirs.keys()).isEqualTo(20);
        });
    }

    @Test
    void aNodeThatBecomesAnOwnerWithoutHavingBeenHandedTheSlotHearsTheOthersOutFirst() {
        cluster = new ManualCluster(5, 3, BlindWrites.OVERWRITE_SEEN, AntiEntropyConfig.DEFAULTS);
        cluster.pass(Duration.ofMinutes(1));
        put("k", "v");
        reach(TransferStatus.State.FLIPPING);
        // Its disk is lost in between, and the ring changes before anybody notices.
        node(to).storage.clear(Table.DATA);
        node(to).storage.clear(Table.MERKLE);
        node(to).storage.clear(Table.META);
        node(to).start();
        cluster.commit(edit -> edit.finish(cluster.committedRing().moves().get(0)));
        node(to).learnRing();
        assertThat(node(to).core().isRecovering(slot)).isTrue();
        cluster.tellAll();
        cluster.pass(Duration.ofMinutes(1));
        assertThat(node(to).core().isRecovering(slot)).isFalse();
        assertThat(value(to)).isEqualTo("v");
    }

    @Test
    void whenSlotsAreCutInTwoNothingIsTakenForLostAndWhatIsLeftIsStillCleared() {
        cluster = new ManualCluster(5, 3, BlindWrites.OVERWRITE_SEEN, AntiEntropyConfig.DEFAULTS);
        cluster.pass(Duration.ofMinutes(1));
        put("k", "v");
        planMove();
        cluster.pass(SOON);
        cluster.commit(RingEdit::split);
        cluster.tellAll();
        for (int number = 1; number <= 5; number++) {
            assertThat(cluster.node(number).core().repairStatus().recoveringSlots())
                    .isZero();
        }
        assertThat(records(from)).isEqualTo(1);
        cluster.pass(PURGED);
        assertThat(records(from)).isZero();
        assertThat(value(to)).isEqualTo("v");
    }

    /** Of A7: a wiped node that has not heard of the move would count the emptiness of the former owner as all that it once held. */
    @Test
    void whoHasHandedASlotOverIsNotComparedWithAnyMore() {
        put("k", "v");
        planMove();
        cluster.pass(SOON);
        cluster.tellAll();
        int log2Slots = node(from).core().ring().table().log2Slots();
        PeerRequest roots = new PeerRequest.CompareRoots(log2Slots, List.of(new SlotRoot(slot, 0, 0)));
        KeyHash hash = hashOf("k");
        PeerRequest range = new PeerRequest.SyncRange(hash, hash, List.of());
        PeerReply stale = new PeerReply.Refused(PeerReply.Refusal.STALE_RING);
        assertThat(ask(from, roots)).containsExactly(stale);
        assertThat(ask(from, range)).containsExactly(stale);
        cluster.pass(PURGED);
        assertThat(ask(from, roots)).containsExactly(stale);
        assertThat(ask(to, roots)).containsExactly(new PeerReply.RootsCompared(List.of(slot)));
    }

    /** Of A18: who answered under a former row would count in two quorums that need not meet. */
    @Test
    void underARowThatHasChangedNothingIsAnsweredByWhoKnowsIt() {
        put("k", "v");
        VersionedObject held = object(second);
        long before = epoch();
        planMove();
        cluster.pass(SOON);
        cluster.tellAll();
        assertThat(epoch()).isGreaterThan(before);
        PeerReply stale = new PeerReply.Refused(PeerReply.Refusal.STALE_RING);
        assertThat(ask(second, new PeerRequest.Read(key(), null, before))).containsExactly(stale);
        assertThat(ask(second, PeerRequest.Replicate.toOwner(key(), held, before)))
                .containsExactly(stale);
        assertThat(ask(second, new PeerRequest.Read(key(), null, epoch())))
                .containsExactly(new PeerReply.ReadReply(held));
    }

    /** Of A18: with the dead owner, readers and writers who do not know yet could still agree against its successor. */
    @Test
    void whoTookADeadOwnersPlaceAcknowledgesNothingBeforeEnoughOthersKnow() {
        cluster = new ManualCluster(5, 3, BlindWrites.OVERWRITE_SEEN, AntiEntropyConfig.DEFAULTS);
        cluster.pass(Duration.ofMinutes(1));
        put("k", "v");
        PeerRequest write = PeerRequest.Replicate.toOwner(key(), object(second), PeerRequest.Keyed.ANY_ROW);
        PeerReply notReady = new PeerReply.Refused(PeerReply.Refusal.NOT_READY);
        cluster.commit(edit -> edit.plan(Move.Kind.RECOVER, slot, 0, from, to));
        node(to).learnRing();
        assertThat(ask(to, write)).containsExactly(notReady);
        cluster.tellAll();
        assertThat(ask(to, write)).containsExactly(notReady);
        // They have told it.
        cluster.pass(SOON);
        assertThat(ask(to, write)).containsExactly(PeerReply.Replicated.INSTANCE);
    }

    private void planMove() {
        cluster.commit(edit -> edit.plan(Move.Kind.MOVE, slot, 0, from, to));
        cluster.tellAll();
    }

    private void cancel() {
        cluster.dropHeld();
        cluster.commit(edit -> edit.cancel(cluster.committedRing().moves().get(0)));
        cluster.tellAll();
    }

    /** Begins the move, and stops it there. */
    private void reach(TransferStatus.State state) {
        cluster.stopRegister(true);
        if (state == TransferStatus.State.SYNC) {
            cluster.hold(TransferTest::isComparison);
        }
        planMove();
        cluster.pass(Duration.ofSeconds(3));
        assertThat(state()).isEqualTo(state);
    }

    private TransferStatus.State state() {
        return node(from).core().transfers().status().get(0).state();
    }

    /** Copying compares record by record at first, and sums only at the end. */
    private static boolean isComparison(ManualCluster.Message message) {
        return message.request() instanceof PeerRequest.CompareRoots;
    }

    private static boolean isForward(ManualCluster.Message message) {
        return message.request() instanceof PeerRequest.Replicate replicate
                && replicate.handover() != null
                && replicate.cause() == PeerRequest.Cause.CLIENT;
    }

    private static boolean isProxiedRead(ManualCluster.Message message) {
        return message.request() instanceof PeerRequest.Read read && read.handover() != null;
    }

    private void put(String key, String value) {
        assertThat(cluster.write(second, ManualCluster.put(key, value, Bytes.EMPTY)))
                .isNotCancelled();
        cluster.deliver();
    }

    private CompletableFuture<Result<ClientAnswer>> write(NodeId coordinator, String value, int w) {
        return cluster.write(
                coordinator,
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
                        Mode.STRICT));
    }

    private List<PeerReply> ask(NodeId at, PeerRequest request) {
        List<PeerReply> replies = new ArrayList<>();
        node(at).core().onPeerRequest(second, request, Duration.ofSeconds(1), replies::add);
        return replies;
    }

    private Key key() {
        return new Key(1, Bytes.utf8("k"));
    }

    private long epoch() {
        return cluster.committedRing().rowEpoch(slot);
    }

    private VersionedObject object(NodeId at) {
        List<PeerReply> replies = new ArrayList<>();
        node(at).core().onPeerRequest(second, new PeerRequest.Inspect(key()), Duration.ofSeconds(1), replies::add);
        VersionedObject object = ((PeerReply.Inspected) replies.get(0)).object();
        return object == null ? VersionedObject.of(CausalContext.EMPTY, List.of()) : object;
    }

    private String value(NodeId at) {
        List<String> values = new ArrayList<>();
        object(at).values().forEach(sibling -> values.add(sibling.value().utf8()));
        return String.join(" ", values);
    }

    private ManualCluster.Node node(NodeId id) {
        return cluster.node(id);
    }

    private long records(NodeId id) {
        return root(id).count();
    }

    private MerkleTree.Root root(NodeId id) {
        return node(id).core().hashTree().root(MerkleTree.firstLeaf(slot, 3), MerkleTree.endLeaf(slot, 3));
    }

    private List<String> keysOfSlot(int count) {
        List<String> keys = new ArrayList<>();
        for (int i = 0; keys.size() < count; i++) {
            if (slotOf("k" + i) == slot) {
                keys.add("k" + i);
            }
        }
        return keys;
    }

    private static KeyHash hashOf(String key) {
        return new KeyHasher(Bytes.owning(new byte[16])).hash(new Key(1, Bytes.utf8(key)));
    }

    private static int slotOf(String key) {
        return hashOf(key).slot(3);
    }
}
