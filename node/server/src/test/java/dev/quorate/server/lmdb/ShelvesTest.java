package dev.quorate.server.lmdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.PrimitiveIterator;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ShelvesTest {
    private static final int ENTRIES = 20_000;
    private static final int OWNER_BYTES = 4;

    private final byte[][] keys = new byte[ENTRIES][];
    private long comparisons;

    /** While each page of hints sorted all of them, a node that handed over a hundred thousand was busy with that for seconds. */
    @Test
    void aPageSortsLittleAlthoughAllKeysBeginAlike() {
        Shelves shelves = shelvesOfOneOwner();
        byte[] middle = {0, 0, 0, 3, (byte) 0x80};

        PrimitiveIterator.OfLong page = shelves.from(middle, false);
        for (int i = 0; i < 64; i++) {
            page.nextLong();
        }

        assertThat(comparisons).isLessThan(ENTRIES / 10);
    }

    @Test
    void whatWasClearedIsGoneAndTakesAgain() {
        for (boolean keepArrays : new boolean[] {true, false}) {
            Shelves shelves = shelvesOfOneOwner();
            // After the second time nothing is left of this owner's, not even empty shelves.
            for (int generation = 0; generation < 3; generation++) {
                shelves.clear(keepArrays);
                assertThat(shelves.from(new byte[0], false)).isExhausted();
            }
            shelves.add(keys[7], 7);
            assertThat(shelves.from(new byte[0], false)).toIterable().containsExactly(7L);
        }
    }

    @Test
    void aPrefixOfMoreThanFourBytesIsRefused() {
        assertThatThrownBy(() -> new Shelves(5, Long::compare))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a prefix of 5 bytes; 0 to 4");
    }

    private Shelves shelvesOfOneOwner() {
        SplittableRandom random = new SplittableRandom(1);
        Shelves shelves = new Shelves(OWNER_BYTES, (left, right) -> {
            comparisons++;
            return Arrays.compareUnsigned(keys[left.intValue()], keys[right.intValue()]);
        });
        for (int i = 0; i < ENTRIES; i++) {
            byte[] key = new byte[OWNER_BYTES + Long.BYTES];
            random.nextBytes(key);
            Arrays.fill(key, 0, OWNER_BYTES - 1, (byte) 0);
            key[OWNER_BYTES - 1] = 3;
            keys[i] = key;
            shelves.add(key, i);
        }
        return shelves;
    }
}
