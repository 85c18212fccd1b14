package dev.quorate.core.membership;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Accusation;
import dev.quorate.core.peer.Announcement;
import dev.quorate.core.peer.GossipNews;
import dev.quorate.core.peer.Heartbeat;
import dev.quorate.core.peer.PeerRequest;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Stories of members that fail, seem to, or lie. */
class MembershipTest {
    private static final Duration SETTLE = Duration.ofSeconds(5);

    /** Suspicion, probes, and a few rounds of gossip. */
    private static final Duration DETECT = Duration.ofSeconds(15);

    private static MembershipWorld settled(long seed, int size, String... hosts) {
        MembershipWorld world = new MembershipWorld(seed, size, hosts);
        world.pass(SETTLE);
        return world;
    }

    private static List<String> saidByAll(MembershipWorld world) {
        return world.nodes().stream().flatMap(node -> node.said.stream()).toList();
    }

    @Test
    void everybodyHearsOfEverybodyAndJudgesNobody() {
        forEachSeed(20, seed -> {
            MembershipWorld world = settled(seed, 7);
            world.pass(Duration.ofMinutes(1));
            for (MembershipWorld.Node node : world.nodes()) {
                for (MemberView view : node.membership().members()) {
                    assertThat(view.verdict()).isEqualTo(Verdict.ALIVE);
                    assertThat(view.age()).isLessThan(Duration.ofSeconds(5));
                    assertThat(view.accusers()).isEmpty();
                }
            }
            assertThat(saidByAll(world)).isEmpty();
        });
    }

    @Test
    void aDeadMemberIsDownByTwoSourcesAndAliveAgainAfterItsRestart() {
        forEachSeed(20, seed -> {
            MembershipWorld world = settled(seed, 5);
            world.node(3).kill();
            world.pass(DETECT);
            for (int observer : List.of(1, 2, 4, 5)) {
                MemberView view = world.node(observer).sees(3);
                assertThat(view.verdict()).isEqualTo(Verdict.DOWN);
                assertThat(view.accusers()).hasSizeGreaterThanOrEqualTo(2).doesNotContain(new NodeId(3));
                assertThat(world.node(observer).reaches(3)).isFalse();
            }
            world.restart(3, 2);
            world.pass(SETTLE);
            for (int observer : List.of(1, 2, 4, 5)) {
                assertThat(world.node(observer).verdict(3)).isEqualTo(Verdict.ALIVE);
                assertThat(world.node(observer).reaches(3)).isTrue();
            }
        });
    }

    @Test
    void anAsymmetricLinkIsAvoidedByItsEndsAndNobodyIsAccused() {
        forEachSeed(20, seed -> {
            MembershipWorld world = settled(seed, 4);
            world.lose((from, to, request) -> from == 1 && to == 2);
            world.pass(Duration.ofMinutes(2));
            assertThat(world.node(1).verdict(2)).isEqualTo(Verdict.LOCAL_UNREACHABLE);
            assertThat(world.node(1).reaches(2)).isFalse();
            assertThat(world.node(3).verdict(2)).isEqualTo(Verdict.ALIVE);
            assertThat(world.node(3).verdict(1)).isEqualTo(Verdict.ALIVE);
            assertThat(saidByAll(world)).noneMatch(said -> said.contains("accuses") || said.contains("DOWN"));

            world.heal();
            world.pass(SETTLE);
            assertThat(world.node(1).reaches(2)).isTrue();
            assertThat(world.node(2).reaches(1)).isTrue();
        });
    }

    @Test
    void aMemberThatAnswersOthersIsNotAccusedThoughItsHeartbeatStandsStill() {
        MembershipWorld world = settled(1, 4);
        // Nobody hears gossip of 2, and 1 cannot ping it; 3 and 4 can.
        world.lose((from, to, request) -> {
            boolean gossip = request instanceof PeerRequest.Gossip || request instanceof PeerRequest.GossipDelta;
            boolean pings = request instanceof PeerRequest.Ping && from == 1 && to == 2;
            return pings || gossip && (from == 2 || to == 2);
        });
        world.pass(Duration.ofMinutes(1));
        assertThat(world.node(1).verdict(2)).isEqualTo(Verdict.LOCAL_UNREACHABLE);
        assertThat(world.node(1).count("member_links_bad_total")).isPositive();
        assertThat(world.node(3).verdict(2)).as("its gossip is merely slow").isNotEqualTo(Verdict.DOWN);
        assertThat(saidByAll(world)).noneMatch(said -> said.contains("accuses") || said.contains("DOWN"));
    }

