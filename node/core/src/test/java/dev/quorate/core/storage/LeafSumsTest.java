package dev.quorate.core.storage;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class LeafSumsTest {
    @Test
    void visitsWhatHoldsSomethingInOrderLaw() {
        forEachSeed(200, seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            LeafSums sums = new LeafSums();
            TreeMap<Integer, LeafDelta> expected = new TreeMap<>();
            for (int step = 0; step < 200; step++) {
                int leaf = random.nextBoolean() ? random.nextInt(130) : random.nextInt(LeafSums.LEAVES);
                long xor = random.nextLong(4);
                int count = random.nextInt(3) - 1;
                sums.add(leaf, xor, count);
                expected.merge(
                        leaf,
                        new LeafDelta(leaf, xor, count),
                        (a, b) -> new LeafDelta(leaf, a.xor() ^ b.xor(), a.count() + b.count()));
            }
            int from = random.nextInt(LeafSums.LEAVES);
            int end = random.nextInt(LeafSums.LEAVES + 1);
            List<LeafDelta> visited = new ArrayList<>();
            sums.visit(from, end, (leaf, xor, count) -> visited.add(new LeafDelta(leaf, xor, count)));
            assertThat(visited)
                    .isEqualTo(expected.values().stream()
                            .filter(leaf -> leaf.leaf() >= from && leaf.leaf() < end)
                            .filter(leaf -> leaf.xor() != 0 || leaf.count() != 0)
                            .toList());
            expected.values().forEach(leaf -> {
                assertThat(sums.xor(leaf.leaf())).isEqualTo(leaf.xor());
                assertThat(sums.count(leaf.leaf())).isEqualTo(leaf.count());
            });
        });
    }

    @Test
    void aLeafIsStoredAndReadBack() {
        LeafDelta leaf = new LeafDelta(LeafSums.LEAVES - 1, -2, -3);
        assertThat(LeafDelta.of(leaf.key(), leaf.value())).isEqualTo(leaf);
        assertThat(LeafDelta.combine(leaf.value(), new LeafDelta(0, -2, 3).value()))
                .isNull();
    }
}
