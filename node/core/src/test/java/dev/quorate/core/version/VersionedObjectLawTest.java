package dev.quorate.core.version;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.model.Bytes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Merging and encoding of objects. */
class VersionedObjectLawTest {
    private static final int SEEDS = 20_000;

    private final VersionRules rules = new VersionRules((kept, dropped) -> {});

    @Test
    void mergeIsCommutativeAssociativeAndIdempotentToTheByte() {
        forEachSeed(SEEDS, seed -> {
            AnyVersions any = new AnyVersions(seed);
            assertMergeLaws(any.object(), any.object(), any.object());
        });
    }

    @Test
    void mergeStaysLawfulWhereADotNamesTwoWrites() {
        forEachSeed(SEEDS, seed -> {
            AnyVersions any = new AnyVersions(seed);
            assertMergeLaws(any.conflictingObject(), any.conflictingObject(), any.conflictingObject());
        });
    }

    @Test
    void mergeKeepsWhatTheOtherSideHasNotSeen() {
        forEachSeed(SEEDS, seed -> {
            AnyVersions any = new AnyVersions(seed);
            VersionedObject a = any.object();
            VersionedObject b = any.object();
            TreeMap<Dot, Sibling> expected = new TreeMap<>();
            for (Sibling sibling : a.siblings()) {
                if (b.dots().contains(sibling.dot()) || !b.context().covers(sibling.dot())) {
                    expected.put(sibling.dot(), sibling);
                }
            }
            for (Sibling sibling : b.siblings()) {
                if (a.dots().contains(sibling.dot()) || !a.context().covers(sibling.dot())) {
                    expected.put(sibling.dot(), sibling);
                }
            }
            VersionedObject merged = rules.merge(a, b);
            assertThat(merged.siblings()).containsExactlyElementsOf(expected.values());
            assertThat(merged.context()).isEqualTo(a.context().union(b.context()));
        });
    }

    @Test
    void mergeReturnsTheSideThatKnowsEverything() {
        forEachSeed(SEEDS, seed -> {
            AnyVersions any = new AnyVersions(seed);
            VersionedObject a = any.object();
            VersionedObject b = any.object();
            VersionedObject merged = rules.merge(a, b);
            if (merged.equals(a)) {
                assertThat(merged).isSameAs(a);
            } else if (merged.equals(b)) {
                assertThat(merged).isSameAs(b);
            }
            assertThat(rules.merge(merged, VersionedObject.decode(b.encoded()))).isSameAs(merged);
            assertThat(rules.merge(VersionedObject.decode(merged.encoded()), merged))
                    .isEqualTo(merged);
        });
    }

    @Test
    void relationSaysWhatMergingWouldChange() {
        forEachSeed(SEEDS, seed -> {
            AnyVersions any = new AnyVersions(seed);
            VersionedObject a = any.object();
            VersionedObject b = any.below(4) == 0 ? a : any.below(3) == 0 ? rules.merge(a, any.object()) : any.object();
            VersionedObject merged = rules.merge(a, b);
            boolean addsToA = !merged.dots().equals(a.dots());
            boolean addsToB = !merged.dots().equals(b.dots());
            Relation expected = addsToA
                    ? (addsToB ? Relation.CONCURRENT : Relation.BEFORE)
                    : addsToB ? Relation.AFTER : Relation.EQUAL;
            assertThat(rules.relation(a, b)).isEqualTo(expected);
            assertThat(rules.sameDots(a, b)).isEqualTo(a.dots().equals(b.dots()));
            assertThat(rules.sameDots(a, b)).isEqualTo(expected == Relation.EQUAL);
        });
    }

    @Test
    void bytesDoNotDependOnTheOrderOfSiblings() {
        forEachSeed(SEEDS, seed -> {
            VersionedObject object = new AnyVersions(seed).object();
            List<Sibling> shuffled = new ArrayList<>(object.siblings());
            Collections.shuffle(shuffled, new Random(seed));
            assertThat(VersionedObject.of(object.context(), shuffled).encoded()).isEqualTo(object.encoded());
        });
    }

    @Test
    void comesBackFromItsBytes() {
        forEachSeed(SEEDS, seed -> {
            VersionedObject object = new AnyVersions(seed).record().object();
            VersionedObject decoded = VersionedObject.decode(object.encoded());
            assertThat(decoded.siblings()).isEqualTo(object.siblings());
            assertThat(decoded.context()).isEqualTo(object.context());
            assertThat(encodedAgain(decoded)).isEqualTo(object.encoded());
            assertThat(decoded.isDeleted()).isEqualTo(object.values().isEmpty());
        });
    }