    @Test
    void anIsolatedMinorityDeclaresNobodyDown() {
        forEachSeed(20, seed -> {
            MembershipWorld world = settled(seed, 5);
            world.cut(List.of(1), List.of(2, 3, 4, 5));
            world.pass(Duration.ofMinutes(1));
            for (int other : List.of(2, 3, 4, 5)) {
                assertThat(world.node(1).verdict(other)).isEqualTo(Verdict.LOCAL_UNREACHABLE);
                assertThat(world.node(other).verdict(1)).isEqualTo(Verdict.DOWN);
            }
            assertThat(world.node(1).said).noneMatch(said -> said.contains("DOWN"));

            world.heal();
            world.pass(SETTLE);
            for (MembershipWorld.Node node : world.nodes()) {
                for (MemberView view : node.membership().members()) {
                    assertThat(view.verdict()).isEqualTo(Verdict.ALIVE);
                }
            }
        });
    }

    @Test
    void aFlappingMemberIsAvoidedWhileItIsAwayAndNeverDownForShortAbsences() {
        forEachSeed(10, seed -> {
            MembershipWorld world = settled(seed, 3);
            for (int i = 0; i < 10; i++) {
                world.cut(List.of(2), List.of(1, 3));
                world.pass(Duration.ofSeconds(4));
                assertThat(world.node(1).reaches(2)).isFalse();
                world.heal();
                world.pass(Duration.ofSeconds(4));
                assertThat(world.node(1).reaches(2)).isTrue();
            }
            assertThat(saidByAll(world)).noneMatch(said -> said.contains("DOWN"));
        });
    }

    @Test
    void aMemberThatFlapsSlowlyIsDownAndBackEachTime() {
        MembershipWorld world = settled(1, 4);
        for (int i = 0; i < 5; i++) {
            world.cut(List.of(2), List.of(1, 3, 4));
            world.pass(Duration.ofSeconds(20));
            assertThat(world.node(1).verdict(2)).isEqualTo(Verdict.DOWN);
            world.heal();
            world.pass(SETTLE);
            assertThat(world.node(1).verdict(2)).isEqualTo(Verdict.ALIVE);
            assertThat(world.node(2).verdict(1)).isEqualTo(Verdict.ALIVE);
        }
    }

    @Test
    void aLongPauseMakesAMemberDownAndItBlamesNobodyWhenItWakes() {
        forEachSeed(20, seed -> {
            MembershipWorld world = settled(seed, 3);
            world.node(2).pause();
            world.pass(Duration.ofMillis(2_500));
            assertThat(world.node(1).reaches(2))
                    .as("avoided long before it is DOWN")
                    .isFalse();
            world.pass(Duration.ofSeconds(100));
            assertThat(world.node(1).verdict(2)).isEqualTo(Verdict.DOWN);

            world.node(2).resume();
            world.pass(SETTLE);
            assertThat(world.node(2).said).noneMatch(said -> said.contains("accuses") || said.contains("DOWN"));
            for (int other : List.of(1, 3)) {
                assertThat(world.node(other).verdict(2)).isEqualTo(Verdict.ALIVE);
                assertThat(world.node(2).verdict(other)).isEqualTo(Verdict.ALIVE);
            }
        });
    }

    @Test
    void whoWakesHasHeardOfNobodyInTheFuture() {
        forEachSeed(100, seed -> {
            MembershipWorld world = settled(seed, 3);
            world.node(2).pause();
            world.node(3).kill();
            world.pass(Duration.ofSeconds(20));
            // The first it reads is, often, the last that was ever heard of the dead one.
            world.node(2).resume();
            assertThat(world.node(2).sees(3).age()).isGreaterThanOrEqualTo(Duration.ZERO);
        });
    }

    @Test
    void ofTwoMembersOneIsEnoughToSayThatTheOtherIsDown() {
        MembershipWorld world = settled(1, 2);
        world.node(2).kill();
        world.pass(DETECT);
        assertThat(world.node(1).verdict(2)).isEqualTo(Verdict.DOWN);
        assertThat(world.node(1).sees(2).accusers()).containsExactly(new NodeId(1));
    }

    @Test
    void ofThreeMembersTheSecondThatFailsIsOnlyUnreachable() {
        MembershipWorld world = settled(1, 3);
        world.node(3).kill();
        world.pass(DETECT);
        assertThat(world.node(1).verdict(3)).isEqualTo(Verdict.DOWN);
        assertThat(world.node(2).verdict(3)).isEqualTo(Verdict.DOWN);

        world.node(2).kill();
        world.pass(Duration.ofMinutes(5));
        assertThat(world.node(1).verdict(2)).isEqualTo(Verdict.LOCAL_UNREACHABLE);
        assertThat(world.node(1).sees(2).accusers()).containsExactly(new NodeId(1));
        assertThat(world.node(1).reaches(2)).isFalse();
    }

