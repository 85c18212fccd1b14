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

    /** While each page of hints sorted all of them, a node that handed over 60 k of them gave every operation 30 ms. */
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
    void emptyOnesGoWithTheGenerationAfterTheirLast() {
        Shelves shelves = shelvesOfOneOwner();
        shelves.clear(true);
        assertThat(shelves.from(new byte[0], false)).isExhausted();
        keys[0] = new byte[] {0, 0, 0, 9, 1};
        shelves.add(keys[0], 0);
        shelves.clear(true);
        shelves.add(keys[0], 0);
        assertThat(shelves.from(new byte[0], false).nextLong()).isZero();
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
