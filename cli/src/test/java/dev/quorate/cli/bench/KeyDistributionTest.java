package dev.quorate.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KeyDistributionTest {
    private static final int DRAWS = 200_000;

    private static int[] draw(KeyDistribution distribution, int keys) {
        KeyDistribution.Chooser chooser = distribution.over(keys);
        SplittableRandom random = new SplittableRandom(11);
        int[] counts = new int[keys];
        for (int i = 0; i < DRAWS; i++) {
            counts[(int) chooser.choose(random)]++;
        }
        return counts;
    }

    @ParameterizedTest
    @EnumSource(KeyDistribution.class)
    void aSingleKeyIsAlwaysChosen(KeyDistribution distribution) {
        assertThat(draw(distribution, 1)).containsExactly(DRAWS);
    }

    @Test
    void uniformTreatsKeysAlike() {
        assertThat(Arrays.stream(draw(KeyDistribution.uniform, 100)).boxed()).allMatch(n -> n > 1700 && n < 2300);
    }

    @Test
    void zipfFavoursFewKeysThatAreNotNeighbours() {
        int[] counts = draw(KeyDistribution.zipf, 1000);
        int[] sorted = counts.clone();
        Arrays.sort(sorted);
        // With exponent 0.99 over 1000 keys the first has 1/7.73 of all draws and the second about half of that.
        assertThat(sorted[999]).isBetween(DRAWS / 9, DRAWS / 7);
        assertThat((double) sorted[998] / sorted[999]).isBetween(0.4, 0.6);
        int first = indexOf(counts, sorted[999]);
        int second = indexOf(counts, sorted[998]);
        assertThat(Math.abs(first - second)).isGreaterThan(1);
    }

    private static int indexOf(int[] counts, int count) {
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] == count) {
                return i;
            }
        }
        throw new AssertionError(count);
    }

    @Test
    void hotSendsNineOfTenToAHundredth() {
        int[] counts = draw(KeyDistribution.hot, 1000);
        int hot = Arrays.stream(counts, 0, 10).sum();
        assertThat(hot).isBetween((int) (DRAWS * 0.89), (int) (DRAWS * 0.92));
    }

    @Test
    void keysHaveSixteenBytesAndKeepTheirNumber() {
        assertThat(new String(BenchKey.of(1234), StandardCharsets.US_ASCII)).isEqualTo("k000000000001234");
    }
}