    @Test
    void twoAccusersOnOneHostAreOneSource() {
        MembershipWorld world = settled(1, 4, "a", "a", "b", "c");
        // The cable of host a, as far as it leads to 4; 3 sees both and tells nobody.
        world.lose((from, to, request) -> Math.min(from, to) <= 2 && Math.max(from, to) >= 3);
        world.pass(Duration.ofMinutes(1));
        assertThat(world.node(1).sees(4).accusers()).containsExactly(new NodeId(1), new NodeId(2));
        assertThat(world.node(1).verdict(4)).isEqualTo(Verdict.LOCAL_UNREACHABLE);
        assertThat(world.node(3).verdict(1)).as("3 and 4 are two hosts").isEqualTo(Verdict.DOWN);
    }

    @Test
    void threeAccusersOnOneHostDoNotSilenceTheOthers() {
        forEachSeed(10, seed -> {
            MembershipWorld world = settled(seed, 5, "a", "a", "a", "b", "c");
            world.node(5).kill();
            world.pass(Duration.ofSeconds(2));
            world.node(4).pause();
            world.pass(DETECT);
            assertThat(world.node(1).sees(5).accusers()).containsExactly(new NodeId(1), new NodeId(2), new NodeId(3));
            assertThat(world.node(1).verdict(5)).isEqualTo(Verdict.LOCAL_UNREACHABLE);
            world.node(4).resume();
            world.pass(Duration.ofMinutes(1));
            for (int observer = 1; observer <= 4; observer++) {
                assertThat(world.node(observer).verdict(5)).isEqualTo(Verdict.DOWN);
            }
        });
    }

    @Test
    void whoSaysThatItStopsIsLeftAloneAtOnceAndNotAccused() {
        MembershipWorld world = settled(1, 5);
        world.node(4).membership().shutDown();
        world.pass(Duration.ofMillis(10));
        for (int other : List.of(1, 2, 3, 5)) {
            assertThat(world.node(other).reaches(4)).isFalse();
            assertThat(world.node(other).verdict(4)).isEqualTo(Verdict.SHUTDOWN);
        }
        world.node(4).kill();
        world.pass(Duration.ofMinutes(1));
        assertThat(saidByAll(world)).noneMatch(said -> said.contains("accuses") || said.contains("DOWN "));
        world.restart(4, 2);
        world.pass(SETTLE);
        assertThat(world.node(1).reaches(4)).isTrue();
    }

    @Test
    void aFifthOfTheMessagesLostMakesNobodyDown() {
        forEachSeed(10, seed -> {
            MembershipWorld world = new MembershipWorld(seed, 5);
            SplittableRandom dice = new SplittableRandom(seed);
            world.lose((from, to, request) -> dice.nextDouble() < 0.2);
            world.pass(Duration.ofMinutes(10));
            assertThat(saidByAll(world)).noneMatch(said -> said.contains("DOWN"));
        });
    }

    @Test
    void aNodeThatOthersKnowByALaterStateTakesANewBoot() {
        MembershipWorld world = settled(1, 3);
        world.restart(2, 9);
        world.pass(SETTLE);
        // The directory of a start long ago was restored.
        MembershipWorld.Node restored = world.restart(2, 4);
        world.pass(SETTLE);
        assertThat(restored.said).containsExactly("rolled back");
        assertThat(restored.startNo()).isEqualTo(10);
        assertThat(Heartbeat.startNo(world.node(1).sees(2).heartbeat())).isEqualTo(10);
        assertThat(world.node(1).verdict(2)).isEqualTo(Verdict.ALIVE);
    }

    @Test
    void aNodeThatRepeatsAStartOutlivesWhatItSaidInTheOther() {
        MembershipWorld world = settled(1, 3);
        world.restart(2, 9);
        world.pass(SETTLE);
        world.node(2).membership().shutDown();
        world.pass(SETTLE);
        // An image of the directory, taken before that start: its number again, under another boot.
        MembershipWorld.Node restored = world.restart(2, 9);
        world.pass(SETTLE);
        assertThat(restored.startNo()).isEqualTo(10);
        assertThat(world.node(1).verdict(2)).isEqualTo(Verdict.ALIVE);
        assertThat(world.node(3).verdict(2)).isEqualTo(Verdict.ALIVE);
    }

    @Test
    void nodesThatAllSaidTheyStopHearThatTheyStartedAgain() {
        MembershipWorld world = settled(1, 3);
        for (int number = 1; number <= 3; number++) {
            world.node(number).membership().shutDown();
        }
        world.pass(Duration.ofSeconds(2));
        for (int number = 1; number <= 3; number++) {
            world.restart(number, 20);
        }
        world.pass(Duration.ofSeconds(4));
        for (int number = 1; number <= 3; number++) {
            for (int other = 1; other <= 3; other++) {
                assertThat(world.node(number).verdict(other)).isEqualTo(Verdict.ALIVE);
            }
        }
    }

