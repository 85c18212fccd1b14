package dev.quorate.sdk;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a write supersedes, told story by story; {@link ContextCarryingLawTest} mixes them. */
class ContextCarryingTest {
    private FakeCluster cluster;
    private QuorateClient alice;
    private QuorateClient bob;
    private Bucket<String> ofAlice;
    private Bucket<String> ofBob;

    @BeforeEach
    void start() {
        cluster = new FakeCluster(1);
        alice = cluster.client();
        bob = cluster.client();
        ofAlice = alice.bucket("default", Codec.utf8());
        ofBob = bob.bucket("default", Codec.utf8());
    }

    @AfterEach
    void stop() throws Exception {
        alice.close();
        bob.close();
        cluster.close();
    }

    private List<String> stored(String key) {
        return cluster.nodes.get(0).store.values(key);
    }

    private FakeNode.Received last() {
        return cluster.nodes.get(0).received.stream()
                .reduce((first, second) -> second)
                .orElseThrow();
    }

    @Test
    void aClientsOwnSequenceNeverConflictsWithItself() throws Exception {
        try (FakeCluster apart = new FakeCluster(3);
                QuorateClient client = apart.client()) {
            apart.replicates =
                    false; // every coordinator sees only what it was sent: contexts alone must order the writes
            Bucket<String> bucket = client.bucket("default", Codec.utf8());
            for (int i = 0; i < 30; i++) {
                bucket.put("k", "v" + i);
            }
            FakeStore merged = new FakeStore();
            for (FakeNode node : apart.nodes) {
                merged.merge(new FakeStore.ObjectKey("default", ByteString.copyFromUtf8("k")), node.store);
            }

            assertThat(merged.values("k")).containsExactly("v29");
        }
    }

    @Test
    void writesWithoutWaitingKeepTheOrderOfTheCalls() {
        var writes = IntStream.range(0, 100)
                .mapToObj(i -> ofAlice.putAsync("k", "v" + i))
                .toList();
        writes.forEach(write -> assertThat(write.join().isPresent()).isTrue());

        assertThat(stored("k")).containsExactly("v99");
    }

    @Test
    void aPlainPutDoesNotReplaceWhatOthersWroteSinceTheClientsOwnWrite() {
        ofAlice.put("k", "a1");
        ofBob.put("k", "b1"); // Bob's first: by the bucket's policy it replaces a1
        ofAlice.put("k", "a2");

        assertThat(stored("k")).containsExactly("a2", "b1");
    }

    @Test
    void aGetDoesNotLetALaterPlainPutReplaceWhatItSaw() {
        ofAlice.put("k", "a1");
        ofBob.put("k", "b1");
        assertThat(ofAlice.get("k").value()).isEqualTo("b1");
        ofAlice.put("k", "a2");

        assertThat(stored("k"))
                .as("plain puts continue the client's own writes only")
                .containsExactly("a2", "b1");
    }

    @Test
    void aPutOfWhatWasReadReplacesExactlyThat() {
        ofAlice.put("k", "a1");
        ofBob.put("k", "b1");
        ofAlice.put("k", "a2");
        Versioned<String> both = ofAlice.get("k");
        ofBob.put("k", "b2"); // replaces b1, unseen by Alice
        ofAlice.put("k", both.with("merged"));

        assertThat(stored("k")).containsExactly("b2", "merged");
    }

    @Test
    void aPlainPutContinuesAPutOfWhatWasRead() {
        ofBob.put("k", "b1");
        ofAlice.put("k", ofAlice.get("k").with("a1"));
        ofAlice.put("k", "a2");

        assertThat(stored("k")).containsExactly("a2");
    }

    @Test
    void havingSeenNothingReplacesNothing() {
        Versioned<String> absent = ofAlice.get("k");
        ofBob.put("k", "b1");
        ofAlice.put("k", absent.with("a1"));

        assertThat(stored("k")).containsExactly("a1", "b1");
        assertThat(last().attempt())
                .as("an empty context must not replace what the coordinator holds")
                .isGreaterThan(1);
    }

    @Test
    void aDeleteContinuesThePutBeforeItAndIsContinuedByTheNext() {
        ofAlice.put("k", "a1");
        ofBob.put("k", "b1");
        ofAlice.delete("k");
        assertThat(stored("k")).containsExactly("b1");
        ofAlice.put("k", "a2");
        assertThat(stored("k")).containsExactly("a2", "b1");
    }

    @Test
    void siblingsAskedForWithAWriteCountAsSeen() {
        ofAlice.put("k", "a1");
        ofBob.put("k", "b1");
        Versioned<String> after = ofAlice.put("k", "a2", WriteOptions.DEFAULT.withReturnSiblings(true));
        assertThat(after.siblings().stream().map(Sibling::value)).containsExactlyInAnyOrder("a2", "b1");
        ofAlice.put("k", after.with("merged"));

        assertThat(stored("k")).containsExactly("merged");
    }

    @Test
    void aBlindWriteNeitherContinuesNorIsContinued() {
        ofAlice.put("k", "a1");
        WriteOptions blind = WriteOptions.DEFAULT.withCarryContext(false);
        ofAlice.put("k", "a2", blind);
        assertThat(last().context().isEmpty()).isTrue();
        assertThat(stored("k"))
                .as("the bucket's policy replaces what the coordinator holds")
                .containsExactly("a2");
        ofAlice.put("k", "a3");
        assertThat(stored("k")).containsExactly("a2", "a3");
    }

    @Test
    void contextsBeyondTheBoundAreForgottenAndCounted() {
        try (QuorateClient small = cluster.builder().maxCarriedContexts(10).build()) {
            Bucket<String> bucket = small.bucket("default", Codec.utf8());
            for (int i = 0; i < 25; i++) {
                bucket.put("k" + i, "v");
            }
            bucket.put("k24", "w");
            assertThat(last().context().isEmpty()).isFalse();
            bucket.put("k0", "w");
            assertThat(last().context().isEmpty()).isTrue();
            assertThat(small.counters().contextEvictions()).isGreaterThanOrEqualTo(15);
            assertThat(small.counters().carriedContexts()).isLessThanOrEqualTo(11);
        }
    }

    @Test
    void aRememberedContextThatTheClusterRefusesIsDroppedOnce() {
        ofAlice.put("k", "a1");
        cluster.nodes.get(0).reaction = request -> request.context().isEmpty()
                ? new FakeNode.Reaction.Serve()
                : FakeNode.refuse(Code.INVALID_ARGUMENT, "CONTEXT_INVALID");

        ofAlice.put("k", "a2");

        assertThat(stored("k")).containsExactly("a2");
    }
}
