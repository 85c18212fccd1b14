package dev.quorate.ycsb;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class FieldsMergeLawTest {
    @Test
    void mergeIsCommutativeAssociativeAndIdempotent() {
        for (long seed = 0; seed < 1_000; seed++) {
            Random random = new Random(seed);
            Fields a = any(random);
            Fields b = any(random);
            Fields c = any(random);

            assertThat(a.merge(b).encode())
                    .as("seed %d", seed)
                    .isEqualTo(b.merge(a).encode());
            assertThat(a.merge(b).merge(c).encode())
                    .as("seed %d", seed)
                    .isEqualTo(a.merge(b.merge(c)).encode());
            assertThat(a.merge(a).encode()).as("seed %d", seed).isEqualTo(a.encode());
        }
    }

    /** Few names and few bytes, so that records often have fields in common. */
    private static Fields any(Random random) {
        String[] namesAndValues = new String[2 * random.nextInt(4)];
        for (int i = 0; i < namesAndValues.length; i += 2) {
            namesAndValues[i] = "field" + random.nextInt(4);
            namesAndValues[i + 1] = random.nextBoolean() ? "\u00ff" : "\u007f".repeat(random.nextInt(3));
        }
        return FieldsTest.fields(namesAndValues);
    }
}
