package dev.quorate.core.replication;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Report;
import dev.quorate.core.replication.AnsweredWrites.Answered;
import dev.quorate.core.version.Actor;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.Dot;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class AnsweredWritesLawTest {
    private static final int ROOM = 4 * AnsweredWrites.PAGE_ENTRIES;

    /** Few different ids with colliding bits, so that chains of the index form, break and close again. */
    @Test
    void whileThereIsRoomItIsAMapLaw() {
        forEachSeed(100, seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            AnsweredWrites writes = new AnsweredWrites(ROOM, Long.MAX_VALUE);
            Map<KeyHash, Answered> expected = new LinkedHashMap<>();
            for (int step = 0; step < ROOM - AnsweredWrites.PAGE_ENTRIES; step++) {
                KeyHash id = new KeyHash(random.nextInt(40), random.nextInt(8) << 9);
                if (random.nextInt(3) == 0) {
                    writes.remove(id);
                    expected.remove(id);
                } else {
                    Answered write = anyWrite(random, step);
                    assertThat(writes.add(id, write)).isZero();
                    expected.put(id, write);
                }
                KeyHash asked = new KeyHash(random.nextInt(40), random.nextInt(8) << 9);
                assertThat(writes.find(asked)).isEqualTo(expected.get(asked));
            }
            assertThat(writes.size()).isEqualTo(expected.size());
            expected.forEach((id, write) -> assertThat(writes.find(id)).isEqualTo(write));
        });
    }

    @Test
    void forgetsTheOldestWhenThereIsNoRoomLaw() {
        forEachSeed(5, seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            AnsweredWrites writes = new AnsweredWrites(ROOM, Long.MAX_VALUE);
            int forgotten = 0;
            int added = 3 * ROOM + random.nextInt(ROOM);
            for (int i = 0; i < added; i++) {
                forgotten += writes.add(new KeyHash(i, -i), anyWrite(random, i));
                assertThat(writes.find(new KeyHash(i, -i))).isNotNull();
            }
            assertThat(writes.size()).isEqualTo(added - forgotten).isBetween(ROOM - AnsweredWrites.PAGE_ENTRIES, ROOM);
            for (int i = 0; i < added; i++) {
                assertThat(writes.find(new KeyHash(i, -i)) == null).isEqualTo(i < forgotten);
            }
        });
    }

    @Test
    void forgetsPagesThatAreOldAsAWhole() {
        AnsweredWrites writes = new AnsweredWrites(ROOM, Long.MAX_VALUE);
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 2 * AnsweredWrites.PAGE_ENTRIES; i++) {
            writes.add(new KeyHash(i, i), anyWrite(random, i));
        }
        writes.forgetOlderThan(AnsweredWrites.PAGE_ENTRIES - 1);
        assertThat(writes.size()).isEqualTo(2 * AnsweredWrites.PAGE_ENTRIES);
        writes.forgetOlderThan(AnsweredWrites.PAGE_ENTRIES);
        assertThat(writes.size()).isEqualTo(AnsweredWrites.PAGE_ENTRIES);
        writes.forgetOlderThan(Long.MAX_VALUE);
        assertThat(writes.size()).isZero();
        assertThat(writes.find(new KeyHash(1, 1))).isNull();
    }

    /** A key that saw many nodes restart has a context of kilobytes; a hundred thousand of those would fill the heap. */
    @Test
    void forgetsTheOldestWhenTheirContextsAreTooLarge() {
        CausalContext large = CausalContext.EMPTY;
        for (int boot = 1; boot <= 192; boot++) {
            large = large.withInterval(new Actor(1, 1 + boot % 3, (long) boot << 32 | 0x7fff_ffff), 1, 9, 1000);
        }
        int contextBytes = large.encoded().length();
        int room = 100 * AnsweredWrites.PAGE_ENTRIES;
        long maxBytes = 8L * AnsweredWrites.PAGE_ENTRIES * contextBytes;
        AnsweredWrites writes = new AnsweredWrites(room, maxBytes);
        Report report = new Report(new NodeId(1), List.of(new NodeId(1)), 1, 1, List.of());
        Answered write = new Answered(new Dot(new Actor(1, 1, 1), 1), large, 0, report, 0);
        int forgotten = 0;
        for (int i = 0; i < 10_000; i++) {
            forgotten += writes.add(new KeyHash(i, -i), write);
            assertThat(writes.find(new KeyHash(i, -i))).isEqualTo(write);
            assertThat((long) writes.size() * contextBytes).isLessThanOrEqualTo(maxBytes);
        }
        assertThat(writes.size()).isEqualTo(10_000 - forgotten).isGreaterThan(2 * AnsweredWrites.PAGE_ENTRIES);

        // Small ones again fill the whole room.
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 2 * room; i++) {
            writes.add(new KeyHash(i, i), anyWrite(random, i));
        }
        assertThat(writes.size()).isGreaterThan(room - AnsweredWrites.PAGE_ENTRIES);
    }

    private static Answered anyWrite(SplittableRandom random, long since) {
        Actor actor = new Actor(1, 1 + random.nextInt(3), 1 + random.nextInt(2));
        CausalContext effective = CausalContext.EMPTY;
        for (int i = random.nextInt(4); i > 0; i--) {
            long from = 1 + random.nextInt(1000);
            effective = effective.withInterval(
                    new Actor(1, 1 + random.nextInt(5), 1), from, from + random.nextInt(10), random.nextInt(1000));
        }
        Report report = new Report(
                new NodeId(1 + random.nextInt(1000)),
                anyNodes(random),
                1 + random.nextInt(3),
                random.nextInt(4),
                anyNodes(random));
        return new Answered(new Dot(actor, 1 + random.nextInt(1000)), effective, random.nextLong(), report, since);
    }

    private static List<NodeId> anyNodes(SplittableRandom random) {
        List<NodeId> nodes = new ArrayList<>();
        for (int i = random.nextInt(4); i > 0; i--) {
            nodes.add(new NodeId(1 + random.nextInt(1000)));
        }
        return nodes;
    }
}
