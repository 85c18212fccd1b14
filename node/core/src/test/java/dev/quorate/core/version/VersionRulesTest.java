package dev.quorate.core.version;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The test vectors of the versioning design, by their numbers, and the rules around them. */
class VersionRulesTest {
    private static final Actor A = new Actor(0, 1, 1);
    private static final Actor B = new Actor(0, 2, 1);
    private static final Actor F = new Actor(0, 3, 1);
    private static final Key KEY = new Key(1, Bytes.utf8("cart:42"));
    private static final int NOW = 1_000;

    private final List<String> conflicts = new ArrayList<>();
    private final VersionRules rules = new VersionRules((kept, dropped) ->
            conflicts.add(kept.value().utf8() + " over " + dropped.value().utf8()));

    private final StoredRecord vector1 = put(null, CausalContext.EMPTY, A, 10, "v1");
    private final StoredRecord vector3 = put(vector1, context(A, 10, 10), A, 11, "v2");
    private final StoredRecord vector4 = put(replicate(null, vector1), context(A, 10, 10), B, 500, "v3");

    @Test
    void vector1FirstPutBeginsItsOwnInterval() {
        assertHolds(vector1, "[0.1.1:[10-10]]", "v1");
        assertThat(vector1.own()).isEqualTo(new OwnInterval(1, 10));
    }

    @Test
    void vector2ReplicaStoresTheSameWithoutOwnInterval() {
        StoredRecord atB = replicate(null, vector1);

        assertHolds(atB, "[0.1.1:[10-10]]", "v1");
        assertThat(atB.own()).isNull();
    }

    @Test
    void vector3PutWithContextSupersedesWhatItSaw() {
        assertHolds(vector3, "[0.1.1:[10-11]]", "v2");
        assertThat(vector3.own()).isEqualTo(new OwnInterval(1, 10));
    }

    @Test
    void vector4PutAtAnotherReplicaClaimsOnlyItself() {
        assertHolds(vector4, "[0.1.1:[10-10], 0.2.1:[500-500]]", "v3");
        assertThat(vector4.own()).isEqualTo(new OwnInterval(1, 500));
    }

    @Test
    void vector5MergeKeepsConcurrentWritesInEitherOrderAndTwice() {
        VersionedObject merged = rules.merge(vector3.object(), vector4.object());

        assertThat(values(merged)).containsExactly("v2", "v3");
        assertThat(merged.context()).hasToString("[0.1.1:[10-11], 0.2.1:[500-500]]");
        assertThat(rules.merge(vector4.object(), vector3.object())).isEqualTo(merged);
        assertThat(rules.merge(merged, vector4.object())).isSameAs(merged);
        assertThat(rules.merge(vector3.object(), merged)).isSameAs(merged);
    }

    @Test
    void vector6PutWithTheMergedContextResolvesTheConflict() {
        StoredRecord conflict = replicate(vector3, vector4);

        StoredRecord resolved = put(conflict, conflict.object().context(), A, 12, "v4");

        assertHolds(resolved, "[0.1.1:[10-12], 0.2.1:[500-500]]", "v4");
    }

    @Test
    void vector7ReceivedBackRecordClaimsNothingAboutItsPast() {
        StoredRecord first = put(null, CausalContext.EMPTY, F, 7, "x1");
        StoredRecord second = put(first, CausalContext.EMPTY, F, 8, "x2");
        assertHolds(second, "[0.3.1:[7-8]]", "x1", "x2");
        StoredRecord atB = replicate(null, second);
        StoredRecord atA = replicate(null, first);

        StoredRecord back = replicate(null, atA);
        assertThat(back.own()).isNull();
        StoredRecord third = put(back, CausalContext.EMPTY, F, 9, "x3");

        assertThat(third.own()).isEqualTo(new OwnInterval(1, 9));
        assertThat(values(third.object())).containsExactly("x1", "x3");
        assertThat(values(rules.merge(third.object(), atB.object()))).containsExactly("x1", "x2", "x3");
        // One set of dots has one form, so the two intervals that the design page lists apart are written with a gap
        // between
        // them exactly where a dot is missing: here 8.
        assertThat(third.object().context()).hasToString("[0.3.1:[7-7], 0.3.1:[9-9]]");
    }

    @Test
    void vector8RolledBackNodeWritesAsAnotherActor() {
        StoredRecord rolledBack = put(vector1, context(A, 10, 10), A, 11, "v2");
        StoredRecord lost = put(rolledBack, context(A, 10, 11), A, 12, "v4");
        Actor reborn = new Actor(0, 1, 2);

        StoredRecord after = put(rolledBack, CausalContext.EMPTY, reborn, 1, "v5");

        assertThat(after.object().context()).hasToString("[0.1.1:[10-11], 0.1.2:[1-1]]");
        assertThat(after.own()).isEqualTo(new OwnInterval(2, 1));
        assertThat(values(rules.merge(after.object(), lost.object()))).containsExactly("v4", "v5");
    }

