package dev.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.version.Actor;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.Dot;
import dev.quorate.core.version.RecordCodec;
import dev.quorate.core.version.Sibling;
import dev.quorate.core.version.StoredRecord;
import dev.quorate.core.version.VersionedObject;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** I7, of replicas put together by hand: n1 and n2 own the key, n3 does not. */
class ConvergenceTest {
    private static final Key KEY = new Key(1, Bytes.utf8("key"));
    private static final Bytes AT = Bytes.utf8("its hash");
    private static final Dot FIRST = new Dot(new Actor(1, 1, 7), 1);

    private final Map<Integer, Map<Bytes, Bytes>> contents = new TreeMap<>();

    @Test
    void acceptsEqualSiblingsUnderContextsThatDiffer() {
        holds(1, record(CausalContext.EMPTY, "a"));
        holds(2, record(context(new Dot(new Actor(1, 2, 9), 4)), "a"));

        assertThat(differences()).isEmpty();
    }

    @Test
    void acceptsThatNobodyHoldsAnything() {
        assertThat(differences()).isEmpty();
    }

    @Test
    void seesAReplicaThatLacksTheRecord() {
        holds(1, record(CausalContext.EMPTY, "a"));

        assertThat(differences()).hasSize(1);
    }

    @Test
    void seesOtherBytesUnderTheSameDot() {
        holds(1, record(CausalContext.EMPTY, "a"));
        holds(2, record(CausalContext.EMPTY, "b"));

        assertThat(differences()).hasSize(1);
    }

    @Test
    void seesARecordOutsideItsRow() {
        holds(1, record(CausalContext.EMPTY, "a"));
        holds(2, record(CausalContext.EMPTY, "a"));
        holds(3, record(CausalContext.EMPTY, "a"));

        assertThat(differences()).hasSize(1);
    }

    @Test
    void seesAHintThatIsLeft() {
        holds(1, record(CausalContext.EMPTY, "a").withHint(new NodeId(2), 1));
        holds(2, record(CausalContext.EMPTY, "a"));

        assertThat(differences()).hasSize(1);
    }

    private List<Violation> differences() {
        return new Convergence(contents, key -> List.of(new NodeId(1), new NodeId(2))).differences();
    }

    private void holds(int node, StoredRecord record) {
        contents.put(node, Map.of(AT, new RecordCodec().encode(record)));
    }

    private static CausalContext context(Dot dot) {
        return CausalContext.EMPTY.withInterval(dot.actor(), dot.sequence(), dot.sequence(), 0);
    }

    private static StoredRecord record(CausalContext beside, String value) {
        Sibling sibling = new Sibling(FIRST, 1, Sibling.Kind.VALUE, Bytes.utf8(value));
        return new StoredRecord(KEY, VersionedObject.of(beside.union(context(FIRST)), List.of(sibling)), null);
    }
}
