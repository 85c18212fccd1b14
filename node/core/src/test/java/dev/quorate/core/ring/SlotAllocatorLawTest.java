package dev.quorate.core.ring;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.quorate.core.model.NodeId;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SlotAllocatorLawTest {
    /** No table can give less than a whole slot. */
    private static final double ONE_SLOT = 1;

    @Test
    void rowsNeverShareAHostAndSpreadOverRacks() {
        forEachSeed(100, seed -> {
            AnyRing any = new AnyRing(seed);
            int replicas = any.replicas();
            SlotTable table = initial(any.members(), replicas);
            assertPlaced(table, replicas);
            for (int step = 0; step < 4; step++) {
                table = SlotAllocator.plan(table, any.changed(table.members()), Set.of(), replicas)
                        .table();
                assertPlaced(table, replicas);
            }
        });
    }

    @Test
    void everyNodeOwnsItsShareToOnePercent() {
        forEachSeed(100, seed -> {
            AnyRing any = new AnyRing(seed);
            int replicas = any.replicas();

            SlotTable table = initial(any.members(), replicas);

            assertShared(table, replicas, ONE_SLOT);
        });
    }

    /** A plan leaves the last slot or two where they are if moving them would cost twice as much. */
    @Test
    void everyNodeStillOwnsItsShareAfterChanges() {
        forEachSeed(100, seed -> {
            AnyRing any = new AnyRing(seed);
            int replicas = any.replicas();
            SlotTable table = initial(any.members(), replicas);
            for (int step = 0; step < 4; step++) {
                table = SlotAllocator.plan(table, any.changed(table.members()), Set.of(), replicas)
                        .table();
                assertShared(table, replicas, 2 * ONE_SLOT);
            }
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void joinMovesTheNewcomersShareAndNothingElse(int racks) {
        forEachSeed(5, seed -> {
            List<Member> joining = equalMembers(48, racks, new Random(seed));
            SlotTable table = initial(joining.subList(0, 3), 3);
            for (int count = 4; count <= joining.size(); count++) {
                List<Member> members = joining.subList(0, count);
                NodeId newcomer = members.get(count - 1).id();
                double share = shares(members, 3, table.slots()).get(newcomer);

                SlotPlan plan = SlotAllocator.plan(table, members, Set.of(), 3);

                assertThat((double) plan.moves().size())
                        .as("moves to make %d", count)
                        .isLessThanOrEqualTo(1.01 * share);
                assertThat(plan.moves())
                        .allSatisfy(move -> assertThat(move.to()).isEqualTo(newcomer));
                table = plan.table();
                assertShared(table, 3, ONE_SLOT);
            }
        });
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void leaveMovesHardlyMoreThanTheLeaversSlots(int racks) {
        forEachSeed(5, seed -> {
            List<Member> members = equalMembers(48, racks, new Random(seed));
            SlotTable table = initial(members, 3);
            while (members.size() > 2 * racks + 3) {
                Member leaver = members.get(members.size() - 1);
                members = members.subList(0, members.size() - 1);

                SlotPlan plan = SlotAllocator.plan(table, members, Set.of(), 3);

                assertThat((double) plan.moves().size())
                        .as("moves to leave %d", members.size())
                        .isLessThanOrEqualTo(1.01 * table.slotsOf(leaver.id()));
                table = plan.table();
            }
        });
    }

    @Test
    void drainingNodesGiveUpEverything() {
        forEachSeed(100, seed -> {
            AnyRing any = new AnyRing(seed);
            int replicas = any.replicas();
            List<Member> members = any.members();
            NodeId leaver = any.anyOf(members);
            SlotTable table = initial(members, replicas);
            if (members.size() == 1) {
                return;
            }

            SlotPlan plan = SlotAllocator.plan(table, members, Set.of(leaver), replicas);

            assertThat(plan.table().contains(leaver)).isTrue();
            assertThat(plan.table().slotsOf(leaver)).isZero();
            assertThat(plan.targets()).containsEntry(leaver, 0);
        });
    }

    @Test
    void movesLeadFromOneTableToTheOther() {
        forEachSeed(100, seed -> {
            AnyRing any = new AnyRing(seed);
            int replicas = any.replicas();
            SlotTable before = initial(any.members(), replicas);

            SlotPlan plan = SlotAllocator.plan(before, any.changed(before.members()), Set.of(), replicas);

            List<Set<NodeId>> rows = ownerSets(before);
            for (SlotMove move : plan.moves()) {
                Set<NodeId> row = rows.get(move.slot());
                if (move.from() != null) {
                    assertThat(move.from()).isEqualTo(before.owners(move.slot()).get(move.position()));
                    row.remove(move.from());
                } else {
                    assertThat(move.position()).isGreaterThanOrEqualTo(before.width());
                }
                if (move.to() != null) {
                    row.add(move.to());
                }
            }
            assertThat(rows).isEqualTo(ownerSets(plan.table()));
            assertThat(plan.table().epoch()).isEqualTo(before.epoch() + 1);
        });
    }

    @Test
    void planningAgainMovesNothing() {
        forEachSeed(100, seed -> {
            AnyRing any = new AnyRing(seed);
            int replicas = any.replicas();
            SlotTable table = initial(any.members(), replicas);
            List<Member> members = any.changed(table.members());
            SlotTable settled =
                    SlotAllocator.plan(table, members, Set.of(), replicas).table();

            SlotPlan again = SlotAllocator.plan(settled, members, Set.of(), replicas);

            assertThat(again.moves()).isEmpty();
            assertThat(rows(again.table())).isEqualTo(rows(settled));
        });
    }

    @Test
    void everyOwnerLeadsItsPartOfItsSlots() {
        forEachSeed(100, seed -> {
            AnyRing any = new AnyRing(seed);
            int replicas = any.replicas();
            SlotTable table = initial(any.members(), replicas);
            assertLedEvenly(table);
            for (int step = 0; step < 4; step++) {
                table = SlotAllocator.plan(table, any.changed(table.members()), Set.of(), replicas)
                        .table();
                assertLedEvenly(table);
            }
        });
    }

    @Test
    void theOrderOfMembersDoesNotMatter() {
        forEachSeed(50, seed -> {
            AnyRing any = new AnyRing(seed);
            int replicas = any.replicas();
            List<Member> members = any.members();
            SlotTable table = initial(members, replicas);
            List<Member> changed = any.changed(members);
            long planned = SlotAllocator.plan(table, changed, Set.of(), replicas)
                    .table()
                    .digest();

            assertThat(initial(shuffled(members, any.random()), replicas).digest())
                    .isEqualTo(table.digest());
            assertThat(SlotAllocator.plan(table, shuffled(changed, any.random()), Set.of(), replicas)
                            .table()
                            .digest())
                    .isEqualTo(planned);
        });
    }

    private static SlotTable initial(List<Member> members, int replicas) {
        return SlotAllocator.initial(members, replicas, SlotAllocator.log2SlotsFor(members, replicas));
    }

    /** Equal weights and hosts of their own, dealt to the racks in turn, numbered in any order. */
    private static List<Member> equalMembers(int count, int racks, Random random) {
        List<Integer> numbers = new ArrayList<>();
        for (int number = 1; number <= count; number++) {
            numbers.add(number);
        }
        Collections.shuffle(numbers, random);
        List<Member> members = new ArrayList<>();
        for (int number : numbers) {
            String rack = "r" + members.size() % racks;
            members.add(new Member(new NodeId(number), 1, "dc1", rack, "h" + number));
        }
        return members;
    }

    private static void assertPlaced(SlotTable table, int replicas) {
        Map<String, Map<String, List<Member>>> hosts = table.members().stream()
                .collect(Collectors.groupingBy(
                        Member::rack,
                        TreeMap::new,
                        Collectors.groupingBy(Member::host, TreeMap::new, Collectors.toList())));
        int width =
                Math.min(replicas, hosts.values().stream().mapToInt(Map::size).sum());
        int rackLimit = Shares.rackLimit(hosts.values(), width);
        assertThat(table.width()).isEqualTo(width);
        for (int slot = 0; slot < table.slots(); slot++) {
            Set<String> hostsInRow = new TreeSet<>();
            Map<String, Integer> ownersInRack = new TreeMap<>();
            for (NodeId owner : table.owners(slot)) {
                hostsInRow.add(table.member(owner).host());
                ownersInRack.merge(table.member(owner).rack(), 1, Integer::sum);
            }
            if (hostsInRow.size() < width || Collections.max(ownersInRack.values()) > rackLimit) {
                fail("slot %d: %s, at most %d in a rack", slot, table.owners(slot), rackLimit);
            }
        }
    }

    private static void assertShared(SlotTable table, int replicas, double slack) {
        shares(table.members(), replicas, table.slots())
                .forEach((node, share) -> assertThat(Math.abs(table.slotsOf(node) - share))
                        .as("%s owns %d slots, due are %s", node, table.slotsOf(node), share)
                        .isLessThan(Math.max(slack, 0.01 * share) + 1e-6));
    }

    private static Map<NodeId, Double> shares(List<Member> members, int replicas, int slots) {
        return new Shares(members, replicas, slots).of(members);
    }

    private static void assertLedEvenly(SlotTable table) {
        for (Member member : table.members()) {
            double due = table.slotsOf(member.id()) / (double) table.width();
            assertThat(Math.abs(table.ledBy(member.id()) - due))
                    .as("%s leads %d slots, due are %s", member.id(), table.ledBy(member.id()), due)
                    .isLessThanOrEqualTo(Math.max(2, 0.03 * due));
        }
    }

    private static List<List<NodeId>> rows(SlotTable table) {
        List<List<NodeId>> rows = new ArrayList<>();
        for (int slot = 0; slot < table.slots(); slot++) {
            rows.add(table.owners(slot));
        }
        return rows;
    }

    private static List<Set<NodeId>> ownerSets(SlotTable table) {
        List<Set<NodeId>> sets = new ArrayList<>();
        for (List<NodeId> row : rows(table)) {
            sets.add(new TreeSet<>(row));
        }
        return sets;
    }

    private static List<Member> shuffled(List<Member> members, Random random) {
        List<Member> shuffled = new ArrayList<>(members);
        Collections.shuffle(shuffled, random);
        return shuffled;
    }
}
