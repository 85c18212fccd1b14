package dev.quorate.core.version;

import static dev.quorate.core.Seeds.forEachSeed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is read is what was written, or an error. */
class RecordCodecTest {
    private final RecordCodec codec = new RecordCodec();

    @Test
    void recordsComeBackFromTheirBytes() {
        forEachSeed(20_000, seed -> {
            StoredRecord record = new AnyVersions(seed).record();
            Bytes bytes = codec.encode(record);
            StoredRecord decoded = codec.decode(bytes);
            assertThat(decoded).isEqualTo(record);
            assertThat(codec.encode(decoded)).isEqualTo(bytes);
            assertThat(codec.encode(new StoredRecord(
                            decoded.key(),
                            VersionedObject.of(
                                    decoded.object().context(), decoded.object().siblings()),
                            decoded.own(),
                            decoded.hints())))
                    .isEqualTo(bytes);
        });
    }

    @Test
    void everyTruncationIsCorrupt() {
        forEachSeed(200, seed -> {
            byte[] whole = codec.encode(new AnyVersions(seed).record()).toByteArray();
            int step = Math.max(1, whole.length / 500);
            for (int length = 0; length < whole.length; length += step) {
                assertCorrupt(Arrays.copyOf(whole, length));
            }
            assertCorrupt(Arrays.copyOf(whole, whole.length + 1));
        });
    }

    @Test
    void everyChangedByteIsCorrupt() {
        forEachSeed(300, seed -> {
            Random random = new Random(seed);
            byte[] bytes = codec.encode(new AnyVersions(seed).record()).toByteArray();
            int step = Math.max(1, bytes.length / 500);
            for (int i = 0; i < bytes.length; i += step) {
                byte before = bytes[i];
                bytes[i] = (byte) (before ^ (1 + random.nextInt(255)));
                assertCorrupt(bytes.clone());
                bytes[i] = before;
            }
        });
    }

    @Test
    void layoutIsTheDocumentedOne() {
        Actor actor = new Actor(0, 1, 0x80);
        CausalContext context = CausalContext.EMPTY.withInterval(actor, 10, 12, 300);
        StoredRecord record = new StoredRecord(
                new Key(1, Bytes.utf8("k")),
                VersionedObject.of(
                        context,
                        List.of(new Sibling(
                                new Dot(actor, 12), 0x0102030405060708L, Sibling.Kind.VALUE, Bytes.utf8("v")))),
                new OwnInterval(0x80, 10));

        assertThat(codec.encode(record).hex())
                .isEqualTo("01" + "01" + "d1b4dcad" // format, flags, checksum
                        + "01" + "016b" // bucket, key
                        + "8001" + "0a" // own
                        + "01" + "00" + "01" + "8001" + "0a" + "02" + "ac02" // intervals
                        + "01" + "00" + "0c" + "0102030405060708" + "00" + "0176"); // siblings
    }

    @Test
    void hintsFollowTheOwnInterval() {
        StoredRecord record = new StoredRecord(
                        new Key(1, Bytes.utf8("k")),
                        VersionedObject.of(CausalContext.EMPTY, List.of()),
                        new OwnInterval(0x80, 10))
                .withHint(new NodeId(200), 7)
                .withHint(new NodeId(3), 0x0102030405060708L);

        assertThat(codec.encode(record).hex())
                .startsWith("01" + "03")
                .endsWith("01" + "016b" // bucket, key
                        + "8001" + "0a" // own
                        + "02" + "03" + "0102030405060708" + "c801" + "0000000000000007" // hints
                        + "00" + "00"); // no intervals, no siblings
        assertThat(codec.decode(codec.encode(record))).isEqualTo(record);
    }

    @Test
    void namesWhatIsWrong() {
        byte[] bytes = codec.encode(new AnyVersions(1).record()).toByteArray();
        bytes[0] = 9;
        assertThatThrownBy(() -> codec.decode(Bytes.owning(bytes)))
                .isInstanceOf(CorruptRecordException.class)
                .hasMessage("corrupt record: unknown format 9");
    }

    private void assertCorrupt(byte[] bytes) {
        assertThatThrownBy(() -> codec.decode(Bytes.owning(bytes))).isInstanceOf(CorruptRecordException.class);
    }
}