    @Test
    void twoProcessesOfOneIdentityOutbidEachOtherSlowly() {
        MembershipWorld world = settled(1, 3);
        MembershipWorld.Node victim = world.node(2);
        for (int i = 0; i < 60; i++) {
            long known = world.node(1).sees(2).heartbeat() + 1000;
            victim.membership().onPeerRequest(new NodeId(1), claim(2, known, Announcement.Status.UP), reply -> {});
            world.pass(Duration.ofSeconds(1));
        }
        assertThat(victim.count("boot_rollbacks_total")).isBetween(1L, 7L);
    }

    @Test
    void aMemberMayNotSayOfAnotherWhatCannotBe() {
        MembershipWorld world = settled(1, 3);
        MembershipWorld.Node victim = world.node(1);
        long known = victim.sees(3).heartbeat();
        for (long lie : List.of(
                Heartbeat.of(Heartbeat.startNo(known), Heartbeat.version(known) + 1_000_000),
                Heartbeat.of(Heartbeat.startNo(known) + 1_000, 1),
                Heartbeat.of(Heartbeat.startNo(known) + 1, 1_000_000))) {
            victim.membership().onPeerRequest(new NodeId(2), claim(3, lie, Announcement.Status.SHUTDOWN), reply -> {});
            assertThat(victim.sees(3).heartbeat()).isEqualTo(known);
        }
        assertThat(victim.count("gossip_implausible_total")).isEqualTo(3);
        assertThat(victim.verdict(3)).isEqualTo(Verdict.ALIVE);

        // What it says of itself needs no proof.
        long own = Heartbeat.of(Heartbeat.startNo(known) + 1_000, 1);
        victim.membership().onPeerRequest(new NodeId(3), claim(3, own, Announcement.Status.UP), reply -> {});
        assertThat(victim.sees(3).heartbeat()).isEqualTo(own);
    }

    @Test
    void aLieThatCouldBeTrueIsOutlivedByItsVictim() {
        MembershipWorld world = settled(1, 3);
        MembershipWorld.Node deceived = world.node(1);
        long lie = deceived.sees(3).heartbeat() + 100;
        deceived.membership().onPeerRequest(new NodeId(2), claim(3, lie, Announcement.Status.SHUTDOWN), reply -> {});
        assertThat(deceived.verdict(3)).isEqualTo(Verdict.SHUTDOWN);
        world.pass(SETTLE);
        assertThat(world.node(3).count("boot_rollbacks_total")).isEqualTo(1);
        for (MembershipWorld.Node node : world.nodes()) {
            assertThat(node.verdict(3)).isEqualTo(Verdict.ALIVE);
        }
    }

    @Test
    void aNodeDoesNotFollowOthersFarInWhatTheySayOfIt() {
        MembershipWorld world = settled(1, 3);
        long before = world.node(3).startNo();
        long lie = Heartbeat.of(Integer.MAX_VALUE, 1);
        world.node(3).membership().onPeerRequest(new NodeId(2), claim(3, lie, Announcement.Status.UP), reply -> {});
        world.pass(SETTLE);
        assertThat(world.node(3).startNo()).isEqualTo(before);
        assertThat(world.node(3).count("gossip_implausible_total")).isEqualTo(1);
        assertThat(world.node(3).sees(3).verdict()).isEqualTo(Verdict.ALIVE);
    }

    @Test
    void newsOfWhoIsNoMemberIsIgnored() {
        MembershipWorld world = settled(1, 3);
        world.node(1)
                .membership()
                .onPeerRequest(new NodeId(2), claim(77, Heartbeat.of(1, 5), Announcement.Status.UP), reply -> {});
        assertThat(world.node(1).membership().members()).hasSize(3);
    }

    @Test
    void accusationsOfALifeThatIsOverDoNotCount() {
        MembershipWorld world = settled(1, 3);
        MembershipWorld.Node judge = world.node(1);
        long target = judge.sees(3).heartbeat();
        long accuser = judge.sees(2).heartbeat() + 1;
        Announcement stale = new Announcement(
                accuser, 0xb007, Announcement.Status.UP, 1, 0, List.of(new Accusation(new NodeId(3), target - 1)));
        judge.membership()
                .onPeerRequest(
                        new NodeId(2),
                        new PeerRequest.GossipDelta(new GossipNews(List.of(new GossipNews.Item(2, accuser, stale)))),
                        reply -> {});
        assertThat(judge.sees(3).accusers()).isEmpty();
    }

    private static PeerRequest.GossipDelta claim(int node, long heartbeat, Announcement.Status status) {
        return new PeerRequest.GossipDelta(new GossipNews(List.of(
                new GossipNews.Item(node, heartbeat, new Announcement(heartbeat, 0xbad, status, 1, 0, List.of())))));
    }
}
