package dev.quorate.sdk.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class KeySlotsTest {
    private static final byte[] REFERENCE_KEY = HexFormat.of().parseHex("000102030405060708090a0b0c0d0e0f");

    /** Entry 4 of the reference implementation's table of 128-bit results: the message is 00 01 02 03. */
    @Test
    void agreesWithTheReferenceImplementation() {
        long[] hash = new KeySlots(REFERENCE_KEY).hash(0x00010203, new byte[0]);

        assertThat(HexFormat.of().toHexDigits(hash[0])).isEqualTo("f88164c12d9c8faf");
        assertThat(HexFormat.of().toHexDigits(hash[1])).isEqualTo("7d0f6e7c7bcd5579");
    }

    /** The vectors that other clients test themselves against, so that all of them and the servers agree. */
    @Test
    void agreesWithThePublishedVectors() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("..", "docs", "hash-vectors.csv"));
        assertThat(lines.get(0)).startsWith("seed,bucket_id,key,hash,slot_of_1024,slot_of_65536");
        assertThat(lines.size()).isGreaterThan(10);
        for (String line : lines.subList(1, lines.size())) {
            String[] fields = line.split(",", 7);
            KeySlots slots = new KeySlots(HexFormat.of().parseHex(fields[0]));

            long[] hash = slots.hash(Integer.parseUnsignedInt(fields[1]), key(fields[2]));

            assertThat(HexFormat.of().toHexDigits(hash[0]) + HexFormat.of().toHexDigits(hash[1]))
                    .as(line)
                    .isEqualTo(fields[3]);
            assertThat(KeySlots.slot(hash[0], 10)).as(line).isEqualTo(Integer.parseInt(fields[4]));
            assertThat(KeySlots.slot(hash[0], 16)).as(line).isEqualTo(Integer.parseInt(fields[5]));
        }
    }

    private static byte[] key(String description) {
        if (description.startsWith("hex:")) {
            return HexFormat.of().parseHex(description.substring("hex:".length()));
        }
        byte[] counting = new byte[Integer.parseInt(description.substring("counting:".length()))];
        for (int i = 0; i < counting.length; i++) {
            counting[i] = (byte) i;
        }
        return counting;
    }

    @Test
    void theSlotIsTheTopBitsOfThePosition() {
        assertThat(KeySlots.slot(0xF000_0000_0000_0000L, 4)).isEqualTo(15);
        assertThat(KeySlots.slot(-1, 10)).isEqualTo(1023);
        assertThat(KeySlots.slot(-1, 0)).isZero();
    }

    @Test
    void bucketsAndKeysDoNotRunTogether() {
        KeySlots slots = new KeySlots(REFERENCE_KEY);

        assertThat(slots.position(1, new byte[] {2})).isNotEqualTo(slots.position(2, new byte[] {1}));
        assertThat(slots.position(1, new byte[8])).isNotEqualTo(slots.position(1, new byte[9]));
    }

    @Test
    void refusesASeedOfAnotherLength() {
        assertThatThrownBy(() -> new KeySlots(new byte[15])).hasMessageContaining("16 bytes, not 15");
    }
}