    @Test
    void refusesEveryTruncationAndAnyTail() {
        forEachSeed(500, seed -> {
            byte[] whole = new AnyVersions(seed).object().encoded().toByteArray();
            for (int length = 0; length < whole.length; length++) {
                byte[] cut = Arrays.copyOf(whole, length);
                assertThatThrownBy(() -> VersionedObject.decode(Bytes.owning(cut)))
                        .isInstanceOf(MalformedException.class);
            }
            assertThatThrownBy(() -> VersionedObject.decode(Bytes.owning(Arrays.copyOf(whole, whole.length + 1))))
                    .isInstanceOfSatisfying(
                            MalformedException.class,
                            failure -> assertThat(failure.offset()).isEqualTo(whole.length));
        });
    }

    @Test
    void whateverItAcceptsIsTheOnlyEncodingOfWhatItReturns() {
        forEachSeed(SEEDS, seed -> {
            Random random = new Random(seed);
            byte[] bytes = new AnyVersions(seed).object().encoded().toByteArray();
            for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            VersionedObject decoded = decodeIfSound(Bytes.owning(bytes));
            if (decoded != null) {
                assertThat(encodedAgain(decoded)).isEqualTo(Bytes.owning(bytes));
            }
        });
    }

    @Test
    void refusesNoiseWithoutAllocatingWhatItAnnounces() {
        forEachSeed(SEEDS, seed -> {
            Random random = new Random(seed);
            byte[] noise = new byte[random.nextInt(64)];
            random.nextBytes(noise);
            VersionedObject decoded = decodeIfSound(Bytes.owning(noise));
            assertThat(decoded == null || encodedAgain(decoded).equals(Bytes.copyOf(noise)))
                    .isTrue();
        });
    }

    @Test
    void refusesOverlongNumbers() {
        // No intervals, no siblings: 00 00. The same with the first zero written in two bytes: 80 00 00.
        assertThat(VersionedObject.decode(bytes(0, 0)).siblingCount()).isZero();
        assertThatThrownBy(() -> VersionedObject.decode(bytes(0x80, 0, 0)))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("overlong");
    }

    @Test
    void refusesNumbersBeyond64Bits() {
        // A boot number of ten bytes, of which the last may add one bit.
        assertThat(VersionedObject.decode(boot(1)).context().describe()).containsExactly("0.1.ffffffffffffffff:[1-1]");
        assertThatThrownBy(() -> VersionedObject.decode(boot(3)))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("64 bits");
    }

    @Test
    void refusesTheSameSiblingTwice() {
        int[] header = {1, 0, 1, 1, 1, 0, 0};
        int[] sibling = {0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
        assertThat(VersionedObject.decode(bytes(concat(header, new int[] {1}, sibling)))
                        .siblingCount())
                .isOne();
        assertThatThrownBy(() -> VersionedObject.decode(bytes(concat(header, new int[] {2}, sibling, sibling))))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("out of order");
    }

    @Test
    void refusesIntervalsThatShouldBeOne() {
        assertThatThrownBy(() -> VersionedObject.decode(bytes(2, 0, 1, 1, 1, 0, 0, 0, 1, 1, 2, 0, 0, 0)))
                .isInstanceOf(MalformedException.class)
                .hasMessageContaining("not united");
    }

    private void assertMergeLaws(VersionedObject a, VersionedObject b, VersionedObject c) {
        VersionedObject ab = rules.merge(a, b);
        assertThat(ab.encoded()).isEqualTo(rules.merge(b, a).encoded());
        assertThat(rules.merge(ab, c).encoded())
                .isEqualTo(rules.merge(a, rules.merge(b, c)).encoded());
        assertThat(rules.merge(ab, a)).isSameAs(ab);
        assertThat(rules.merge(a, a)).isSameAs(a);
    }

    private static @Nullable VersionedObject decodeIfSound(Bytes bytes) {
        try {
            return VersionedObject.decode(bytes);
        } catch (MalformedException refused) {
            assertThat(refused.offset()).isBetween(0, bytes.length());
            return null;
        }
    }

    /** Not the bytes it came from. */
    private static Bytes encodedAgain(VersionedObject object) {
        return VersionedObject.of(object.context(), object.siblings()).encoded();
    }

    private static Bytes boot(int lastByte) {
        return bytes(1, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, lastByte, 1, 0, 0, 0);
    }

    private static int[] concat(int[]... parts) {
        return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
    }

    private static Bytes bytes(int... values) {
        byte[] array = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            array[i] = (byte) values[i];
        }
        return Bytes.owning(array);
    }
}
