package dev.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.ring.KeyHasher;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.core.version.Actor;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.Dot;
import dev.quorate.core.version.RecordCodec;
import dev.quorate.core.version.Sibling;
import dev.quorate.core.version.StoredRecord;
import dev.quorate.core.version.VersionedObject;
import dev.quorate.simulation.History.Evidence;
import dev.quorate.simulation.History.Intent;
import dev.quorate.simulation.History.Seen;
import dev.quorate.simulation.History.Write;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the witness says to single commits, answers and starts, told by hand. */
class WitnessTest {
    private static final Key KEY = new Key(1, Bytes.utf8("key"));
    private static final Actor N1 = new Actor(1, 1, 7);

    private static final RingState RING = RingState.of(SlotTable.of(
            1, 0, List.of(member(1), member(2), member(3)), List.of(List.of(new NodeId(1), new NodeId(2)))));

    private final SimWorld world = new SimWorld(1);
    private final History history = new History(Evidence.WHITE_BOX, 3);
    private final Witness witness = new Witness(
            world,
            history,
            new Situations(),
            3,
            2,
            Bytes.owning(new byte[16]),
            Bytes.owning(new byte[32]),
            new AgreedRing(RING, new KeyHasher(Bytes.owning(new byte[16])), 2, violation -> {}, removed -> {}));
    private final SimDisk disk = new SimDisk();
    private final SimProcess n1 = process(1);
    private final SimProcess n3 = process(3);
    private final Write a = invoke();

    @Test
    void acceptsACommitAndWhatIsSaidOfIt() {
        commit(record(1, a));
        tells(record(1, a).object());

        assertThat(witness.violations()).isEmpty();
    }

    @Test
    void seesAnAnswerOfWhatWasNeverWritten() {
        commit(record(1, a));
        tells(record(2, a).object());

        assertThat(invariants()).containsExactly("I15");
    }

    @Test
    void seesAnAnswerWithOtherBytes() {
        commit(record(1, a));
        tells(object(1, "bits turned over"));

        assertThat(invariants()).containsExactly("I15");
    }

    @Test
    void seesOtherBytesSentToAPeer() {
        commit(record(1, a));
        witness.sent(n1, PeerRequest.Replicate.toOwner(KEY, object(1, "bits turned over"), 1));

        assertThat(invariants()).containsExactly("I15");
    }

    @Test
    void seesOneRequestWrittenTwice() {
        a.attemptAt("request");
        Write again = invoke();
        again.attemptAt("request");
        commit(record(1, a));
        commit(new StoredRecord(
                KEY,
                VersionedObject.of(
                        CausalContext.EMPTY.withInterval(N1, 1, 2, 0),
                        List.of(sibling(1, a.value()), sibling(2, again.value()))),
                null));

        assertThat(invariants()).containsExactly("I8");
    }

    @Test
    void seesWhatADiskForgotThatWasNotReplaced() {
        acknowledge(record(1, a));
        witness.restarting(1, disk);

        assertThat(invariants()).containsExactly("I10");
    }

    @Test
    void takesWhatAnOlderDiskLacksForDestroyed() {
        acknowledge(record(1, a));
        a.acknowledged(1, List.of("n1"));

        assertThat(witness.diskReplaced(1, disk, 0)).isTrue();
        witness.restarting(1, disk);

        assertThat(witness.violations()).isEmpty();
        assertThat(history.key("key").destroyed).hasSize(1);
    }

    @Test
    void takesNothingForDestroyedThatTheOtherDiskHolds() {
        acknowledge(record(1, a));
        disk.table(Table.DATA).put(witness.storageKey(KEY), new RecordCodec().encode(record(1, a)));

        assertThat(witness.diskReplaced(1, disk, 0)).isFalse();
        witness.restarting(1, disk);

        assertThat(witness.violations()).isEmpty();
        assertThat(history.key("key").destroyed).isEmpty();
    }

    @Test
    void acceptsAStandInThatDropsWhatItsOwnerHas() {
        commit(n1, record(1, a));
        commit(n3, hinted(1, a));
        commit(process(2), record(1, a));
        remove(n3);

        assertThat(witness.violations()).isEmpty();
        assertThat(history.key("key").handedOver).hasSize(1);
    }

    @Test
    void seesAStandInThatDropsWhatItsOwnerLacks() {
        commit(n1, record(1, a));
        commit(n3, hinted(1, a));
        remove(n3);

        assertThat(invariants()).containsExactly("I11");
    }

    @Test
    void seesAStandInThatDropsANewerObjectThanItsOwnerHas() {
        Write b = invoke();
        commit(n1, record(1, a));
        commit(process(2), record(1, a));
        commit(n1, record(2, b));
        commit(n3, hinted(2, b));
        remove(n3);

        assertThat(invariants()).contains("I11");
    }

    @Test
    void seesARecordOutsideItsRowThatIsKeptForNobody() {
        commit(n1, record(1, a));
        commit(n3, record(1, a));

        assertThat(invariants()).containsExactly("I11");
    }

    @Test
    void seesAMemberOfTheRowThatDropsAHintItsOwnerNeeds() {
        commit(n1, hinted(1, a));
        commit(n1, record(1, a));

        assertThat(invariants()).containsExactly("I11");
    }

    private static StoredRecord hinted(long sequence, Write write) {
        return record(sequence, write).withHint(new NodeId(2), 1);
    }

    private void remove(SimProcess process) {
        witness.committing(process, new WriteBatch().andDelete(Table.DATA, witness.storageKey(KEY)));
    }

    private Write invoke() {
        return history.invoke(new Intent("key", "c1", false, Seen.NOTHING, 2, true), 0);
    }

    private void commit(StoredRecord record) {
        commit(n1, record);
    }

    private void commit(SimProcess process, StoredRecord record) {
        witness.committing(
                process, WriteBatch.put(Table.DATA, witness.storageKey(KEY), new RecordCodec().encode(record)));
    }

    private void acknowledge(StoredRecord record) {
        commit(record);
        witness.answered(n1, PeerRequest.Replicate.toOwner(KEY, record.object(), 1), PeerReply.Replicated.INSTANCE);
    }

    private void tells(VersionedObject object) {
        witness.answered(n1, PeerRequest.Read.ofOwner(KEY, 1), new PeerReply.ReadReply(object));
    }

    private static StoredRecord record(long sequence, Write write) {
        return new StoredRecord(KEY, object(sequence, write.value()), null);
    }

    private static VersionedObject object(long sequence, String value) {
        return VersionedObject.of(
                CausalContext.EMPTY.withInterval(N1, sequence, sequence, 0), List.of(sibling(sequence, value)));
    }

    private static Sibling sibling(long sequence, String value) {
        return new Sibling(new Dot(N1, sequence), 1, Sibling.Kind.VALUE, Bytes.utf8(value));
    }

    private SimProcess process(int machine) {
        SimEventLoop loop = new SimEventLoop(world, new SimClock(world, 0, 1), machine);
        SimStorage storage = new SimStorage(
                world,
                loop,
                disk,
                world.random("disk", machine),
                new SimStorage.Character(1_000, 0, 1_000),
                machine,
                batch -> {});
        return new SimProcess(machine, new NodeId(machine), 7, loop, storage, witness);
    }

    private static Member member(int number) {
        return new Member(new NodeId(number), 1, "dc", "rack", "host" + number);
    }

    private List<String> invariants() {
        return witness.violations().stream().map(Violation::invariant).toList();
    }
}
