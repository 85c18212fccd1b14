package dev.quorate.core.membership;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Accusation;
import dev.quorate.core.peer.Announcement;
import dev.quorate.core.peer.GossipDigest;
import dev.quorate.core.peer.GossipNews;
import dev.quorate.core.peer.Heartbeat;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Views are values that merge: in whatever order gossip goes round, all come to the same. */
class ClusterViewLawTest {
    private static final int[] NODES = {1, 2, 5, 9};

    /** Moments of one member's lives, in order: what one may know of it is one of them. */
    private record Moment(long heartbeat, Announcement announcement) {}

    private static List<List<Moment>> histories(Random random) {
        List<List<Moment>> histories = new ArrayList<>();
        for (int ignored : NODES) {
            List<Moment> moments = new ArrayList<>();
            moments.add(new Moment(Heartbeat.NEVER, Announcement.NONE));
            for (long startNo = 1; startNo <= 1 + random.nextInt(3); startNo++) {
                long heartbeat = Heartbeat.of(startNo, 1);
                Announcement said = announcement(random, heartbeat);
                for (int i = random.nextInt(8); i >= 0; i--) {
                    moments.add(new Moment(heartbeat, said));
                    heartbeat++;
                    if (random.nextInt(3) == 0) {
                        said = announcement(random, heartbeat);
                    }
                }
            }
            histories.add(moments);
        }
        return histories;
    }

    private static Announcement announcement(Random random, long since) {
        List<Accusation> accusations = random.nextInt(3) > 0
                ? List.of()
                : List.of(new Accusation(new NodeId(2), random.nextInt(5)), new Accusation(new NodeId(9), 7));
        return new Announcement(
                since,
                random.nextInt(4),
                random.nextInt(8) == 0 ? Announcement.Status.SHUTDOWN : Announcement.Status.UP,
                1,
                random.nextInt(4) * 10,
                accusations);
    }

    private static ClusterView anyView(Random random, List<List<Moment>> histories) {
        ClusterView view = new ClusterView(NODES);
        for (int i = 0; i < NODES.length; i++) {
            List<Moment> moments = histories.get(i);
            Moment moment = moments.get(random.nextInt(moments.size()));
            view.say(i, moment.heartbeat(), moment.announcement());
        }
        return view;
    }

    private static ClusterView copy(ClusterView view) {
        ClusterView copy = new ClusterView(NODES);
        for (int i = 0; i < view.size(); i++) {
            copy.say(i, view.heartbeat(i), view.announcement(i));
        }
        return copy;
    }

    private static ClusterView merged(ClusterView a, ClusterView b) {
        ClusterView merged = copy(a);
        for (int i = 0; i < b.size(); i++) {
            merged.merge(i, b.heartbeat(i), b.announcement(i));
        }
        return merged;
    }

    @Test
    void mergeIsCommutativeAssociativeAndIdempotent() {
        forEachSeed(2_000, seed -> {
            Random random = new Random(seed);
            // Now and then lives that never were one: a node that runs twice must not keep two views apart for ever.
            List<List<Moment>> one = histories(random);
            List<List<Moment>> other = random.nextBoolean() ? one : histories(random);
            ClusterView a = anyView(random, one);
            ClusterView b = anyView(random, other);
            ClusterView c = anyView(random, one);
            assertThat(merged(a, b)).isEqualTo(merged(b, a));
            assertThat(merged(merged(a, b), c)).isEqualTo(merged(a, merged(b, c)));
            assertThat(merged(a, a)).isEqualTo(a);
            assertThat(merged(merged(a, b), b)).isEqualTo(merged(a, b));
        });
    }

    @Test
    void whatAnExchangeSendsIsAllThatAMergeWouldTake() {
        forEachSeed(2_000, seed -> {
            Random random = new Random(seed);
            List<List<Moment>> histories = histories(random);
            ClusterView asks = anyView(random, histories);
            ClusterView answers = anyView(random, histories);
            ClusterView both = merged(asks, answers);

            GossipDigest digest = asks.digest();
            List<GossipNews.Item> news = new ArrayList<>();
            List<Integer> wanted = new ArrayList<>();
            for (int i = 0; i < NODES.length; i++) {
                GossipNews.Item item = answers.newsOf(i, digest.heartbeat(i));
                if (item != null) {
                    news.add(item);
                } else if (digest.heartbeat(i) > answers.heartbeat(i)) {
                    if (answers.isEnough(i, digest.heartbeat(i), digest.since(i))) {
                        assertThat(answers.merge(i, digest.heartbeat(i), null)).isEqualTo(ClusterView.Change.LIVED_ON);
                    } else {
                        wanted.add(i);
                    }
                }
            }
            for (GossipNews.Item item : news) {
                assertThat(asks.merge(List.of(1, 2, 5, 9).indexOf(item.node()), item.heartbeat(), item.announcement()))
                        .isNotEqualTo(ClusterView.Change.LACKS_ANNOUNCEMENT);
            }
            for (GossipNews.Item item : asks.newsOf(wanted).items()) {
                answers.merge(List.of(1, 2, 5, 9).indexOf(item.node()), item.heartbeat(), item.announcement());
            }
            assertThat(asks).isEqualTo(both);
            assertThat(answers).isEqualTo(both);
        });
    }

    @Test
    void aHeartbeatOfAnUnknownLifeIsNotTakenWithoutItsAnnouncement() {
        ClusterView view = new ClusterView(NODES);
        assertThat(view.merge(0, Heartbeat.of(3, 9), null)).isEqualTo(ClusterView.Change.LACKS_ANNOUNCEMENT);
        assertThat(view.heartbeat(0)).isEqualTo(Heartbeat.NEVER);
    }
}
