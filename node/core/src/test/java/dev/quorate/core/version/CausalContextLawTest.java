package dev.quorate.core.version;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** A context is a set of dots: every law is checked against one that is written down dot by dot. */
class CausalContextLawTest {
    private static final int SEEDS = 20_000;

    @Test
    void unionIsTheUnionOfSets() {
        forEachSeed(SEEDS, seed -> {
            AnyVersions any = new AnyVersions(seed);
            CausalContext a = any.context();
            CausalContext b = any.context();
            TreeSet<Dot> expected = dots(a);
            expected.addAll(dots(b));
            assertThat(dots(a.union(b))).isEqualTo(expected);
        });
    }

    @Test
    void unionIsCommutativeAssociativeAndIdempotentToTheByte() {
        forEachSeed(SEEDS, seed -> {
            AnyVersions any = new AnyVersions(seed);
            CausalContext a = any.context();
            CausalContext b = any.context();
            CausalContext c = any.context();
            assertThat(a.union(b).encoded()).isEqualTo(b.union(a).encoded());
            assertThat(a.union(b).union(c).encoded())
                    .isEqualTo(a.union(b.union(c)).encoded());
            assertThat(a.union(a)).isSameAs(a);
            CausalContext both = a.union(b);
            assertThat(both.union(a)).isSameAs(both);
            assertThat(b.union(both)).isSameAs(both);
        });
    }

    @Test
    void bytesDoNotDependOnTheOrderInWhichIntervalsCame() {
        record Interval(Dot from, long to, int seconds) {}
        forEachSeed(SEEDS, seed -> {
            AnyVersions any = new AnyVersions(seed);
            List<Interval> intervals = new ArrayList<>();
            for (int i = any.below(9); i > 0; i--) {
                Dot from = any.dot();
                intervals.add(new Interval(from, from.sequence() + any.below(5), any.below(5)));
            }
            CausalContext inOrder = CausalContext.EMPTY;
            CausalContext byUnion = CausalContext.EMPTY;
            for (Interval next : intervals) {
                inOrder = inOrder.withInterval(next.from.actor(), next.from.sequence(), next.to, next.seconds);
            }
            Collections.shuffle(intervals, new Random(seed));
            CausalContext shuffled = CausalContext.EMPTY;
            for (Interval next : intervals) {
                shuffled = shuffled.withInterval(next.from.actor(), next.from.sequence(), next.to, next.seconds);
                byUnion = CausalContext.EMPTY
                        .withInterval(next.from.actor(), next.from.sequence(), next.to, next.seconds)
                        .union(byUnion);
            }
            assertThat(shuffled.encoded()).isEqualTo(inOrder.encoded());
            assertThat(byUnion.encoded()).isEqualTo(inOrder.encoded());
            assertThat(shuffled).isEqualTo(inOrder).hasSameHashCodeAs(inOrder);
        });
    }

    @Test
    void hasAsFewIntervalsAsPossible() {
        forEachSeed(SEEDS, seed -> {
            AnyVersions any = new AnyVersions(seed);
            CausalContext context = any.context().union(any.context());
            int runs = 0;
            for (Dot dot : dots(context)) {
                boolean begins = dot.sequence() == 1 || !context.covers(new Dot(dot.actor(), dot.sequence() - 1));
                runs += begins ? 1 : 0;
            }
            assertThat(context.entryCount()).isEqualTo(runs);
            assertThat(context.describe()).hasSize(runs);
            assertThat(context.isEmpty()).isEqualTo(runs == 0);
        });
    }

    @Test
    void equalsWhateverCoversTheSameDots() {
        forEachSeed(SEEDS, seed -> {
            AnyVersions any = new AnyVersions(seed);
            CausalContext a = any.context();
            CausalContext b = any.context();
            assertThat(a.equals(b)).isEqualTo(dots(a).equals(dots(b)));
            assertThat(a.includes(b) && b.includes(a)).isEqualTo(a.encoded().equals(b.encoded()));
        });
    }

    @Test
    void knowsTheHighestSequenceOfAnActor() {
        forEachSeed(SEEDS, seed -> {
            AnyVersions any = new AnyVersions(seed);
            CausalContext context = any.context();
            Actor actor = any.dot().actor();
            long expected = dots(context).stream()
                    .filter(dot -> dot.actor().equals(actor))
                    .mapToLong(Dot::sequence)
                    .max()
                    .orElse(-1);
            assertThat(context.highest(actor)).isEqualTo(expected);
        });
    }

    @Test
    void comesBackFromItsBytes() {
        forEachSeed(SEEDS, seed -> {
            CausalContext context = new AnyVersions(seed).context();
            CausalContext decoded = CausalContext.decode(context.encoded());
            assertThat(decoded).isEqualTo(context);
            assertThat(decoded.encoded()).isEqualTo(context.encoded());
        });
    }

    @Test
    void reachesToTheLastSequenceThereIs() {
        Actor actor = new Actor(0, 1, -1);
        CausalContext end = CausalContext.EMPTY.withInterval(actor, Long.MAX_VALUE, Long.MAX_VALUE, 1);

        CausalContext all = end.withInterval(actor, 1, Long.MAX_VALUE - 1, 0);

        assertThat(all.describe()).containsExactly("0.1.ffffffffffffffff:[1-9223372036854775807]");
        assertThat(all.covers(new Dot(actor, Long.MAX_VALUE))).isTrue();
        assertThat(end.covers(new Dot(actor, Long.MAX_VALUE - 1))).isFalse();
        assertThat(CausalContext.decode(all.encoded())).isEqualTo(all);
    }

    private static TreeSet<Dot> dots(CausalContext context) {
        TreeSet<Dot> dots = new TreeSet<>();
        for (Dot dot : AnyVersions.universe()) {
            if (context.covers(dot)) {
                dots.add(dot);
            }
        }
        return dots;
    }
}
