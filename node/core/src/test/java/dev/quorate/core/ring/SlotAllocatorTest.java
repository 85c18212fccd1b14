package dev.quorate.core.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.model.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SlotAllocatorTest {
    @ParameterizedTest
    @CsvSource({"1,10", "3,10", "48,10", "49,11", "96,11", "97,12", "192,12", "768,14", "3072,16", "5000,16"})
    void givesEveryNodeAtLeast64SlotsWhileItCan(int nodes, int log2Slots) {
        assertThat(SlotAllocator.log2SlotsFor(members(nodes), 3)).isEqualTo(log2Slots);
    }

    @Test
    void countsSlotsForTheNodeOfMedianWeight() {
        List<Member> members = new ArrayList<>(members(40));
        for (int i = 0; i < 15; i++) {
            members.set(i, new Member(members.get(i).id(), 8, "dc1", "r1", "h" + i));
        }

        assertThat(SlotAllocator.log2SlotsFor(members, 3)).isEqualTo(12);
    }

    @Test
    void everyNodeOfAThreeNodeClusterOwnsEverything() {
        SlotTable table = SlotAllocator.initial(members(3), 3, 10);

        assertThat(table.epoch()).isEqualTo(1);
        assertThat(table.width()).isEqualTo(3);
        assertThat(table.members()).allSatisfy(member -> {
            assertThat(table.slotsOf(member.id())).isEqualTo(1024);
            assertThat(table.ledBy(member.id())).isBetween(341, 342);
        });
    }

    @Test
    void replicasAreNeverMoreThanHosts() {
        List<Member> twoHosts = List.of(member(1, "r1", "h1"), member(2, "r1", "h1"), member(3, "r1", "h2"));

        SlotTable table = SlotAllocator.initial(twoHosts, 3, 10);

        assertThat(table.width()).isEqualTo(2);
        assertThat(table.slotsOf(new NodeId(3))).isEqualTo(1024);
        assertThat(table.slotsOf(new NodeId(1))).isEqualTo(512);
    }

    @Test
    void rowsGrowWithTheHosts() {
        SlotTable one = SlotAllocator.initial(members(1), 3, 10);

        SlotPlan plan = SlotAllocator.plan(one, members(2), Set.of(), 3);

        assertThat(plan.table().width()).isEqualTo(2);
        assertThat(plan.moves()).hasSize(1024).startsWith(new SlotMove(0, 1, null, new NodeId(2)));
    }

    @Test
    void rowsShrinkWithTheHosts() {
        SlotTable two = SlotAllocator.initial(members(2), 3, 10);

        SlotPlan plan = SlotAllocator.plan(two, members(1), Set.of(), 3);

        assertThat(plan.table().width()).isEqualTo(1);
        assertThat(plan.moves()).hasSize(1024).allSatisfy(move -> {
            assertThat(move.from()).isEqualTo(new NodeId(2));
            assertThat(move.to()).isNull();
        });
    }

    @Test
    void aSecondRackGetsAReplicaOfEverySlot() {
        SlotTable oneRack = SlotAllocator.initial(members(4), 3, 10);
        List<Member> twoRacks = new ArrayList<>(members(4));
        twoRacks.add(member(5, "r2", "h5"));

        SlotPlan plan = SlotAllocator.plan(oneRack, twoRacks, Set.of(), 3);

        assertThat(plan.table().slotsOf(new NodeId(5))).isEqualTo(1024);
        assertThat(plan.moves()).hasSizeBetween(1024, 1030);
    }

    @Test
    void sameNamesInOtherDatacentersAreOtherRacksAndHosts() {
        Member here = new Member(new NodeId(1), 1, "dc1", "r1", "h1");
        Member there = new Member(new NodeId(2), 1, "dc2", "r1", "h1");

        assertThat(SlotAllocator.initial(List.of(here, there), 2, 10).width()).isEqualTo(2);
    }

    @Test
    void refusesAHostInTwoRacks() {
        assertThatThrownBy(() -> SlotAllocator.initial(List.of(member(1, "r1", "h1"), member(2, "r2", "h1")), 2, 10))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("host h1 is in rack r1 according to n1 and in rack r2 according to n2");
    }

    @Test
    void refusesToDrainEveryone() {
        SlotTable table = SlotAllocator.initial(members(1), 1, 10);

        assertThatThrownBy(() -> SlotAllocator.plan(table, members(1), Set.of(new NodeId(1)), 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("no member may own slots");
    }

    /** Another value means that two releases of this code give one member list two tables. */
    @Test
    void computesTheSameTableInEveryRelease() {
        assertThat(Long.toHexString(SlotAllocator.initial(members(10), 3, 10).digest()))
                .isEqualTo("7a70843990728c26");
    }

    private static List<Member> members(int count) {
        List<Member> members = new ArrayList<>();
        for (int number = 1; number <= count; number++) {
            members.add(member(number, "r1", "h" + number));
        }
        return members;
    }

    private static Member member(int number, String rack, String host) {
        return new Member(new NodeId(number), 1, "dc1", rack, host);
    }
}
