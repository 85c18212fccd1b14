package dev.quorate.ycsb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.sdk.QuorateException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import site.ycsb.ByteArrayByteIterator;
import site.ycsb.ByteIterator;
import site.ycsb.RandomByteIterator;

class FieldsTest {
    @Test
    void everyByteComesBack() {
        byte[] all = new byte[256];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) i;
        }
        byte[] encoded = Fields.of(Map.of(
                        "field0",
                        new ByteArrayByteIterator(all),
                        "größe\u0000/字",
                        new ByteArrayByteIterator(new byte[] {1}),
                        "",
                        new ByteArrayByteIterator(new byte[0])))
                .encode();

        Map<String, ByteIterator> result = new HashMap<>();
        Fields.decode(encoded).copyTo(result, null);

        assertThat(result).containsOnlyKeys("field0", "größe\u0000/字", "");
        assertThat(result.get("field0").toArray()).isEqualTo(all);
        assertThat(result.get("größe\u0000/字").toArray()).containsExactly(1);
        assertThat(result.get("").toArray()).isEmpty();
    }

    @Test
    void aRecordWithoutFieldsIsARecord() {
        byte[] encoded = Fields.of(Map.of()).encode();

        assertThat(encoded).containsExactly(1);
        assertThat(Fields.decode(encoded).count()).isZero();
    }

    /** The bytes are in clusters: whoever changes them makes a format of another number. */
    @Test
    void theBytesAreThoseOfTheFormat() {
        assertThat(fields("b", "xy", "a", "").encode())
                .containsExactly(1, 0, 0, 0, 1, 'a', 0, 0, 0, 0, 0, 0, 0, 1, 'b', 0, 0, 0, 2, 'x', 'y');
    }

    @Test
    void whatYcsbMakesByRandomIsReadOnce() {
        Fields written = Fields.of(Map.of("field0", new RandomByteIterator(100)));

        assertThat(written.encode()).hasSize(1 + 4 + 6 + 4 + 100).isEqualTo(written.encode());
    }

    @Test
    void bytesOfAnotherProgramAreRefused() {
        byte[] encoded = fields("a", "1").encode();

        for (int length = 2; length < encoded.length; length++) {
            byte[] cut = Arrays.copyOf(encoded, length);
            assertThatThrownBy(() -> Fields.decode(cut)).hasMessageContaining("cut off or damaged");
        }
        assertThatThrownBy(() -> Fields.decode(new byte[0])).hasMessageContaining("not a record");
        assertThatThrownBy(() -> Fields.decode("milk".getBytes(StandardCharsets.UTF_8)))
                .hasMessageContaining("not a record");
        assertThatThrownBy(() -> Fields.decode(new byte[] {1, -1, 0, 0, 0, 0}))
                .hasMessageContaining("cut off or damaged");
        assertThatThrownBy(() -> Fields.decode(new byte[] {1, 0, 0, 0, 1, -1, 0, 0, 0, 0}))
                .hasMessageContaining("MalformedInput");
        assertThatThrownBy(() -> Fields.decode(new byte[] {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}))
                .hasMessageContaining("twice");
        assertThatThrownBy(() -> Fields.CODEC.decode(new byte[] {2}))
                .isInstanceOfSatisfying(
                        QuorateException.class,
                        failure -> assertThat(failure.reason()).isEqualTo(QuorateException.Reason.CODEC_FAILED));
    }

    @Test
    void aReadGetsTheFieldsItNames() {
        Fields record = fields("a", "1", "b", "2", "c", "3");

        assertThat(selected(record, null)).isEqualTo(Map.of("a", "1", "b", "2", "c", "3"));
        assertThat(selected(record, Set.of("b"))).isEqualTo(Map.of("b", "2"));
        assertThat(selected(record, Set.of("c", "a"))).isEqualTo(Map.of("a", "1", "c", "3"));
        assertThat(selected(record, Set.of("d", "a"))).isEqualTo(Map.of("a", "1"));
        assertThat(selected(record, Set.of())).isEmpty();
    }

    @Test
    void anUpdateKeepsTheFieldsItDoesNotName() {
        Fields before = fields("a", "1", "b", "2");

        assertThat(selected(before.with(fields("b", "3", "c", "4")), null))
                .isEqualTo(Map.of("a", "1", "b", "3", "c", "4"));
        assertThat(selected(before, null)).isEqualTo(Map.of("a", "1", "b", "2"));
    }

    @Test
    void concurrentRecordsMergeIntoAllFieldsAndTheGreaterBytes() {
        Fields one = fields("a", "1", "b", "9");
        Fields other = fields("b", "10", "c", "\u00ff");

        assertThat(selected(one.merge(other), null)).isEqualTo(Map.of("a", "1", "b", "9", "c", "\u00ff"));
        assertThat(selected(other.merge(fields("c", "\u007f")), null)).containsEntry("c", "\u00ff");
    }

    private static Map<String, String> selected(Fields record, Set<String> wanted) {
        Map<String, ByteIterator> result = new HashMap<>();
        record.copyTo(result, wanted);
        Map<String, String> texts = new TreeMap<>();
        result.forEach((name, bytes) -> texts.put(name, new String(bytes.toArray(), StandardCharsets.ISO_8859_1)));
        return texts;
    }

    /** Name, value, name, value; a character of a value is a byte. */
    static Fields fields(String... namesAndValues) {
        Map<String, ByteIterator> values = new HashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            values.put(
                    namesAndValues[i],
                    new ByteArrayByteIterator(namesAndValues[i + 1].getBytes(StandardCharsets.ISO_8859_1)));
        }
        return Fields.of(values);
    }
}