    @Test
    void vector9PutReclaimsItsPrunedIntervalAsLongAsItHeldTheRecord() {
        StoredRecord atA = put(vector3, context(A, 10, 11), A, 12, "v4");
        VersionedObject staleCopy = vector3.object();
        StoredRecord overwritten = put(replicate(null, atA), atA.object().context(), B, 501, "v5");
        StoredRecord pruned = new StoredRecord(
                KEY,
                VersionedObject.of(context(B, 501, 501), overwritten.object().siblings()),
                atA.own());

        StoredRecord withGhost = replicate(pruned, new StoredRecord(KEY, staleCopy, null));
        assertThat(values(withGhost.object())).containsExactly("v2", "v5");
        StoredRecord next = put(withGhost, withGhost.object().context(), A, 13, "v6");

        assertHolds(next, "[0.1.1:[10-13], 0.2.1:[501-501]]", "v6");
    }

    @Test
    void vector10OldContextNeitherCoversNorResurrectsARecreatedKey() {
        StoredRecord recreated = put(null, CausalContext.EMPTY, A, 90, "y");
        assertHolds(recreated, "[0.1.1:[90-90]]", "y");

        StoredRecord after = put(replicate(null, recreated), context(A, 10, 12), B, 600, "z");

        assertThat(values(after.object())).containsExactly("y", "z");
        assertThat(after.object().context().describe())
                .containsExactly("0.1.1:[10-12]", "0.1.1:[90-90]", "0.2.1:[600-600]");
    }

    @Test
    void answerOfAPutCoversOnlyWhatTheClientSaw() {
        // Clients 1 and 2 read x; 1 puts y; 2 puts z, and puts again with what its put returned: y must stay.
        StoredRecord x = put(null, CausalContext.EMPTY, A, 1, "x");
        CausalContext read = x.object().context();
        StoredRecord y = put(x, read, A, 2, "y");
        StoredRecord z = put(y, read, A, 3, "z");
        CausalContext answered = rules.answerContext(read, new Dot(A, 3), NOW);

        StoredRecord again = put(z, answered, A, 4, "z2");

        assertThat(values(again.object())).containsExactly("y", "z2");
        assertThat(answered.describe()).containsExactly("0.1.1:[1-1]", "0.1.1:[3-3]");
    }

    @Test
    void contextOfAnotherBootOrNodeSupersedesNothingOfThisOne() {
        StoredRecord after = put(vector1, context(new Actor(0, 1, 2), 1, 100), A, 11, "v2");

        assertThat(values(after.object())).containsExactly("v1", "v2");
    }

    @Test
    void deleteIsAWriteThatReadsAsNothing() {
        StoredRecord deleted = rules.put(
                vector1, KEY, context(A, 10, 10), new Dot(A, 11), 11, Sibling.Kind.TOMBSTONE, Bytes.EMPTY, NOW);

        assertThat(deleted.object().isDeleted()).isTrue();
        assertThat(deleted.object().values()).isEmpty();
        assertThat(deleted.object().dots()).containsExactly(new Dot(A, 11));
        assertThat(rules.merge(deleted.object(), vector1.object())).isSameAs(deleted.object());
        assertThat(values(replicate(deleted, vector4).object())).containsExactly("v3");
    }

    @Test
    void mergeThatChangesNothingReturnsTheRecordItself() {
        StoredRecord stored = new RecordCodec().decode(new RecordCodec().encode(vector3));

        assertThat(replicate(stored, vector3)).isSameAs(stored);
        assertThat(replicate(stored, vector1)).isSameAs(stored);
        assertThat(replicate(stored, vector4)).isNotSameAs(stored);
    }

    @Test
    void mergeKeepsTheOwnInterval() {
        assertThat(replicate(vector3, vector4).own()).isEqualTo(vector3.own());
    }

    @Test
    void ownIntervalOfAnEarlierBootIsNotContinued() {
        StoredRecord after = put(vector3, CausalContext.EMPTY, new Actor(0, 1, 2), 20, "v");

        assertThat(after.own()).isEqualTo(new OwnInterval(2, 20));
        assertThat(after.object().context().describe()).containsExactly("0.1.1:[10-11]", "0.1.2:[20-20]");
    }

    @Test
    void oneDotWithTwoValuesKeepsTheGreaterOnEitherSideAndSaysSo() {
        VersionedObject one = put(null, CausalContext.EMPTY, A, 1, "one").object();
        VersionedObject two = put(null, CausalContext.EMPTY, A, 1, "two").object();

        assertThat(values(rules.merge(one, two))).containsExactly("two");
        assertThat(values(rules.merge(two, one))).containsExactly("two");
        assertThat(conflicts).containsExactly("two over one", "two over one");
    }

