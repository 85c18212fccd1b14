package dev.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.simulation.History.Evidence;
import dev.quorate.simulation.History.Intent;
import dev.quorate.simulation.History.Seen;
import dev.quorate.simulation.History.Write;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Histories told by hand, as a test against real processes would record them; N = 3. */
class HistoryCheckerTest {
    private final History history = new History(Evidence.BLACK_BOX, 3);
    private long now;

    @Test
    void acceptsAValueThatIsStillThere() {
        Write a = put("c1", Seen.NOTHING);
        lastRead(a);

        assertThat(check()).isEmpty();
    }

    @Test
    void seesALostWrite() {
        put("c1", Seen.NOTHING);
        Write b = put("c2", Seen.NOTHING);
        lastRead(b);

        assertThat(check()).containsOnly("I1", "I5");
    }

    @Test
    void acceptsThatAWriteWhoseContextHadSeenItReplacesAnother() {
        Write a = put("c1", Seen.NOTHING);
        Write b = put("c2", read(2, a));
        lastRead(b);

        assertThat(check()).isEmpty();
    }

    @Test
    void seesALostWriteThatOnlyAnotherKeyReplaced() {
        put("c1", Seen.NOTHING);
        Write elsewhere = history.invoke(new Intent("other", "c1", false, Seen.NOTHING, 2, true), ++now);
        elsewhere.acknowledged(++now, List.of());
        history.read("key", "last", 3, ++now, ++now, true, List.of());

        assertThat(check()).contains("I1");
    }

    @Test
    void takesAnUnknownWriteEitherWay() {
        Write a = put("c1", Seen.NOTHING);
        Write unknown = invoke("c2", read(2, a));
        lastRead(a);
        assertThat(check()).isEmpty();

        lastRead(unknown);
        assertThat(check()).isEmpty();
    }

    @Test
    void seesAnAcknowledgedWriteMissingBesideAnUnknownOne() {
        put("c1", Seen.NOTHING);
        Write unknown = invoke("c2", Seen.NOTHING);
        lastRead(unknown);

        assertThat(check()).contains("I1");
    }

    @Test
    void letsAnUnknownDeleteExplainAnAbsence() {
        Write a = put("c1", Seen.NOTHING);
        history.invoke(new Intent("key", "c2", true, read(2, a), 2, true), ++now);
        lastRead();

        assertThat(check()).isEmpty();
    }

    @Test
    void seesAValueReturnAfterItsDeletion() {
        Write a = put("c1", Seen.NOTHING);
        Write gone = history.invoke(new Intent("key", "c2", true, read(2, a), 2, true), ++now);
        gone.acknowledged(++now, List.of());
        lastRead(a);

        assertThat(check()).containsOnly("I1", "I12");
    }

    @Test
    void seesAValueThatNobodyWrote() {
        history.read("key", "c1", 2, ++now, ++now, false, List.of("made up"));
        history.read("key", "c1", 2, ++now, ++now, false, List.of("key#7"));

        assertThat(check()).containsExactly("I3", "I3");
    }

    @Test
    void seesAValueReadBeforeItWasWritten() {
        Write late = invoke("c1", Seen.NOTHING);
        history.read("key", "c2", 2, 0, 0, false, List.of(late.value()));

        assertThat(check()).contains("I3");
    }

    @Test
    void seesARefusedValue() {
        Write refused = invoke("c1", Seen.NOTHING);
        refused.refused(++now);
        lastRead(refused);

        assertThat(check()).contains("I3");
    }

    @Test
    void seesFalseSiblings() {
        Write a = put("c1", Seen.NOTHING);
        Write b = put("c2", read(2, a));
        read(2, a, b);

        assertThat(check()).containsExactly("I3");
    }

    @Test
    void seesAStaleReadOfAStrictQuorum() {
        Write a = put("c1", Seen.NOTHING);
        Write b = put("c2", read(2, a));
        read(2, a);
        lastRead(b);

        assertThat(check()).containsExactly("I5");
    }

    @Test
    void acceptsAStaleReadWhereQuorumsNeedNotMeet() {
        Write a = put("c1", Seen.NOTHING);
        Write b = put("c2", read(2, a));
        read(1, a);
        lastRead(b);

        assertThat(check()).isEmpty();
    }

    @Test
    void acceptsAStaleReadThatBeganBeforeTheAcknowledgement() {
        Write a = put("c1", Seen.NOTHING);
        long began = ++now;
        Write b = put("c2", read(2, a));
        history.read("key", "c3", 2, began, ++now, false, List.of(a.value()));
        lastRead(b);

        assertThat(check()).isEmpty();
    }

