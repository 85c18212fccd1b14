package dev.quorate.server.lmdb;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.LeafDelta;
import dev.quorate.core.storage.LeafSums;
import dev.quorate.core.storage.Storage.KeyRange;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.core.storage.WriteBatch.Change;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class MemoryTableTest {
    /** Keys of one, two and many bytes, so that shelves are empty, shared and crossed, beginnings that many share; values outgrow their place; each table is used three times. */
    @Test
    void equalsASortedMapLaw() {
        forEachSeed(500, seed -> {
            SplittableRandom random = new SplittableRandom(seed);
            Table of = random.nextBoolean() ? Table.DATA : Table.HINTS;
            MemoryTable table = new MemoryTable(0);
            for (int generation = 0; generation < 3; generation++) {
                checkGeneration(table, of, random);
                table.beginAgain(generation + 1);
                assertThat(table.generation()).isEqualTo(generation + 1);
                assertThat(table.isEmpty()).isTrue();
                assertThat(table.bytes()).isZero();
                assertThat(table.writtenBytes()).isZero();
                assertThat(table.range(Table.MERKLE, KeyRange.ALL)).isExhausted();
            }
        });
    }

    private static void checkGeneration(MemoryTable table, Table of, SplittableRandom random) {
        NavigableMap<Bytes, Change> expected = new TreeMap<>();
        for (int step = 1; step <= 100; step++) {
            Bytes key = anyKey(of, random);
            WriteBatch batch = random.nextInt(5) == 0
                    ? new WriteBatch().andDelete(of, key)
                    : WriteBatch.put(of, key, Bytes.utf8("v" + step + "+".repeat(40 * random.nextInt(4))));
            expected.put(key, batch.changes().get(0));
            table.apply(step, batch.andAdd(new LeafDelta(random.nextInt(LeafSums.LEAVES), step, 1)));
            if (step == 80 && random.nextBoolean()) {
                table.freeze();
                break;
            }
            if (random.nextInt(10) == 0) {
                checkRange(table, of, expected, random);
            }
        }
        for (int i = 0; i < 10; i++) {
            checkRange(table, of, expected, random);
        }
        Bytes key = anyKey(of, random);
        assertThat(table.get(of, key)).isEqualTo(expected.get(key));
        assertThat(table.get(Table.META, key)).isNull();
    }

    @Test
    void countsWhatItHoldsAndWhatItWasGiven() {
        MemoryTable table = new MemoryTable(0);
        assertThat(table.isEmpty()).isTrue();
        table.apply(7, WriteBatch.put(Table.DATA, Bytes.utf8("key"), Bytes.owning(new byte[100])));
        long first = table.bytes();
        table.apply(8, WriteBatch.put(Table.DATA, Bytes.utf8("key"), Bytes.owning(new byte[100])));
        assertThat(first).isGreaterThan(103);
        assertThat(table.bytes()).isEqualTo(first);
        assertThat(table.writtenBytes()).isEqualTo(206);
        table.apply(9, new WriteBatch().andDelete(Table.DATA, Bytes.utf8("key")));
        assertThat(table.bytes()).as("the room stays until the table goes").isEqualTo(first);
        table.apply(10, WriteBatch.put(Table.DATA, Bytes.utf8("key"), Bytes.owning(new byte[200])));
        assertThat(table.bytes()).as("the old room too").isGreaterThan(first + 200);
        assertThat(table.lastLsn()).isEqualTo(10);
    }

    private static void checkRange(
            MemoryTable table, Table of, NavigableMap<Bytes, Change> expected, SplittableRandom random) {
        Bytes from = random.nextInt(4) == 0 ? Bytes.EMPTY : anyKey(of, random);
        @Nullable Bytes end = random.nextInt(4) == 0 ? null : anyKey(of, random);
        KeyRange range = new KeyRange(from, end);
        List<Change> found = new ArrayList<>();
        table.range(of, range).forEachRemaining(found::add);
        assertThat(found)
                .isEqualTo(expected.values().stream()
                        .filter(change -> range.contains(change.key()))
                        .toList());
    }

    private static Bytes anyKey(Table of, SplittableRandom random) {
        int owner = of == Table.HINTS && random.nextBoolean() ? Integer.BYTES : 0;
        byte[] key = new byte[owner + (owner > 0 ? random.nextInt(4) : 1 + random.nextInt(3))];
        if (owner > 0) {
            key[0] = (byte) (random.nextInt(4) == 0 ? 0x80 : 0);
            key[3] = (byte) random.nextInt(3);
        }
        for (int i = owner; i < key.length; i++) {
            key[i] = (byte) (random.nextBoolean() ? random.nextInt(3) : 255 - random.nextInt(3));
        }
        return Bytes.owning(key);
    }
}
