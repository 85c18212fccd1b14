package dev.quorate.core.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.model.NodeId;
import java.util.List;
import org.junit.jupiter.api.Test;

class SlotTableTest {
    private static final NodeId N1 = new NodeId(1);
    private static final NodeId N2 = new NodeId(2);
    private static final NodeId N5 = new NodeId(5);
    private static final List<List<NodeId>> ROWS =
            List.of(List.of(N1, N2), List.of(N5, N1), List.of(N5, N2), List.of(N5, N1));

    private final SlotTable table = SlotTable.of(7, 2, List.of(member(N5), member(N1), member(N2)), ROWS);

    @Test
    void answersWhoOwnsWhat() {
        assertThat(table.epoch()).isEqualTo(7);
        assertThat(table.slots()).isEqualTo(4);
        assertThat(table.width()).isEqualTo(2);
        assertThat(table.owners(1)).containsExactly(N5, N1);
        assertThat(table.owns(N1, 1)).isTrue();
        assertThat(table.owns(N2, 1)).isFalse();
        assertThat(table.owns(new NodeId(4), 1)).isFalse();
        assertThat(List.of(table.slotsOf(N1), table.slotsOf(N2), table.slotsOf(N5)))
                .containsExactly(3, 2, 3);
        assertThat(List.of(table.ledBy(N1), table.ledBy(N2), table.ledBy(N5))).containsExactly(1, 0, 3);
    }

    @Test
    void listsMembersByNumber() {
        assertThat(table.members()).extracting(Member::id).containsExactly(N1, N2, N5);
        assertThat(table.member(N5)).isEqualTo(member(N5));
    }

    @Test
    void knowsNothingOfStrangers() {
        NodeId stranger = new NodeId(3);

        assertThat(table.contains(stranger)).isFalse();
        assertThat(table.slotsOf(stranger)).isZero();
        assertThat(table.ledBy(stranger)).isZero();
        assertThatThrownBy(() -> table.member(stranger)).hasMessage("n3 is not a member in epoch 7");
    }

    @Test
    void tellsTablesApartByDigest() {
        List<Member> members = table.members();
        Member heavier = new Member(N2, 2, "dc1", "r1", "h2");
        Member moved = new Member(N2, 1, "dc1", "r2", "h2");
        List<List<NodeId>> reordered = List.of(List.of(N2, N1), ROWS.get(1), ROWS.get(2), ROWS.get(3));

        assertThat(SlotTable.of(7, 2, members, ROWS)).isEqualTo(table);
        assertThat(SlotTable.of(7, 2, members, ROWS).digest()).isEqualTo(table.digest());
        assertThat(List.of(
                        table.digest(),
                        SlotTable.of(8, 2, members, ROWS).digest(),
                        SlotTable.of(7, 2, members, reordered).digest(),
                        SlotTable.of(7, 2, List.of(member(N1), heavier, member(N5)), ROWS)
                                .digest(),
                        SlotTable.of(7, 2, List.of(member(N1), moved, member(N5)), ROWS)
                                .digest()))
                .doesNotHaveDuplicates();
    }

    /** Another value means that nodes of this release cannot greet those of the last. */
    @Test
    void keepsItsDigestFromReleaseToRelease() {
        assertThat(Long.toHexString(table.digest())).isEqualTo("d50dffb39f19b02a");
    }

    @Test
    void refusesRowsThatMakeNoSense() {
        List<Member> members = table.members();
        List<NodeId> row = List.of(N1, N2);

        assertThatThrownBy(() -> SlotTable.of(1, 1, members, List.of(row))).hasMessage("1 rows for 2^1 slots");
        assertThatThrownBy(() -> SlotTable.of(1, 1, members, List.of(row, List.of(N1))))
                .hasMessage("slot 1 has 1 owners, slot 0 has 2");
        assertThatThrownBy(() -> SlotTable.of(1, 0, members, List.of(List.of(N1, N1))))
                .hasMessage("slot 0: n1 owns it twice");
        assertThatThrownBy(() -> SlotTable.of(1, 0, members, List.of(List.of(N1, new NodeId(9)))))
                .hasMessage("slot 0: owner n9 is not a member");
        assertThatThrownBy(() -> SlotTable.of(1, 0, List.of(member(N1), member(N1)), List.of(List.of(N1))))
                .hasMessage("n1 is a member twice");
        assertThatThrownBy(() -> SlotTable.of(1, 17, members, List.of())).hasMessage("2^17 slots: at most 2^16");
    }

    @Test
    void refusesAWeightThatIsNoShare() {
        for (double weight : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
            assertThatThrownBy(() -> new Member(N1, weight, "dc1", "r1", "h1"))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("of n1 is not a positive number");
        }
    }

    private static Member member(NodeId id) {
        return new Member(id, 1, "dc1", "r1", "h" + id.number());
    }
}