    @Test
    void fromOutsideAWriteWithoutContextMayHaveReplacedWhatWasBegunBeforeItEnded() {
        put("c1", Seen.NOTHING);
        Write blind = put("c2", null);
        lastRead(blind);
        assertThat(check()).isEmpty();

        put("c3", Seen.NOTHING);
        lastRead(blind);
        assertThat(check()).contains("I1");
    }

    @Test
    void fromInsideAWriteWithoutContextReplacesWhatItsCoordinatorHeld() {
        History inside = new History(Evidence.WHITE_BOX, 3);
        Write a = inside.invoke(new Intent("key", "c1", false, Seen.NOTHING, 2, true), 1);
        a.acknowledged(2, List.of("n1", "n2"));
        Write blind = inside.invoke(new Intent("key", "c2", false, null, 2, true), 3);
        blind.acknowledged(4, List.of("n1", "n3"));
        inside.read("key", "last", 3, 5, 6, true, List.of(blind.value()));
        assertThat(invariants(inside)).containsOnly("I1", "I5");

        BitSet held = new BitSet();
        held.set(a.index);
        blind.coordinatorHeld(held);
        assertThat(invariants(inside)).isEmpty();
    }

    @Test
    void seesAContextThatCoversMoreThanTheAnswerShows() {
        History inside = new History(Evidence.WHITE_BOX, 3);
        Write a = inside.invoke(new Intent("key", "c1", false, Seen.NOTHING, 2, true), 1);
        a.acknowledged(2, List.of("n1", "n2"));
        Write b = inside.invoke(new Intent("key", "c2", false, Seen.NOTHING, 2, true), 3);
        b.acknowledged(4, List.of("n1", "n2"));
        BitSet both = new BitSet();
        both.set(a.index);
        both.set(b.index);
        inside.ownContext(b, 4).covered = both;

        assertThat(invariants(inside)).containsExactly("I2");
    }

    @Test
    void aWriteMayBeLostWithAllItsCopies() {
        Write a = invoke("c1", Seen.NOTHING);
        a.acknowledged(++now, List.of("n1", "n2"));
        history.destroyed("key", "n1", 1, ++now);
        lastRead();
        assertThat(check()).contains("I1");

        history.destroyed("key", "n2", 1, ++now);
        lastRead();
        assertThat(check()).doesNotContain("I1");
    }

    @Test
    void aCopyThatSurvivedADamagedDiskCounts() {
        Write a = invoke("c1", Seen.NOTHING);
        a.acknowledged(++now, List.of("n1", "n2"));
        BitSet both = new BitSet();
        both.set(a.index);
        history.destroyed("key", "n1", 0, ++now, both);
        history.destroyed("key", "n2", 0, ++now, new BitSet());
        lastRead();

        assertThat(check()).contains("I1");
    }

    @Test
    void aCopyMadeAgainFromTheOthersCountsUnlessTheyLostTheirsToo() {
        Write a = invoke("c1", Seen.NOTHING);
        a.acknowledged(++now, List.of("n1", "n2"));
        history.destroyed("key", "n1", 2, ++now);
        lastRead();
        assertThat(check()).contains("I1", "I5");

        history.destroyed("key", "n2", 2, ++now);
        lastRead();
        assertThat(check()).doesNotContain("I1");
    }

    @Test
    void aStrictReadNeedNotShowWhatFewerOwnersThanAskedForHold() {
        Write a = put("c1", Seen.NOTHING);
        Write b = put("c2", read(2, a));
        b.acknowledgedByOwners(1);
        read(2, a);
        lastRead(b);

        assertThat(check()).isEmpty();
    }

    @Test
    void aCopyMadeAgainFromOwnersNeedNotHoldWhatAStandInKeeps() {
        Write a = put("c1", Seen.NOTHING);
        Write b = invoke("c2", read(2, a));
        b.acknowledged(++now, List.of("n1", "n4"));
        b.acknowledgedByOwners(1);
        history.destroyed("key", "n1", 2, ++now);
        read(3, a);
        lastRead(b);

        assertThat(check()).isEmpty();
    }

    @Test
    void aReadOfFewerOwnersThanAskedForMayBeStale() {
        Write a = put("c1", Seen.NOTHING);
        Write b = put("c2", read(2, a));
        read(0, a);
        lastRead(b);

        assertThat(check()).isEmpty();
    }

    @Test
    void aWriteIsKeptWithTheOwnerThatAStandInHandedItTo() {
        Write a = invoke("c1", Seen.NOTHING);
        a.acknowledged(++now, List.of("n1", "n4"));
        history.handedOver("key", "n4", "n2", ++now);
        history.destroyed("key", "n1", 0, ++now);
        lastRead();
        assertThat(check()).contains("I1");

        history.destroyed("key", "n2", 0, ++now);
        lastRead();
        assertThat(check()).doesNotContain("I1");
    }

