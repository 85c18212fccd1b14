package dev.quorate.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.peer.Mode;
import dev.quorate.core.replication.Bucket;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * What lost data in Riak and Scylla, told again to real cores. Most are riak_test's of the same names; there the clock of a key went back, and
 * new writes were taken for ones that had been seen.
 */
class RiakTracesTest {
    /** Two writes, the coordinator forgets the key, and mints the same clock once more. */
    @Test
    void kv679Dataloss() {
        Story story = Story.of(3, 3, 2);
        int coordinator = story.owners().get(0);
        assertThat(story.update(coordinator, "bob").ok()).isTrue();
        assertThat(story.update(coordinator, "jim").ok()).isTrue();
        story.wipe(coordinator);
        assertThat(story.put(coordinator, "anne").ok()).isTrue();

        assertThat(story.get(story.owners().get(1), 3).values()).containsExactly("anne", "jim");
        story.settle(2_000);
        assertThat(story.differences()).isEmpty();
    }

    /**
     * Written, deleted, and the deletion forgotten by all but one owner, which is down; what is written then must survive that one's return.
     * We do not reap deletions yet: the disks that are lost stand for that.
     */
    @Test
    void kv679Tombstone2() {
        Story story = Story.of(4, 3, 2);
        int coordinator = story.owners().get(0);
        int patsy = story.owners().get(2);
        for (String value : List.of("bob", "phil", "pete")) {
            assertThat(story.update(coordinator, value).ok()).isTrue();
        }
        assertThat(story.delete(coordinator).ok()).isTrue();
        // All owners have it: the two that are wiped were enough for the acknowledgement.
        story.settle(100);
        story.kill(patsy);
        story.wipe(coordinator);
        story.wipe(story.owners().get(1));

        assertThat(story.put(coordinator, "jon").ok()).isTrue();
        story.revive(patsy);
        for (int i = 0; i < 5; i++) {
            story.settle(100);
            story.get(coordinator);
        }

        assertThat(story.get(coordinator, 3).values()).containsExactly("jon");
        story.settle(2_000);
        assertThat(story.differences()).isEmpty();
    }

    /**
     * The coordinator's clock lives on at stand-ins in an older state than at the owners, both are away when the coordinator loses its
     * disk, and repair from the stand-ins brings the older state back.
     */
    @Test
    void kv679DatalossFb() {
        Story story = Story.of(6, 3, 2).mode(Mode.SLOPPY);
        int coordinator = story.owners().get(0);
        List<Integer> otherOwners = story.owners().subList(1, 3);
        otherOwners.forEach(story::kill);
        assertThat(story.update(coordinator, "bob").ok()).isTrue();
        assertThat(story.update(coordinator, "jim").ok()).isTrue();
        List<Integer> standIns = story.holders();
        assertThat(standIns).hasSizeGreaterThan(1).contains(coordinator);
        story.others().forEach(story::kill);
        otherOwners.forEach(story::revive);
        assertThat(story.update(coordinator, "jon").ok()).isTrue();
        assertThat(story.update(coordinator, "joe").ok()).isTrue();
        otherOwners.forEach(story::kill);
        story.wipe(coordinator);
        story.others().forEach(story::revive);

        assertThat(story.get(coordinator).values()).containsExactly("jim");
        assertThat(story.update(coordinator, "anne").ok()).isTrue();
        otherOwners.forEach(story::revive);
        story.settle(30_000);

        assertThat(story.get(coordinator, 3).values()).containsExactly("anne", "joe");
        story.settle(10_000);
        assertThat(story.differences()).isEmpty();
    }

    /** The same with a record that cannot be read while a stand-in hands over, and two stand-ins that hold different pasts of one clock. */
    @Test
    void kv679DatalossFb2() {
        Story story = Story.of(5, 2, 2).mode(Mode.SLOPPY);
        int first = story.owners().get(0);
        int second = story.owners().get(1);
        List<Integer> here =
                List.of(first, story.others().get(1), story.others().get(2));
        List<Integer> there = List.of(second, story.others().get(0));
        story.cut(here, there, true);
        assertThat(story.update(first, "alice").ok()).isTrue();
        int holdsAlice = story.holders().stream()
                .filter(node -> node != first)
                .findFirst()
                .orElseThrow();
        story.kill(holdsAlice);
        assertThat(story.update(first, "bob").ok()).isTrue();
        assertThat(story.update(first, "charlie").ok()).isTrue();
        int holdsCharlie = story.holders().stream()
                .filter(node -> node != first)
                .findFirst()
                .orElseThrow();
        assertThat(holdsCharlie).isNotEqualTo(holdsAlice);
        story.kill(holdsCharlie);
        assertThat(story.update(second, "dave").ok()).isTrue();

        story.damage(first, true);
        story.cut(here, there, false);
        story.settle(10_000);
        story.get(second);
        story.settle(10_000);
        story.damage(first, false);
        story.revive(holdsAlice);
        story.settle(30_000);
        List<String> seen = story.get(first).values();
        assertThat(seen).isNotEmpty().isSubsetOf("alice", "charlie", "dave");
        assertThat(story.update(first, "emma").ok()).isTrue();
        story.revive(holdsCharlie);
        story.settle(30_000);

        // What emma had seen it supersedes; what only the last stand-in knew stands beside it.
        List<String> expected = seen.contains("charlie") ? List.of("emma") : List.of("charlie", "emma");
        assertThat(story.get(first, 2).values()).isEqualTo(expected);
        story.settle(10_000);
        assertThat(story.differences()).isEmpty();
    }

