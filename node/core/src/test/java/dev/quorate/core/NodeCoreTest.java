package dev.quorate.core;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.Result;
import dev.quorate.core.replication.Bucket.BlindWrites;
import dev.quorate.core.replication.ClientAnswer;
import dev.quorate.core.replication.ClientGet;
import dev.quorate.core.replication.ClientWrite;
import dev.quorate.core.replication.Consistency;
import dev.quorate.core.storage.Storage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class NodeCoreTest {
    private final ManualCluster cluster = new ManualCluster(3, 3, BlindWrites.OVERWRITE_SEEN);
    private final NodeId first = cluster.owners("k").get(0);
    private final NodeId second = cluster.owners("k").get(1);
    private final NodeId third = cluster.owners("k").get(2);

    @Test
    void aPutIsReadFromAnyNode() {
        ClientAnswer put = answer(write(first, ManualCluster.put("k", "v", Bytes.EMPTY)));
        assertThat(put.report().coordinator()).isEqualTo(first);
        assertThat(put.report().acknowledged()).hasSizeGreaterThanOrEqualTo(2).contains(first);
        for (NodeId node : List.of(first, second, third)) {
            assertThat(values(get(node, 0))).containsExactly("v");
        }
    }

    @Test
    void readsAndWritesGoOnWithinASecondWhenAnOwnerIsStopped() {
        wrote(first, ManualCluster.put("k", "before", Bytes.EMPTY));
        cluster.node(second).freeze();

        // The first ones find out: a write has its quorum without the stopped owner, a read asks another after a
        // silence.
        CompletableFuture<Result<ClientAnswer>> write =
                cluster.write(first, ManualCluster.put("k", "after", Bytes.EMPTY));
        CompletableFuture<Result<ClientAnswer>> read = cluster.get(third, "k", 2);
        cluster.pass(Duration.ofMillis(990));
        assertThat(answer(write).report().acknowledged()).containsExactlyInAnyOrder(first, third);
        assertThat(values(read)).containsExactly("after");
        assertThat(cluster.node(first).core().reachable(second)).isFalse();
        assertThat(cluster.node(first).core().unreachableBecause(second)).contains("says nothing");

        // From then on nobody waits for it, and what needs it is refused before anything is written.
        assertThat(answer(get(first, 2)).report().acknowledged()).doesNotContain(second);
        ClientWrite all = withW("k", "all", "", 1, 3);
        assertThat(failure(cluster.write(first, all)).kind()).isEqualTo(Failure.Kind.NOT_ENOUGH_REPLICAS_ALIVE);

        cluster.node(second).thaw();
        cluster.releaseAll();
        cluster.pass(Duration.ofMillis(500));
        assertThat(cluster.node(first).core().reachable(second)).isTrue();
        assertThat(answer(write(first, all)).report().acknowledged()).hasSize(3);
    }

    @Test
    void aMissingKeyIsAnAnswerWithoutContext() {
        ClientAnswer missing = answer(get(first, 3));
        assertThat(missing.siblings()).isEmpty();
        assertThat(missing.contextToken().isEmpty()).isTrue();
        assertThat(missing.report().acknowledged()).hasSize(3);
    }

    @Test
    void aDeletedKeyIsAnAnswerWithContext() {
        wrote(first, ManualCluster.put("k", "v", Bytes.EMPTY));
        wrote(first, delete("k", Bytes.EMPTY));
        ClientAnswer deleted = answer(get(second, 3));
        assertThat(deleted.siblings()).isEmpty();
        assertThat(deleted.contextToken().isEmpty()).isFalse();
    }

    @Test
    void whatAPutAnswersDoesNotCoverSiblingsNobodyRead() {
        // Rule A1: clients 1 and 2 read x; 1 puts y; 2 puts z; 2 puts again with what its put returned. y must stay.
        wrote(first, ManualCluster.put("k", "x", Bytes.EMPTY));
        Bytes read = answer(get(first, 0)).contextToken();
        wrote(first, ManualCluster.put("k", "y", read));
        Bytes answered = answer(write(first, ManualCluster.put("k", "z", read))).contextToken();
        wrote(first, ManualCluster.put("k", "z2", answered));
        assertThat(values(get(first, 3))).containsExactlyInAnyOrder("y", "z2");
    }

    @Test
    void theContextOfAClientThatChainsWritesDoesNotGrow() {
        ClientAnswer last = answer(write(first, ManualCluster.put("k", "0", Bytes.EMPTY)));
        int length = last.contextToken().length();
        for (int i = 1; i < 50; i++) {
            wrote(first, ManualCluster.put("another", "between two dots of k", Bytes.EMPTY));
            last = answer(write(first, ManualCluster.put("k", "" + i, last.contextToken())));
        }
        assertThat(last.contextToken().length()).isLessThan(length + 8);
        assertThat(values(get(first, 3))).containsExactly("49");
    }

    @Test
    void concurrentWritesBecomeSiblingsAndOneContextResolvesThem() {
        wrote(first, ManualCluster.put("k", "x", Bytes.EMPTY));
        Bytes read = answer(get(first, 0)).contextToken();
        wrote(first, ManualCluster.put("k", "y", read));
        wrote(second, ManualCluster.put("k", "z", read));
        ClientAnswer both = answer(get(third, 3));
        assertThat(texts(both)).containsExactlyInAnyOrder("y", "z");
        wrote(third, ManualCluster.put("k", "yz", both.contextToken()));
        assertThat(values(get(first, 3))).containsExactly("yz");
    }

    @Test
    void aBlindPutSupersedesWhatItsCoordinatorHolds() {
        wrote(first, ManualCluster.put("k", "a", Bytes.EMPTY));
        wrote(first, ManualCluster.put("k", "b", Bytes.EMPTY));
        assertThat(values(get(first, 3))).containsExactly("b");
    }

    @Test
    void aBlindPutStandsBesideOthersWhereTheBucketSaysSo() {
        ManualCluster siblings = new ManualCluster(3, 3, BlindWrites.SIBLING);
        NodeId owner = siblings.owners("k").get(0);
        begun(siblings.write(owner, ManualCluster.put("k", "a", Bytes.EMPTY)));
        siblings.deliver();
        begun(siblings.write(owner, ManualCluster.put("k", "b", Bytes.EMPTY)));
        siblings.deliver();
        CompletableFuture<Result<ClientAnswer>> read = siblings.get(owner, "k", 3);
        siblings.deliver();
        assertThat(texts(answer(read))).containsExactlyInAnyOrder("a", "b");
    }

    @Test
    void aBlindPutIsRefusedWhereTheBucketSaysSo() {
        ManualCluster strict = new ManualCluster(1, 1, BlindWrites.REJECT);
        assertThat(failure(strict.write(new NodeId(1), ManualCluster.put("k", "a", Bytes.EMPTY)))
                        .kind())
                .isEqualTo(Failure.Kind.CONTEXT_REQUIRED);
    }

    @Test
    void aWriteIsAcknowledgedOnlyWhenDurableOnTheQuorum() {
        for (NodeId node : List.of(first, second, third)) {
            cluster.node(node).storage.holdSyncs();
        }
        CompletableFuture<Result<ClientAnswer>> put = cluster.write(first, ManualCluster.put("k", "v", Bytes.EMPTY));
        cluster.deliver();
        assertThat(put).isNotDone();
        cluster.node(second).storage.sync();
        cluster.deliver();
        assertThat(put).isNotDone();
        cluster.node(first).storage.sync();
        cluster.deliver();
        assertThat(answer(put).report().acknowledged()).containsExactly(second, first);
    }

    @Test
    void aMergeThatChangesNothingIsAcknowledgedOnlyBehindABarrier() {
        // Rule A4: the state it equals may not be on disk yet.
        ManualCluster.Node replica = cluster.node(second);
        List<PeerRequest> sent = new ArrayList<>();
        cluster.hold(message -> {
            sent.add(message.request());
            return false;
        });
        replica.storage.holdSyncs();
        begun(cluster.write(first, ManualCluster.put("k", "v", Bytes.EMPTY)));
        cluster.deliver();
        List<PeerReply> replies = new ArrayList<>();
        PeerRequest replicate = sent.get(0);
        replica.core().onPeerRequest(first, replicate, Duration.ofSeconds(1), replies::add);
        assertThat(replica.count("replica_merges_unchanged_total")).isEqualTo(1);
        assertThat(replies).isEmpty();
        replica.storage.sync();
        assertThat(replies).containsExactly(PeerReply.Replicated.INSTANCE);
    }

    @Test
    void twoPutsThatReadTheSameColdKeyDoNotLoseEachOther() {
        // Rule A3: without the queue both read "absent", and the second's own interval claims the first's dot.
        ManualCluster siblings = new ManualCluster(1, 1, BlindWrites.SIBLING);
        NodeId only = new NodeId(1);
        siblings.node(only).storage.holdReads();
        CompletableFuture<Result<ClientAnswer>> a = siblings.write(only, ManualCluster.put("k", "a", Bytes.EMPTY));
        CompletableFuture<Result<ClientAnswer>> b = siblings.write(only, ManualCluster.put("k", "b", Bytes.EMPTY));
        siblings.node(only).storage.releaseReads();
        assertThat(a).isCompleted();
        assertThat(b).isCompleted();
        assertThat(siblings.node(only).count("updates_queued_total")).isEqualTo(1);
        assertThat(texts(answer(siblings.get(only, "k", 1)))).containsExactlyInAnyOrder("a", "b");
    }

    @Test
    void tooFewReachableOwnersIsKnownBeforeAnythingIsWritten() {
        cluster.node(second).stop();
        cluster.node(third).stop();
        Failure failure = failure(cluster.write(first, ManualCluster.put("k", "v", Bytes.EMPTY)));
        assertThat(failure.kind()).isEqualTo(Failure.Kind.NOT_ENOUGH_REPLICAS_ALIVE);
        assertThat(failure.kind().nothingWritten()).isTrue();
        assertThat(failure.details()).containsEntry("required", "2").containsEntry("alive", "1");
        cluster.node(second).resume();
        assertThat(values(get(first, 2))).isEmpty();
    }

    @Test
    void aQuorumMissedAtTheDeadlineSaysHowFarTheWriteGot() {
        cluster.hold(message -> !message.to().equals(first));
        CompletableFuture<Result<ClientAnswer>> put = cluster.write(first, ManualCluster.put("k", "v", Bytes.EMPTY));
        cluster.pass(Duration.ofMillis(1900));
        assertThat(put).isNotDone();
        cluster.pass(Duration.ofMillis(200));
        Failure failure = failure(put);
        assertThat(failure.kind()).isEqualTo(Failure.Kind.QUORUM_NOT_MET);
        assertThat(failure.kind().nothingWritten()).isFalse();
        assertThat(failure.details()).containsEntry("acknowledged", "1").containsEntry("nodes", first.toString());
    }

    @Test
    void aRetryAtTheSameCoordinatorIsTheSameWrite() {
        cluster.hold(message -> !message.to().equals(first));
        ClientWrite attempt1 = identified("k", "v", "id-1", 1);
        CompletableFuture<Result<ClientAnswer>> put = cluster.write(first, attempt1);
        CompletableFuture<Result<ClientAnswer>> joined = cluster.write(first, identified("k", "v", "id-1", 2));
        cluster.pass(Duration.ofSeconds(3));
        assertThat(failure(put).kind()).isEqualTo(Failure.Kind.QUORUM_NOT_MET);
        assertThat(failure(joined).kind()).isIn(Failure.Kind.QUORUM_NOT_MET, Failure.Kind.DEADLINE);
        cluster.hold(message -> false);
        ClientAnswer again = answer(write(first, identified("k", "v", "id-1", 3)));
        assertThat(cluster.node(first).count("retries_attached_total")).isEqualTo(1);
        assertThat(cluster.node(first).count("retries_driven_total")).isEqualTo(1);
        ClientAnswer known = answer(write(first, identified("k", "v", "id-1", 4)));
        assertThat(known.report().acknowledged()).isEqualTo(again.report().acknowledged());
        assertThat(cluster.node(first).count("retries_answered_total")).isEqualTo(1);
        assertThat(values(get(first, 3))).containsExactly("v");
        wrote(first, ManualCluster.put("k", "w", known.contextToken()));
        assertThat(values(get(first, 3))).containsExactly("w");
    }

    @Test
    void aRetryElsewhereNeverReplacesWhatSomebodyWroteSince() {
        // Rule A11: blind a is applied, the reply lost; another client reads a and puts b; the retry comes to another
        // node.
        wrote(first, identified("k", "a", "id-1", 1));
        Bytes read = answer(get(first, 3)).contextToken();
        wrote(first, ManualCluster.put("k", "b", read));
        wrote(second, identified("k", "a", "id-1", 2));
        assertThat(values(get(first, 3))).contains("b");
    }

    @Test
    void aRetryWithoutARequestIdReplacesNothing() {
        // Rule A11: nobody can know what became of its first attempt.
        wrote(first, ManualCluster.put("k", "b", Bytes.EMPTY));
        wrote(first, identified("k", "a", "", 2));
        assertThat(values(get(first, 3))).containsExactlyInAnyOrder("a", "b");
    }

    @Test
    void theSameRequestIdIsAppliedOnceHoweverOftenItArrives() {
        wrote(first, identified("k", "a", "id-1", 1));
        wrote(first, ManualCluster.put("k", "b", Bytes.EMPTY));
        wrote(first, identified("k", "a", "id-1", 1));
        assertThat(values(get(first, 3))).containsExactly("b");
    }

    @Test
    void aNonOwnerForwardsOnce() {
        ManualCluster five = new ManualCluster(5, 3, BlindWrites.OVERWRITE_SEEN);
        NodeId outsider = outsider(five, "k");
        CompletableFuture<Result<ClientAnswer>> put = five.write(outsider, ManualCluster.put("k", "v", Bytes.EMPTY));
        five.deliver();
        assertThat(five.owners("k")).contains(answer(put).report().coordinator());
        CompletableFuture<Result<ClientAnswer>> read = five.get(outsider, "k", 2);
        five.deliver();
        assertThat(texts(answer(read))).containsExactly("v");
        assertThat(five.node(outsider).count("forwarded_total")).isEqualTo(2);
    }

    @Test
    void stateIsNotKeptOutsideTheRow() {
        // Rule A10.
        ManualCluster five = new ManualCluster(5, 3, BlindWrites.OVERWRITE_SEEN);
        List<PeerRequest> sent = new ArrayList<>();
        five.hold(message -> {
            sent.add(message.request());
            return false;
        });
        begun(five.write(five.owners("k").get(0), ManualCluster.put("k", "v", Bytes.EMPTY)));
        five.deliver();
        List<PeerReply> replies = new ArrayList<>();
        five.node(outsider(five, "k"))
                .core()
                .onPeerRequest(five.owners("k").get(0), sent.get(0), Duration.ofSeconds(1), replies::add);
        assertThat(replies).containsExactly(new PeerReply.Refused(PeerReply.Refusal.NOT_OWNER));
    }

    @Test
    void aForwardedWriteWhoseAnswerIsLostIsUnknownNotRetried() {
        ManualCluster five = new ManualCluster(5, 3, BlindWrites.OVERWRITE_SEEN);
        NodeId outsider = outsider(five, "k");
        five.hold(message -> message.to().equals(outsider));
        CompletableFuture<Result<ClientAnswer>> put = five.write(outsider, ManualCluster.put("k", "v", Bytes.EMPTY));
        five.pass(Duration.ofSeconds(3));
        assertThat(failure(put).kind()).isEqualTo(Failure.Kind.DEADLINE);
        assertThat(five.node(outsider).count("forwarded_again_total")).isZero();
    }

    @Test
    void aReadRepairsAStaleReplicaAfterTheAnswer() {
        cluster.node(third).stop();
        wrote(first, ManualCluster.put("k", "v", Bytes.EMPTY));
        cluster.node(third).resume();
        assertThat(values(get(third, 3))).containsExactly("v");
        assertThat(cluster.node(third).count("read_repairs_total")).isEqualTo(1);
        cluster.node(first).stop();
        cluster.node(second).stop();
        assertThat(values(get(third, 1))).containsExactly("v");
    }

    @Test
    void aSlowOwnerIsHedged() {
        wrote(first, ManualCluster.put("k", "v", Bytes.EMPTY));
        cluster.hold(message -> message.to().equals(second));
        CompletableFuture<Result<ClientAnswer>> read = cluster.get(first, "k", 2);
        cluster.pass(Duration.ofMillis(50));
        assertThat(answer(read).report().acknowledged()).containsExactly(first, third);
        assertThat(cluster.node(first).count("reads_hedged_total")).isEqualTo(1);
    }

    @Test
    void aReadRatherAsksOwnersThatHaveLongBeenThere() {
        wrote(first, ManualCluster.put("k", "v", Bytes.EMPTY));
        cluster.pass(Duration.ofSeconds(40));
        assertThat(answer(get(first, 2)).report().acknowledged()).containsExactlyInAnyOrder(first, second);

        cluster.node(second).freeze();
        assertThat(cluster.get(first, "k", 2)).isNotDone();
        cluster.pass(Duration.ofSeconds(1));
        cluster.node(second).thaw();
        cluster.releaseAll();
        cluster.pass(Duration.ofMillis(500));
        assertThat(cluster.node(first).core().reachable(second)).isTrue();
        assertThat(answer(get(first, 2)).report().acknowledged()).containsExactlyInAnyOrder(first, third);
        assertThat(answer(get(first, 3)).report().acknowledged())
                .as("when all are needed")
                .hasSize(3);

        cluster.pass(Duration.ofSeconds(31));
        assertThat(answer(get(first, 2)).report().acknowledged()).containsExactlyInAnyOrder(first, second);
    }

    @Test
    void aDamagedRecordIsNeitherServedNorMergedAndIsRescuedFromTheOthers() {
        wrote(first, ManualCluster.put("k", "v", Bytes.EMPTY));
        cluster.pass(Duration.ofSeconds(1));
        cluster.node(first).storage.damageData();
        assertThat(values(get(first, 2))).containsExactly("v");
        cluster.pass(Duration.ofSeconds(1));
        assertThat(cluster.node(first).count("records_rescued_total")).isEqualTo(1);
        assertThat(values(get(first, 1))).containsExactly("v");
    }

    @Test
    void anOwnerWithADamagedRecordLetsAnotherCoordinate() {
        wrote(first, ManualCluster.put("k", "v", Bytes.EMPTY));
        cluster.pass(Duration.ofSeconds(1));
        cluster.node(first).storage.damageData();
        CompletableFuture<Result<ClientAnswer>> put = cluster.write(first, ManualCluster.put("k", "w", Bytes.EMPTY));
        cluster.pass(Duration.ofSeconds(1));
        assertThat(answer(put).report().coordinator()).isNotEqualTo(first);
        assertThat(values(get(second, 2))).contains("w");
    }

    @Test
    void theOnlyReplicaSaysThatItsRecordIsDamaged() {
        ManualCluster one = new ManualCluster(1, 1, BlindWrites.OVERWRITE_SEEN);
        NodeId only = new NodeId(1);
        begun(one.write(only, ManualCluster.put("k", "v", Bytes.EMPTY)));
        one.node(only).storage.damageData();
        assertThat(failure(one.get(only, "k", 1)).kind()).isEqualTo(Failure.Kind.RECORD_CORRUPT);
        assertThat(failure(one.write(only, ManualCluster.put("k", "w", Bytes.EMPTY)))
                        .kind())
                .isEqualTo(Failure.Kind.RECORD_CORRUPT);
    }

    @Test
    void aBootThatLivedBeforeIsGivenUpBeforeItMintsAKnownDot() {
        // Rule A2: a restored disk repeats a boot number whose dots the others know.
        wrote(first, ManualCluster.put("k", "old", Bytes.EMPTY));
        Bytes read = answer(get(second, 3)).contextToken();
        ManualCluster.Node restored = cluster.node(first);
        restored.storage.clear();
        restored.forgetBoot();
        restored.start();
        assertThat(restored.core().boot()).isEqualTo(ManualCluster.bootOf(1));
        // The client's context names a dot this life never minted: it is told so, and nothing is merged away in
        // silence.
        assertThat(failure(write(first, ManualCluster.put("k", "new", read))).kind())
                .isEqualTo(Failure.Kind.CONTEXT_INVALID);
        // Once the node holds its former write again, it sees that the next dot is taken.
        begun(get(first, 3));
        cluster.pass(Duration.ofSeconds(1));
        wrote(first, ManualCluster.put("k", "new", Bytes.EMPTY));
        assertThat(restored.count("boot_renewals_total")).isEqualTo(1);
        assertThat(restored.core().boot()).isEqualTo(ManualCluster.bootOf(2));
        assertThat(values(get(second, 3))).containsExactly("new");
    }

    @Test
    void badInputIsRefusedWithItsNumbers() {
        assertThat(failure(cluster.write(first, ManualCluster.put("", "v", Bytes.EMPTY)))
                        .kind())
                .isEqualTo(Failure.Kind.KEY_EMPTY);
        assertThat(failure(cluster.write(first, ManualCluster.put("k".repeat(2049), "v", Bytes.EMPTY)))
                        .details())
                .containsEntry("bytes", "2049")
                .containsEntry("limit", "2048");
        assertThat(failure(cluster.write(first, ManualCluster.put("k", "v".repeat(10_240), Bytes.EMPTY)))
                        .details())
                .containsEntry("bytes", "10241")
                .containsEntry("limit", "10240");
        Failure tooManyReplicas = failure(cluster.get(first, "k", 4));
        assertThat(tooManyReplicas.kind()).isEqualTo(Failure.Kind.QUORUM_INVALID);
        assertThat(tooManyReplicas.details()).containsEntry("r", "4").containsEntry("n", "3");
        Failure unknownBucket = failure(cluster.node(first)
                .core()
                .get(
                        new ClientGet(
                                "carts",
                                Bytes.utf8("k"),
                                Consistency.ONE,
                                OptionalInt.empty(),
                                OptionalInt.empty(),
                                null),
                        null)
                .toCompletableFuture());
        assertThat(unknownBucket.kind()).isEqualTo(Failure.Kind.BUCKET_NOT_FOUND);
        assertThat(unknownBucket.details()).containsEntry("buckets", "default");
    }

    @Test
    void aContextOfAnotherKeyIsRefused() {
        wrote(first, ManualCluster.put("k", "v", Bytes.EMPTY));
        Bytes ofK = answer(get(first, 0)).contextToken();
        assertThat(failure(cluster.write(first, ManualCluster.put("other", "v", ofK)))
                        .kind())
                .isEqualTo(Failure.Kind.CONTEXT_INVALID);
    }

    @Test
    void tooManySiblingsAreRefusedUntilSomebodyMerges() {
        ManualCluster siblings = new ManualCluster(1, 1, BlindWrites.SIBLING);
        NodeId only = new NodeId(1);
        for (int i = 0; i < 32; i++) {
            answer(siblings.write(only, ManualCluster.put("k", "v" + i, Bytes.EMPTY)));
        }
        assertThat(failure(siblings.write(only, ManualCluster.put("k", "one more", Bytes.EMPTY)))
                        .kind())
                .isEqualTo(Failure.Kind.TOO_MANY_SIBLINGS);
        Bytes all = answer(siblings.get(only, "k", 1)).contextToken();
        answer(siblings.write(only, ManualCluster.put("k", "merged", all)));
        assertThat(texts(answer(siblings.get(only, "k", 1)))).containsExactly("merged");
    }

    @Test
    void ifAbsentIsRefusedWhereThereIsAValue() {
        wrote(first, ManualCluster.put("k", "v", Bytes.EMPTY));
        ClientWrite ifAbsent = new ClientWrite(
                "",
                Bytes.utf8("k"),
                Bytes.utf8("w"),
                Bytes.EMPTY,
                Consistency.DEFAULT,
                OptionalInt.empty(),
                OptionalInt.empty(),
                false,
                true,
                Bytes.EMPTY,
                1,
                null);
        assertThat(failure(cluster.write(first, ifAbsent)).kind()).isEqualTo(Failure.Kind.PRECONDITION_FAILED);
    }

    @Test
    void fullDisksRefusePutsBeforeTheyAreMinted() {
        cluster.node(first).storage.refuse(Storage.Refusal.STORAGE_FULL);
        cluster.node(second).storage.refuse(Storage.Refusal.STORAGE_FULL);
        cluster.node(third).stop();
        assertThat(failure(write(first, ManualCluster.put("k", "v", Bytes.EMPTY)))
                        .kind())
                .isEqualTo(Failure.Kind.STORAGE_FULL);
        cluster.node(second).storage.refuse(null);
        assertThat(values(get(second, 1))).isEmpty();
    }

    @Test
    void anOwnerWithAFullDiskLetsAnotherCoordinate() {
        cluster.node(first).storage.refuse(Storage.Refusal.STORAGE_FULL);
        ClientAnswer written = answer(write(first, ManualCluster.put("k", "v", Bytes.EMPTY)));
        assertThat(written.report().coordinator()).isNotEqualTo(first);
        assertThat(written.report().acknowledged()).containsExactlyInAnyOrder(second, third);
    }

    @Test
    void aNodeThatDrainsKnowsWhenAllOthersHaveHeardOfIt() {
        cluster.node(first).core().drain();
        assertThat(cluster.node(first).core().goodbyesUnderWay()).isEqualTo(2);
        cluster.deliver();
        assertThat(cluster.node(first).core().goodbyesUnderWay()).isZero();

        cluster.node(third).freeze();
        cluster.node(second).core().drain();
        cluster.pass(Duration.ofSeconds(2));
        assertThat(cluster.node(second).core().goodbyesUnderWay()).isZero();
    }

    @Test
    void aDrainingNodeTakesNothingNewButServesItsPeers() {
        cluster.node(second).core().drain();
        assertThat(failure(cluster.get(second, "k", 1)).kind()).isEqualTo(Failure.Kind.NODE_DRAINING);
        assertThat(answer(write(first, ManualCluster.put("k", "v", Bytes.EMPTY)))
                        .report()
                        .acknowledged())
                .contains(second);
    }

    @Test
    void inspectShowsWhoIsBehind() {
        cluster.node(third).stop();
        wrote(first, ManualCluster.put("k", "v", Bytes.EMPTY));
        cluster.node(third).resume();
        var inspection =
                cluster.node(first).core().inspect("", Bytes.utf8("k"), null).toCompletableFuture();
        cluster.deliver();
        var owners =
                inspection.join().match(list -> list, failure -> List.<dev.quorate.core.replication.Inspection>of());
        assertThat(owners).hasSize(3);
        assertThat(owners.stream().filter(owner -> owner.behind()).map(owner -> owner.node()))
                .containsExactly(third);
    }

    @Test
    void aRetryThatFindsNoRoomBehindItsFirstAttemptIsUnknown() {
        cluster.hold(message -> !message.to().equals(first));
        begun(cluster.write(first, identified("k", "v", "id-1", 1)));
        for (int i = 0; i < 16; i++) {
            begun(cluster.write(first, identified("k", "v", "id-1", 2)));
        }
        Failure failure = failure(cluster.write(first, identified("k", "v", "id-1", 2)));
        assertThat(failure.kind().nothingWritten()).isFalse();
        assertThat(cluster.node(first).count("retries_refused_total")).isEqualTo(1);
    }

    @Test
    void aRetryOfAMintedWriteThatGetsNoTurnIsUnknown() {
        cluster.hold(message -> !message.to().equals(first));
        CompletableFuture<Result<ClientAnswer>> put = cluster.write(first, identified("k", "v", "id-1", 1));
        cluster.pass(Duration.ofSeconds(3));
        assertThat(failure(put).kind()).isEqualTo(Failure.Kind.QUORUM_NOT_MET);
        List<PeerRequest> sent = new ArrayList<>();
        cluster.hold(message -> {
            sent.add(message.request());
            return true;
        });
        cluster.node(first).storage.holdReads();
        CompletableFuture<Result<ClientAnswer>> retry = cluster.write(first, identified("k", "v", "id-1", 2));
        cluster.pass(Duration.ofSeconds(3));
        assertThat(failure(retry).kind().nothingWritten()).isFalse();
        cluster.node(first).storage.releaseReads();
        cluster.deliver();
        assertThat(sent).isEmpty();
    }

    @Test
    void aRetryOfAMintedWriteThatFindsTheKeysQueueFullIsUnknown() {
        cluster.hold(message -> !message.to().equals(first));
        begun(cluster.write(first, identified("k", "v", "id-1", 1)));
        cluster.pass(Duration.ofSeconds(3));
        cluster.node(first).storage.holdReads();
        for (int i = 0; i < 5000; i++) {
            begun(cluster.write(first, ManualCluster.put("k", "w", Bytes.EMPTY)));
        }
        assertThat(cluster.node(first).count("updates_refused_total")).isPositive();
        CompletableFuture<Result<ClientAnswer>> retry = cluster.write(first, identified("k", "v", "id-1", 2));
        assertThat(failure(retry).kind().nothingWritten()).isFalse();
    }

    @Test
    void aRetryOfAnAnsweredWriteWaitsForTheDiskNoLongerThanItsDeadline() {
        wrote(first, identified("k", "v", "id-1", 1));
        cluster.node(first).storage.holdSyncs();
        begun(cluster.write(first, ManualCluster.put("another", "v", Bytes.EMPTY)));
        CompletableFuture<Result<ClientAnswer>> retry = cluster.write(first, identified("k", "v", "id-1", 2));
        assertThat(retry).isNotDone();
        cluster.pass(Duration.ofSeconds(3));
        assertThat(failure(retry).kind()).isEqualTo(Failure.Kind.DEADLINE);
    }

    @Test
    void aRetryIsNotAcknowledgedWithARecordThatLostTheFirstAttempt() {
        // The first attempt stood only here, the record went bad, and what the others hold came in its place.
        cluster.hold(message -> !message.to().equals(first));
        begun(cluster.write(first, identified("k", "a", "id-1", 1)));
        cluster.pass(Duration.ofSeconds(3));
        cluster.hold(message -> false);
        cluster.node(first).storage.damageData();
        begun(get(first, 2));
        cluster.pass(Duration.ofSeconds(3));
        wrote(second, ManualCluster.put("k", "b", Bytes.EMPTY));
        assertThat(values(get(first, 3))).containsExactly("b");
        assertThat(failure(write(first, identified("k", "a", "id-1", 2))).kind().nothingWritten())
                .isFalse();
    }

    @Test
    void aRetryThatWantsSiblingsReadsThemAnew() {
        // The ledger keeps answers of 131072 writes: with the objects in them it would fill the heap.
        ManualCluster siblings = new ManualCluster(1, 1, BlindWrites.SIBLING);
        NodeId only = new NodeId(1);
        answer(siblings.write(only, withSiblings("k", "a", "id-1", 1)));
        answer(siblings.write(only, ManualCluster.put("k", "b", Bytes.EMPTY)));
        ClientAnswer again = answer(siblings.write(only, withSiblings("k", "a", "id-1", 2)));
        assertThat(texts(again)).containsExactly("a", "b");
        answer(siblings.write(only, ManualCluster.put("k", "ab", again.contextToken())));
        assertThat(texts(answer(siblings.get(only, "k", 1)))).containsExactly("ab");
    }

    @Test
    void aRetryThatWantsMoreCopiesThanTheFirstAttemptGetsThem() {
        cluster.hold(message -> !message.to().equals(first));
        wrote(first, withW("k", "v", "id-1", 1, 1));
        cluster.hold(message -> false);
        CompletableFuture<Result<ClientAnswer>> retry = write(first, withW("k", "v", "id-1", 2, 3));
        assertThat(answer(retry).report().acknowledged()).containsExactlyInAnyOrder(first, second, third);
    }

    @Test
    void aDamagedRecordWaitsForTheOnlyOtherOwnerThatMayKnowWhatItWas() {
        ManualCluster five = new ManualCluster(5, 5, BlindWrites.OVERWRITE_SEEN);
        for (int number = 3; number <= 5; number++) {
            five.node(number).stop();
        }
        CompletableFuture<Result<ClientAnswer>> put = five.write(new NodeId(1), withW("k", "v", "", 1, 2));
        five.deliver();
        assertThat(answer(put).report().acknowledged()).containsExactlyInAnyOrder(new NodeId(1), new NodeId(2));
        five.node(2).stop();
        five.node(1).storage.damageData();
        for (int number = 3; number <= 5; number++) {
            five.node(number).resume();
        }
        begun(five.get(new NodeId(1), "k", 4));
        five.deliver();
        assertThat(five.node(1).count("records_rescued_total")).isZero();
        five.node(2).resume();
        begun(five.get(new NodeId(1), "k", 4));
        five.deliver();
        assertThat(five.node(1).count("records_rescued_total")).isEqualTo(1);
        CompletableFuture<Result<ClientAnswer>> read = five.get(new NodeId(1), "k", 1);
        five.deliver();
        assertThat(texts(answer(read))).containsExactly("v");
    }

    @Test
    void aRequestIdOfAnotherWriteIsRefused() {
        // Answered with the outcome of the first, the second would be acknowledged and nowhere.
        wrote(first, identified("k", "a", "id-1", 1));
        assertThat(failure(write(first, identified("k", "b", "id-1", 1))).kind())
                .isEqualTo(Failure.Kind.REQUEST_INVALID);
        wrote(first, identified("k", "a", "id-1", 1));
        wrote(first, identified("another", "b", "id-1", 1));
    }

    @Test
    void aWriteThatWaitedIsLeftToOthersIfTheDiskFilledUpMeanwhile() {
        // Rule A5: what was committed in spite of a refusal might find no room in the log.
        ManualStorage storage = cluster.node(first).storage;
        storage.holdReads();
        CompletableFuture<Result<ClientAnswer>> put = cluster.write(first, ManualCluster.put("k", "v", Bytes.EMPTY));
        storage.refuse(Storage.Refusal.STORAGE_FULL);
        storage.releaseReads();
        cluster.deliver();
        assertThat(answer(put).report().acknowledged()).containsExactlyInAnyOrder(second, third);
        storage.refuse(null);
        assertThat(values(get(first, 1))).isEmpty();
    }

    @Test
    void aMergeThatWaitedIsRefusedIfTheDiskFilledUpMeanwhile() {
        ManualStorage storage = cluster.node(second).storage;
        storage.holdReads();
        CompletableFuture<Result<ClientAnswer>> put = cluster.write(first, withW("k", "v", "id-1", 1, 3));
        cluster.deliver();
        storage.refuse(Storage.Refusal.STORAGE_FULL);
        storage.releaseReads();
        cluster.deliver();
        assertThat(failure(put).kind()).isEqualTo(Failure.Kind.QUORUM_NOT_MET);
        storage.refuse(null);
        assertThat(values(get(second, 1))).isEmpty();
    }

    @Test
    void aNodeThatIsStoppedWhileItStartsStaysStopped() {
        ManualCluster.Node node = cluster.node(first);
        node.storage.holdReads();
        node.start();
        assertThat(node.hasStarted()).isFalse();
        node.core().drain();
        node.storage.releaseReads();
        assertThat(node.hasStarted()).isTrue();
        assertThat(node.core().state()).isEqualTo(NodeState.DRAINING);
    }

    @Test
    void aDrainingNodeCoordinatesNothingNewForOthers() {
        ManualCluster five = new ManualCluster(5, 3, BlindWrites.OVERWRITE_SEEN);
        NodeId outsider = outsider(five, "k");
        NodeId left = five.owners("k").get(2);
        five.node(five.owners("k").get(0)).core().drain();
        five.node(five.owners("k").get(1)).core().drain();
        CompletableFuture<Result<ClientAnswer>> put = five.write(outsider, withW("k", "v", "", 1, 1));
        CompletableFuture<Result<ClientAnswer>> read = five.get(outsider, "k", 1);
        five.deliver();
        assertThat(answer(put).report().coordinator()).isEqualTo(left);
        assertThat(answer(read).report().coordinator()).isEqualTo(left);
    }

    @Test
    void whatANodeCoordinatesForOthersCountsAsUnderWay() {
        ManualCluster five = new ManualCluster(5, 3, BlindWrites.OVERWRITE_SEEN);
        NodeId outsider = outsider(five, "k");
        five.hold(message -> message.request() instanceof PeerRequest.Replicate);
        begun(five.write(outsider, ManualCluster.put("k", "v", Bytes.EMPTY)));
        five.deliver();
        int underWay = five.owners("k").stream()
                .mapToInt(owner -> five.node(owner).core().operationsInFlight())
                .sum();
        assertThat(underWay).isEqualTo(1);
        five.releaseAll();
        five.owners("k")
                .forEach(owner ->
                        assertThat(five.node(owner).core().operationsInFlight()).isZero());
    }

    @Test
    void aWallClockBeyondWhatContextsHoldStopsNothing() {
        cluster.setWallMillis(4_500_000_000_000L);
        wrote(first, ManualCluster.put("k", "in 2112", Bytes.EMPTY));
        cluster.setWallMillis(0);
        wrote(first, ManualCluster.put("k", "in 1970", Bytes.EMPTY));
        assertThat(values(get(first, 3))).containsExactly("in 1970");
    }

    @Test
    void aReadThatIsOverAsksNobodyElse() {
        ManualCluster five = new ManualCluster(5, 5, BlindWrites.OVERWRITE_SEEN);
        NodeId owner = five.owners("k").get(0);
        List<NodeId> asked = new ArrayList<>();
        five.hold(message -> {
            asked.add(message.to());
            return true;
        });
        CompletableFuture<Result<ClientAnswer>> read = five.get(owner, "k", 2);
        five.pass(Duration.ofSeconds(5));
        assertThat(failure(read).kind()).isEqualTo(Failure.Kind.QUORUM_NOT_MET);
        assertThat(asked).as("one to reach R, one hedge").hasSize(2);
    }

    @Test
    void aDamagedRecordIsRescuedEvenIfFewerThanROthersExist() {
        ManualCluster two = new ManualCluster(2, 2, BlindWrites.OVERWRITE_SEEN);
        NodeId owner = two.owners("k").get(0);
        begun(two.write(owner, ManualCluster.put("k", "v", Bytes.EMPTY)));
        two.pass(Duration.ofSeconds(1));
        two.node(owner).storage.damageData();
        begun(two.get(owner, "k", 1));
        two.pass(Duration.ofSeconds(1));
        assertThat(two.node(owner).count("records_rescued_total")).isEqualTo(1);
        CompletableFuture<Result<ClientAnswer>> read = two.get(owner, "k", 2);
        two.deliver();
        assertThat(values(read)).containsExactly("v");
    }

    @Test
    void whereBlindWritesAreRefusedAKeyIsCreatedByAskingThatItBeAbsent() {
        ManualCluster strict = new ManualCluster(1, 1, BlindWrites.REJECT);
        NodeId only = new NodeId(1);
        answer(strict.write(only, ifAbsent("k", "v")));
        assertThat(failure(strict.write(only, ifAbsent("k", "w"))).kind()).isEqualTo(Failure.Kind.PRECONDITION_FAILED);
        Bytes read = answer(strict.get(only, "k", 1)).contextToken();
        answer(strict.write(only, delete("k", read)));
        answer(strict.write(only, ifAbsent("k", "again")));
        assertThat(texts(answer(strict.get(only, "k", 1)))).containsExactly("again");
    }

    @Test
    void aRetriedWriteIsForwardedToTheOwnerThatKnowsIt() {
        ManualCluster five = new ManualCluster(5, 3, BlindWrites.OVERWRITE_SEEN);
        NodeId outsider = outsider(five, "k");
        five.hold(message -> message.to().equals(outsider));
        for (int i = 0; i < 8; i++) {
            begun(five.write(outsider, identified("k", "v" + i, "id-" + i, 1)));
            five.pass(Duration.ofSeconds(3));
        }
        five.hold(message -> false);
        for (int i = 0; i < 8; i++) {
            CompletableFuture<Result<ClientAnswer>> retry =
                    five.write(outsider, identified("k", "v" + i, "id-" + i, 2));
            five.deliver();
            answer(retry);
        }
        long known = 0;
        for (NodeId owner : five.owners("k")) {
            known += five.node(owner).count("retries_answered_total");
            assertThat(five.node(owner).count("replica_merges_total"))
                    .as("work is shared")
                    .isPositive();
        }
        assertThat(known).isEqualTo(8);
    }

    private CompletableFuture<Result<ClientAnswer>> write(NodeId coordinator, ClientWrite write) {
        CompletableFuture<Result<ClientAnswer>> done = cluster.write(coordinator, write);
        cluster.deliver();
        return done;
    }

    /** A write that must succeed. */
    private void wrote(NodeId coordinator, ClientWrite write) {
        answer(write(coordinator, write));
    }

    /** An operation whose outcome the story does not look at. */
    private static void begun(CompletableFuture<?> operation) {
        assertThat(operation).isNotCancelled();
    }

    private CompletableFuture<Result<ClientAnswer>> get(NodeId coordinator, int r) {
        CompletableFuture<Result<ClientAnswer>> done = cluster.get(coordinator, "k", r);
        cluster.deliver();
        return done;
    }

    private static ClientWrite identified(String key, String value, String requestId, int attempt) {
        return new ClientWrite(
                "",
                Bytes.utf8(key),
                Bytes.utf8(value),
                Bytes.EMPTY,
                Consistency.DEFAULT,
                OptionalInt.empty(),
                OptionalInt.empty(),
                false,
                false,
                Bytes.utf8(requestId),
                attempt,
                null);
    }

    private static ClientWrite withSiblings(String key, String value, String requestId, int attempt) {
        return write(key, value, OptionalInt.empty(), true, false, requestId, attempt);
    }

    private static ClientWrite withW(String key, String value, String requestId, int attempt, int w) {
        return write(key, value, OptionalInt.of(w), false, false, requestId, attempt);
    }

    private static ClientWrite write(
            String key,
            String value,
            OptionalInt w,
            boolean returnSiblings,
            boolean ifAbsent,
            String requestId,
            int attempt) {
        return new ClientWrite(
                "",
                Bytes.utf8(key),
                Bytes.utf8(value),
                Bytes.EMPTY,
                Consistency.DEFAULT,
                w,
                OptionalInt.empty(),
                returnSiblings,
                ifAbsent,
                Bytes.utf8(requestId),
                attempt,
                null);
    }

    private static ClientWrite ifAbsent(String key, String value) {
        return write(key, value, OptionalInt.empty(), false, true, "", 1);
    }

    private static ClientWrite delete(String key, Bytes context) {
        return new ClientWrite(
                "",
                Bytes.utf8(key),
                null,
                context,
                Consistency.DEFAULT,
                OptionalInt.empty(),
                OptionalInt.empty(),
                false,
                false,
                Bytes.EMPTY,
                1,
                null);
    }

    private static NodeId outsider(ManualCluster cluster, String key) {
        List<NodeId> owners = cluster.owners(key);
        for (int i = 1; i <= 5; i++) {
            if (!owners.contains(new NodeId(i))) {
                return new NodeId(i);
            }
        }
        throw new AssertionError("everybody owns " + key);
    }

    private static ClientAnswer answer(CompletableFuture<Result<ClientAnswer>> done) {
        assertThat(done).isCompleted();
        return done.join().match(answer -> answer, failure -> {
            throw new AssertionError("failed: " + failure);
        });
    }

    private static Failure failure(CompletableFuture<Result<ClientAnswer>> done) {
        assertThat(done).isCompleted();
        return done.join()
                .match(
                        answer -> {
                            throw new AssertionError("answered: " + answer);
                        },
                        failure -> failure);
    }

    private static List<String> values(CompletableFuture<Result<ClientAnswer>> done) {
        return texts(answer(done));
    }

    private static List<String> texts(ClientAnswer answer) {
        return answer.siblings().stream().map(sibling -> sibling.value().utf8()).toList();
    }
}