    @Test
    void seesThatALaterReadShowsLessWhereReadsRepairFirst() {
        Write a = put("c1", Seen.NOTHING);
        Write unknown = invoke("c2", read(2, a));
        read(2, unknown);
        read(2, a);
        lastRead(unknown);
        assertThat(check()).isEmpty();

        history.promiseMonotonicReads();
        assertThat(check()).containsExactly("I6");
    }

    @Test
    void seesAClientThatDoesNotReadItsOwnWrite() {
        Write a = put("c1", Seen.NOTHING);
        history.read("key", "c1", 2, ++now, ++now, false, List.of());
        lastRead(a);

        assertThat(check()).containsExactly("I5", "I6");
    }

    @Test
    void acceptsASessionWhoseWritesGoOnFromWhatItSaw() {
        Write a = put("c1", Seen.NOTHING);
        history.read("key", "c2", 2, ++now, ++now, false, List.of(a.value()));
        Write b = sessionPut("c2", read(2, a));
        Write c = sessionPut("c2", read(2, b));
        lastRead(c);

        assertThat(check()).isEmpty();
    }

    @Test
    void seesASessionWhoseWriteForgetsWhatItRead() {
        Write a = put("c1", Seen.NOTHING);
        history.read("key", "c2", 2, ++now, ++now, false, List.of(a.value()));
        Write b = sessionPut("c2", Seen.NOTHING);
        lastRead(a, b);

        // The write says nothing of what it should follow, and so stands beside it.
        assertThat(check()).containsExactly("I6", "I6");
    }

    @Test
    void seesASessionWhoseWriteForgetsItsOwnWriteBefore() {
        Write a = put("c1", Seen.NOTHING);
        history.ownContext(a, ++now);
        Write b = sessionPut("c1", Seen.NOTHING);
        lastRead(a, b);

        assertThat(check()).containsExactly("I6", "I6");
    }

    @Test
    void acceptsThatEachReplicaAnswersAsAllDoOnceTheyAreEqual() {
        Write a = put("c1", Seen.NOTHING);
        Write b = put("c2", read(2, a));
        lastRead(b);
        settledRead(b);

        assertThat(check()).isEmpty();
    }

    @Test
    void seesAReplicaThatAnswersOtherwiseThoughAllShouldBeEqual() {
        Write a = put("c1", Seen.NOTHING);
        Write b = put("c2", read(2, a));
        lastRead(b);
        settledRead(a);
        assertThat(check()).containsExactly("I7", "I7");
    }

    @Test
    void seesAReplicaThatStillHasWhatWasDeleted() {
        Write a = put("c1", Seen.NOTHING);
        Write gone = history.invoke(new Intent("key", "c2", true, read(2, a), 2, true), ++now);
        gone.acknowledged(++now, List.of());
        lastRead();
        settledRead(a);

        assertThat(check()).containsExactly("I12");
    }

    private Write sessionPut(String client, Seen seen) {
        Write write = invoke(client, seen);
        history.goesOnFromWhatItsClientSaw(write);
        write.acknowledged(++now, List.of());
        history.ownContext(write, now);
        return write;
    }

    private void settledRead(Write... values) {
        // Of one replica: R + W does not exceed N.
        history.read(
                        "key",
                        "last",
                        1,
                        ++now,
                        ++now,
                        false,
                        List.of(values).stream().map(Write::value).toList())
                .settled = true;
    }

    @Test
    void seesMoreSiblingsThanWritersThatReadTheirOwnWrites() {
        Write a = put("c1", Seen.NOTHING);
        Write b = put("c1", read(2, a));
        // As if the second answer had forgotten what the first one was.
        Write c = put("c1", read(2, b));
        read(2, a, b, c);

        assertThat(check()).contains("I4");
    }

    private Write invoke(String client, @Nullable Seen seen) {
        return history.invoke(new Intent("key", client, false, seen, 2, true), ++now);
    }

    private Write put(String client, @Nullable Seen seen) {
        Write write = invoke(client, seen);
        write.acknowledged(++now, List.of());
        return write;
    }

    private Seen read(int r, Write... values) {
        return history.read(
                        "key",
                        "reader",
                        r,
                        ++now,
                        ++now,
                        false,
                        List.of(values).stream().map(Write::value).toList())
                .seen();
    }

    private void lastRead(Write... values) {
        history.read(
                "key",
                "last",
                3,
                ++now,
                ++now,
                true,
                List.of(values).stream().map(Write::value).toList());
    }

    private List<String> check() {
        return invariants(history);
    }

    private static List<String> invariants(History history) {
        return HistoryChecker.check(history).stream().map(Violation::invariant).toList();
    }
}