    /**
     * scylla#23712 as far as it applies: a hint is handed over after what it stands for has been deleted everywhere. There the deletion had
     * been forgotten by then; here none is forgotten yet.
     */
    @Test
    void scylla23712() {
        Story story = Story.of(5, 3, 2).mode(Mode.SLOPPY);
        int away = story.owners().get(2);
        story.kill(away);
        assertThat(story.put(story.owners().get(0), "old").ok()).isTrue();
        story.settle(2_000);
        List<Integer> standIns =
                story.others().stream().filter(story.holders()::contains).toList();
        standIns.forEach(story::kill);
        story.revive(away);
        assertThat(story.delete(story.owners().get(0)).ok()).isTrue();
        story.settle(10_000);
        standIns.forEach(story::revive);
        story.settle(30_000);

        for (int node : story.owners()) {
            assertThat(story.get(node, 3).values()).isEmpty();
            assertThat(story.get(node, 1).values()).isEmpty();
        }
        story.settle(10_000);
        assertThat(story.differences()).isEmpty();
    }

    /** Nodes that start in the same instant, on new disks and again, never share an identity. */
    @Test
    void kv679Uid() {
        Story story = Story.of(7, 3, 2);
        List<Long> boots = new ArrayList<>();
        for (int round = 0; round < 4; round++) {
            for (int node = 1; node <= 7; node++) {
                boots.add(story.boot(node));
            }
            for (int node = 1; node <= 7; node++) {
                story.wipe(node);
            }
        }

        assertThat(new TreeSet<>(boots)).hasSameSizeAs(boots);
    }

    /**
     * riak_kv#1754: nodes come and go under forty clients that want all quorums to meet, and acknowledgements of forwarded writes got lost
     * with the data. Members are fixed here; the two nodes restart over and over instead, both at once too.
     */
    @Test
    void riakKv1754() {
        for (long seed = 1; seed <= 20; seed++) {
            Setup setup = new Setup(
                    seed,
                    5,
                    3,
                    2,
                    2,
                    3,
                    8,
                    40,
                    Bucket.BlindWrites.SIBLING,
                    500_000,
                    false,
                    1_000_000,
                    0,
                    1_000_000,
                    0,
                    0,
                    20_000_000,
                    0.1,
                    32,
                    5_000_000_000L,
                    0,
                    false,
                    Mode.STRICT,
                    Mode.STRICT,
                    Bucket.Repair.ASYNC,
                    1 << 20,
                    5);
            SimRandom random = new SimRandom(seed);
            List<ClientOp> operations = new ArrayList<>();
            for (int number = 0; number < 400; number++) {
                int client = random.nextInt(40);
                operations.add(new ClientOp(
                        number,
                        random.between(1, setup.chaosNanos()),
                        client,
                        random.nextInt(setup.keys()),
                        number % 3 == 0 ? ClientOp.Kind.GET : ClientOp.Kind.READ_MODIFY_WRITE,
                        1 + client % 5,
                        1 + random.nextInt(5),
                        setup.r(),
                        setup.w(),
                        3,
                        ClientOp.Retry.SAME_BOOT,
                        false,
                        1_000_000_000,
                        0));
            }
            List<Fault> faults = new ArrayList<>();
            for (int number = 0; number < 8; number++) {
                faults.add(new Fault(
                        number,
                        Fault.Kind.GRACEFUL_RESTART,
                        (400 + 500L * number) * 1_000_000,
                        random.between(50, 700) * 1_000_000,
                        number % 3 == 2 ? 5 : 4 + number % 2,
                        1,
                        0,
                        random.nextDouble(),
                        random.nextInt(1 << 20)));
            }
            RunReport report = Simulation.run(new Plan(setup, operations, faults), new Subject());

            assertThat(report.violations()).as("seed %d", seed).isEmpty();
            assertThat(report.situations().count(Situation.FORWARDED)).isPositive();
        }
    }
}
