package dev.quorate.core.ring;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Checks against the vectors that we publish for authors of clients, which another implementation has computed. */
class KeyHasherTest {
    private static final Path DOCS = Path.of("..", "..", "docs");

    private record Vector(Bytes seed, int bucketId, String key, String hash, int slotOf1024, int slotOf65536) {
        static Vector parse(String line) {
            String[] fields = line.split(",", -1);
            assertThat(fields).as(line).hasSize(7);
            return new Vector(
                    Bytes.owning(HexFormat.of().parseHex(fields[0])),
                    Integer.parseUnsignedInt(fields[1]),
                    fields[2],
                    fields[3],
                    Integer.parseInt(fields[4]),
                    Integer.parseInt(fields[5]));
        }

        KeyHash computed() {
            return new KeyHasher(seed).hash(new Key(bucketId, keyBytes()));
        }

        private Bytes keyBytes() {
            if (key.startsWith("hex:")) {
                return Bytes.owning(HexFormat.of().parseHex(key.substring("hex:".length())));
            }
            byte[] counting = new byte[Integer.parseInt(key.substring("counting:".length()))];
            for (int i = 0; i < counting.length; i++) {
                counting[i] = (byte) i;
            }
            return Bytes.owning(counting);
        }

        /** The row of the table in clients.md. */
        String inProse() {
            return "| %s | `%s` | `%s` | %d | %d |"
                    .formatted(Integer.toUnsignedString(bucketId), key, hash, slotOf1024, slotOf65536);
        }
    }

    @Test
    void agreesWithThePublishedVectors() throws IOException {
        assertThat(publishedVectors()).hasSizeGreaterThan(15).allSatisfy(vector -> {
            KeyHash computed = vector.computed();
            assertThat(computed).hasToString(vector.hash());
            assertThat(computed.slot(10)).isEqualTo(vector.slotOf1024());
            assertThat(computed.slot(16)).isEqualTo(vector.slotOf65536());
        });
    }

    @Test
    void publishesTheSameVectorsInProse() throws IOException {
        Bytes seed = Bytes.owning(HexFormat.of().parseHex("000102030405060708090a0b0c0d0e0f"));
        List<String> expected = publishedVectors().stream()
                .filter(vector -> vector.seed().equals(seed))
                .map(Vector::inProse)
                .toList();

        List<String> rows = Files.readAllLines(DOCS.resolve("clients.md")).stream()
                .filter(line -> line.matches("\\| \\d+ \\| .*"))
                .toList();

        assertThat(rows).isNotEmpty().isEqualTo(expected);
    }

    private static List<Vector> publishedVectors() throws IOException {
        return Files.readAllLines(DOCS.resolve("hash-vectors.csv")).stream()
                .skip(1)
                .map(Vector::parse)
                .toList();
    }
}
