package dev.quorate.core.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.model.Bytes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class SipHashTest {
    private final SipHash sipHash = new SipHash(Bytes.owning(counting(16)));

    /** The vectors of the reference implementation: key 00 01 ... 0f, data of 0 to 63 bytes 00 01 ... */
    @Test
    void agreesWithTheReferenceImplementation() throws IOException {
        List<String> expected = referenceVectors();

        assertThat(expected).hasSize(64);
        for (int length = 0; length < 64; length++) {
            assertThat(sipHash.hash(counting(length))).as("length %d", length).hasToString(expected.get(length));
        }
    }

    @Test
    void hashesHeadAndDataAsIfTheyWereOne() {
        for (int length = 0; length < 40; length++) {
            byte[] whole = counting(length);
            for (int headLength = 0; headLength <= Math.min(7, length); headLength++) {
                long head = 0;
                for (int i = 0; i < headLength; i++) {
                    head |= (long) whole[i] << (8 * i);
                }
                assertThat(sipHash.hash(head, headLength, Arrays.copyOfRange(whole, headLength, length)))
                        .as("%d bytes of %d in the head", headLength, length)
                        .isEqualTo(sipHash.hash(whole));
            }
        }
    }

    @Test
    void refusesASeedOfAnotherLength() {
        assertThatThrownBy(() -> new SipHash(Bytes.owning(counting(15))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a hash seed has 16 bytes, not 15");
    }

    private static List<String> referenceVectors() throws IOException {
        try (InputStream vectors = SipHashTest.class.getResourceAsStream("siphash-2-4-128.txt")) {
            return new String(Objects.requireNonNull(vectors).readAllBytes(), StandardCharsets.US_ASCII)
                    .lines()
                    .toList();
        }
    }

    private static byte[] counting(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) i;
        }
        return bytes;
    }
}
