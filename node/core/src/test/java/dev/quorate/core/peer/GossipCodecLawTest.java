package dev.quorate.core.peer;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GossipCodecLawTest {
    @Test
    void gossipIsTheSameOnTheOtherSide() {
        forEachSeed(2_000, seed -> {
            Random random = new Random(seed);
            GossipDigest digest = anyDigest(random);
            GossipNews news = anyNews(random);
            assertThat(GossipCodec.digest(GossipCodec.encode(digest))).isEqualTo(digest);
            assertThat(GossipCodec.news(GossipCodec.encode(news))).isEqualTo(news);
        });
    }

    @Test
    void damagedGossipIsRefusedInNamedWays() {
        forEachSeed(3_000, seed -> {
            Random random = new Random(seed);
            byte[] digest = GossipCodec.encode(anyDigest(random)).toByteArray();
            byte[] news = GossipCodec.encode(anyNews(random)).toByteArray();
            damage(random, digest);
            damage(random, news);
            try {
                assertThat(GossipCodec.digest(Bytes.owning(digest))).isNotNull();
            } catch (IllegalArgumentException named) {
                assertThat(named).hasMessageNotContaining("null");
            }
            try {
                assertThat(GossipCodec.news(Bytes.owning(news))).isNotNull();
            } catch (IllegalArgumentException named) {
                assertThat(named).hasMessageNotContaining("null");
            }
        });
    }

    @Test
    void aFewBytesCannotAnnounceManyMembers() {
        Bytes huge = Bytes.owning(new byte[] {(byte) 0xff, (byte) 0xff, 3});
        assertThatThrownBy(() -> GossipCodec.digest(huge)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> GossipCodec.news(huge)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aMemberOfALargeRingCostsAboutEightBytes() {
        int size = 1000;
        int[] nodes = new int[size];
        long[] heartbeats = new long[size];
        long[] since = new long[size];
        for (int i = 0; i < size; i++) {
            nodes[i] = i + 1;
            heartbeats[i] = Heartbeat.of(40, 86_400);
            since[i] = Heartbeat.of(40, 1);
        }
        assertThat(GossipCodec.encode(new GossipDigest(nodes, heartbeats, since))
                        .length())
                .isLessThan(9 * size);
    }

    private static void damage(Random random, byte[] bytes) {
        if (bytes.length > 0) {
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
    }

    private static long anyHeartbeat(Random random) {
        return Heartbeat.of(random.nextInt(1 << random.nextInt(30)), 2 + random.nextInt(1 << random.nextInt(30)));
    }

    private static GossipDigest anyDigest(Random random) {
        int size = random.nextInt(20);
        int[] nodes = new int[size];
        long[] heartbeats = new long[size];
        long[] since = new long[size];
        int node = 0;
        for (int i = 0; i < size; i++) {
            node += 1 + random.nextInt(1000);
            nodes[i] = node;
            heartbeats[i] = random.nextInt(8) == 0 ? Heartbeat.NEVER : anyHeartbeat(random);
            since[i] = heartbeats[i] - (heartbeats[i] == 0 ? 0 : random.nextInt(2));
        }
        return new GossipDigest(nodes, heartbeats, since);
    }

    private static GossipNews anyNews(Random random) {
        List<GossipNews.Item> items = new ArrayList<>();
        int node = 0;
        for (int i = random.nextInt(10); i > 0; i--) {
            node += 1 + random.nextInt(1000);
            long heartbeat = anyHeartbeat(random);
            items.add(new GossipNews.Item(
                    node, heartbeat, random.nextBoolean() ? null : anyAnnouncement(random, heartbeat)));
        }
        return new GossipNews(items);
    }

    private static Announcement anyAnnouncement(Random random, long heartbeat) {
        List<Accusation> accusations = new ArrayList<>();
        int accused = 0;
        for (int i = random.nextInt(4); i > 0; i--) {
            accused += 1 + random.nextInt(1000);
            accusations.add(new Accusation(new NodeId(accused), anyHeartbeat(random)));
        }
        return new Announcement(
                heartbeat - random.nextInt(2),
                random.nextLong(),
                Announcement.Status.values()[random.nextInt(2)],
                random.nextInt(100),
                random.nextInt(101),
                accusations);
    }
}
