package dev.quorate.core.ring;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.quorate.core.model.NodeId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class PreferenceListLawTest {
    @Test
    void fallbacksAreAllMembersOutsideTheRow() {
        forEachSeed(100, seed -> {
            AnyRing any = new AnyRing(seed);
            SlotTable table = SlotAllocator.initial(any.members(), any.replicas(), 10);
            int slot = any.anySlot(table);
            List<NodeId> owners = table.owners(slot);
            List<NodeId> others =
                    new ArrayList<>(table.members().stream().map(Member::id).toList());
            others.removeAll(owners);

            for (NodeId owner : owners) {
                assertThat(PreferenceList.fallbacks(table, slot, owner)).containsExactlyInAnyOrderElementsOf(others);
            }
        });
    }

    @Test
    void theFailedOwnersRackComesFirstAndHostsOfOwnersLast() {
        forEachSeed(100, seed -> {
            AnyRing any = new AnyRing(seed);
            SlotTable table = SlotAllocator.initial(any.members(), any.replicas(), 10);
            int slot = any.anySlot(table);
            Member failed = table.member(table.owners(slot).get(0));
            List<String> takenHosts = table.owners(slot).stream()
                    .map(owner -> table.member(owner).host())
                    .toList();

            List<Integer> groups = PreferenceList.fallbacks(table, slot, failed.id()).stream()
                    .map(table::member)
                    .map(member -> takenHosts.contains(member.host())
                            ? 2
                            : member.rack().equals(failed.rack()) ? 0 : 1)
                    .toList();

            assertThat(groups).isSorted();
        });
    }

    /** Whoever joins or leaves, the others keep their order: hints stay where they are looked for. */
    @Test
    void aMemberThatLeavesDoesNotReorderTheOthers() {
        forEachSeed(100, seed -> {
            AnyRing any = new AnyRing(seed);
            SlotTable table = SlotAllocator.initial(any.members(), any.replicas(), 10);
            int slot = any.anySlot(table);
            NodeId failed = table.owners(slot).get(0);
            List<NodeId> before = PreferenceList.fallbacks(table, slot, failed);
            if (before.isEmpty()) {
                return;
            }
            NodeId leaver = before.get(before.size() / 2);
            List<Member> staying = table.members().stream()
                    .filter(member -> !member.id().equals(leaver))
                    .toList();
            SlotTable without = SlotTable.of(2, 0, staying, List.of(table.owners(slot)));
            SlotTable with = SlotTable.of(2, 0, table.members(), List.of(table.owners(slot)));

            List<NodeId> expected = new ArrayList<>(PreferenceList.fallbacks(with, 0, failed));
            expected.remove(leaver);

            assertThat(PreferenceList.fallbacks(without, 0, failed)).isEqualTo(expected);
        });
    }

    @Test
    void fallbacksComeFirstAsOftenAsTheirWeightIsDue() {
        List<Member> members = new ArrayList<>();
        for (int number = 1; number <= 8; number++) {
            members.add(new Member(new NodeId(number), number == 8 ? 2 : 1, "dc1", "r1", "h" + number));
        }
        int slots = 4096;
        SlotTable table = SlotTable.of(1, 12, members, Collections.nCopies(slots, List.of(new NodeId(1))));

        Map<NodeId, Integer> firsts = new TreeMap<>();
        for (int slot = 0; slot < slots; slot++) {
            firsts.merge(PreferenceList.fallbacks(table, slot, new NodeId(1)).get(0), 1, Integer::sum);
        }

        for (int number = 2; number <= 8; number++) {
            double due = slots * (number == 8 ? 2 : 1) / 8.0;
            assertThat((double) firsts.get(new NodeId(number))).isCloseTo(due, withinPercentage(10));
        }
    }
}