    @Test
    void dotThatIsKnownAlreadyIsNoticedBeforeItIsMinted() {
        assertThat(rules.alreadyNames(vector1, CausalContext.EMPTY, new Dot(A, 10)))
                .isTrue();
        assertThat(rules.alreadyNames(null, context(A, 10, 10), new Dot(A, 10))).isTrue();
        assertThat(rules.alreadyNames(vector1, context(A, 10, 10), new Dot(A, 11)))
                .isFalse();
        assertThat(rules.alreadyNames(null, CausalContext.EMPTY, new Dot(A, 10)))
                .isFalse();
    }

    @Test
    void relationTellsWhoHasSeenWhom() {
        assertThat(rules.relation(vector1.object(), vector3.object())).isEqualTo(Relation.BEFORE);
        assertThat(rules.relation(vector3.object(), vector1.object())).isEqualTo(Relation.AFTER);
        assertThat(rules.relation(vector3.object(), vector4.object())).isEqualTo(Relation.CONCURRENT);
        assertThat(rules.relation(vector4.object(), vector4.object())).isEqualTo(Relation.EQUAL);
    }

    @Test
    void putForgetsTheOldestIntervalsButNoneOfALiveSibling() {
        // Node n last wrote at second n; what node 1 wrote still lives, what the others wrote is superseded.
        StoredRecord oldest =
                rules.put(null, KEY, CausalContext.EMPTY, dotOf(1), 1, Sibling.Kind.VALUE, Bytes.utf8("oldest"), 1);
        CausalContext seen = CausalContext.EMPTY;
        for (int node = 2; node <= 300; node++) {
            seen = seen.withInterval(dotOf(node).actor(), 1, 1, node);
        }

        StoredRecord after = rules.put(
                new StoredRecord(KEY, oldest.object(), null),
                KEY,
                seen,
                dotOf(301),
                2,
                Sibling.Kind.VALUE,
                Bytes.utf8("new"),
                301);

        CausalContext kept = after.object().context();
        assertThat(values(after.object())).containsExactly("oldest", "new");
        assertThat(kept.entryCount()).isEqualTo(VersionRules.CONTEXT_ENTRIES_KEPT);
        for (int node = 1; node <= 301; node++) {
            assertThat(kept.covers(dotOf(node))).as("node %s", node).isEqualTo(node == 1 || node > 301 - 191);
        }
        assertThat(new RecordCodec().decode(new RecordCodec().encode(after))).isEqualTo(after);
    }

    @Test
    void mergesPruneNothingButAnswersDo() {
        CausalContext seen = CausalContext.EMPTY;
        for (int node = 10; node < 400; node++) {
            seen = seen.withInterval(dotOf(node).actor(), 1, 1, node);
        }
        VersionedObject wide = VersionedObject.of(seen, List.of());

        VersionedObject merged = rules.merge(vector1.object(), wide);

        assertThat(merged.context().entryCount()).isEqualTo(391);
        CausalContext answered = rules.readContext(merged);
        assertThat(answered.entryCount()).isEqualTo(VersionRules.CONTEXT_ENTRIES_KEPT);
        assertThat(answered.covers(new Dot(A, 10))).isTrue();
    }

    @Test
    void answersOfAChainOfPutsStayBelowTheLimitAndKeepTheNewest() {
        CausalContext carried = CausalContext.EMPTY;
        for (int i = 1; i <= 1_000; i++) {
            // Writes of other keys lie between, so the intervals never touch.
            carried = rules.answerContext(carried, new Dot(A, 2L * i), i);
        }

        assertThat(carried.entryCount()).isEqualTo(VersionRules.CONTEXT_ENTRIES_KEPT);
        assertThat(carried.covers(new Dot(A, 2_000))).isTrue();
        assertThat(carried.covers(new Dot(A, 2))).isFalse();
    }

    private static Dot dotOf(int node) {
        return new Dot(new Actor(0, node, 1), 1);
    }

    private StoredRecord put(
            @Nullable StoredRecord local, CausalContext seen, Actor actor, long sequence, String value) {
        return rules.put(
                local, KEY, seen, new Dot(actor, sequence), sequence, Sibling.Kind.VALUE, Bytes.utf8(value), NOW);
    }

    private StoredRecord replicate(@Nullable StoredRecord local, StoredRecord sent) {
        return rules.merge(local, KEY, VersionedObject.decode(sent.object().encoded()));
    }

    private static CausalContext context(Actor actor, long from, long toInclusive) {
        return CausalContext.EMPTY.withInterval(actor, from, toInclusive, NOW);
    }

    private static void assertHolds(StoredRecord record, String context, String... values) {
        assertThat(values(record.object())).containsExactly(values);
        assertThat(record.object().context()).hasToString(context);
    }

    private static List<String> values(VersionedObject object) {
        return object.values().stream().map(sibling -> sibling.value().utf8()).toList();
    }
}
