package dev.quorate.server.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/** What recovery makes of good, torn and damaged logs. Damage that was synced stops the start; what was never promised does not. */
class LogRecoveryTest {
    private static final int SEGMENT_BYTES = 4096;

    private final RecordingLogFiles files = new RecordingLogFiles();
    private final List<String> replayed = new ArrayList<>();

    @Test
    void replaysAllGroupsAfterTheCheckpointInOrder() throws IOException {
        ManualLog log = open(0, 1);
        write(log, "a", "b");
        write(log, "c");
        assertThat(open(1, 2).recoveredLsn()).isEqualTo(3);
        assertThat(replayed).containsExactly("2:b", "3:c");
    }

    @Test
    void goesOnInAFreshSegmentUnderALaterRun() throws IOException {
        write(open(0, 1), "a");
        ManualLog second = open(0, 2);
        write(second, "b");
        assertThat(second.syncedGroups().get(0).offset()).isZero();
        open(0, 3);
        assertThat(replayed).containsExactly("1:a", "2:b");
    }

    @Test
    void emptyAndNewDirectoriesHoldNothing() throws IOException {
        assertThat(open(0, 1).recoveredLsn()).isZero();
        assertThat(open(0, 2).recoveredLsn()).isZero();
        assertThat(replayed).isEmpty();
    }

    @Test
    void damagedSyncedGroupIsRefusedWithFileOffsetAndLsn() throws IOException {
        ManualLog log = open(0, 1);
        write(log, "a");
        write(log, "b");
        write(log, "c");
        ManualLog.Group group = log.syncedGroups().get(1);
        files.damage(group.file(), group.offset() + Frames.HEADER_BYTES + 5, 1);
        assertThatThrownBy(() -> open(0, 2))
                .isInstanceOf(CorruptStorageException.class)
                .hasMessageContaining("memory/" + group.file() + " at offset " + group.offset() + " lacks LSN 2");
    }

    @Test
    void damagedHeaderIsRefusedToo() throws IOException {
        ManualLog log = open(0, 1);
        write(log, "a");
        write(log, "b");
        ManualLog.Group group = log.syncedGroups().get(0);
        files.damage(group.file(), group.offset(), 4);
        assertThatThrownBy(() -> open(0, 2))
                .isInstanceOf(CorruptStorageException.class)
                .hasMessageContaining(group.file() + " at offset 0 lacks LSN 1");
    }

    @Test
    void lostSegmentIsRefused() throws IOException {
        ManualLog log = open(0, 1);
        for (int i = 0; i < 100; i++) {
            write(log, "x".repeat(100));
        }
        List<String> used = log.syncedGroups().stream()
                .map(ManualLog.Group::file)
                .distinct()
                .toList();
        assertThat(used).hasSizeGreaterThan(2);
        files.delete(used.get(1));
        assertThatThrownBy(() -> open(0, 2))
                .isInstanceOf(CorruptStorageException.class)
                .hasMessageContaining(used.get(2) + " at offset 0");
    }

    @Test
    void damageUpToTheCheckpointDoesNotMatter() throws IOException {
        ManualLog log = open(0, 1);
        write(log, "a");
        write(log, "b");
        write(log, "c");
        ManualLog.Group group = log.syncedGroups().get(0);
        files.damage(group.file(), group.offset(), group.bytes());
        assertThat(open(1, 2).recoveredLsn()).isEqualTo(3);
        assertThat(replayed).containsExactly("2:b", "3:c");
    }

    /** Nothing on the disk says that this group was synced, as nothing would if it had been torn. Replicas hold it. */
    @Test
    void damageToTheVeryLastGroupLooksLikeATornTail() throws IOException {
        ManualLog log = open(0, 1);
        write(log, "a");
        write(log, "b");
        ManualLog.Group group = log.syncedGroups().get(1);
        files.damage(group.file(), group.offset() + Frames.HEADER_BYTES, 1);
        assertThat(open(0, 2).recoveredLsn()).isEqualTo(1);
        assertThat(replayed).containsExactly("1:a");
    }

    @Test
    void rejectedTailStaysRejectedWhenALaterReadFindsItWhole() throws IOException {
        ManualLog log = open(0, 1);
        write(log, "a");
        write(log, "ghost");
        ManualLog.Group tail = log.syncedGroups().get(1);
        files.damage(tail.file(), tail.offset() + Frames.HEADER_BYTES, 1);
        write(open(0, 2), "b");
        files.damage(tail.file(), tail.offset() + Frames.HEADER_BYTES, 1);
        replayed.clear();
        assertThat(open(0, 3).recoveredLsn()).isEqualTo(2);
        assertThat(replayed).containsExactly("1:a", "2:b");
    }

    @Test
    void recycledSegmentsHoldNoOldGroups() throws IOException {
        ManualLog log = open(0, 1);
        for (int i = 0; i < 200; i++) {
            write(log, "x".repeat(100));
            log.checkpointed(log.syncedLsn());
            log.prepare();
        }
        assertThat(files.names()).hasSizeLessThan(10);
        assertThat(open(199, 2).recoveredLsn()).isEqualTo(200);
        assertThat(replayed).hasSize(1);
    }

    @Test
    void framesInsideValuesAreNotFrames() throws IOException {
        ManualLog log = open(0, 1);
        write(log, "a");
        int offset = log.syncedGroups().get(0).bytes();
        // The value starts after the header of its frame, of its batch and of its change; the forged frame is at the
        // next multiple of 8.
        int valueAt = offset + Frames.HEADER_BYTES + 4 + 7 + 1;
        int forgedAt = Frames.aligned(valueAt);
        ByteBuffer forged = ByteBuffer.allocate(256).position(Frames.HEADER_BYTES);
        Frames.putBatch(forged, WriteBatch.put(Table.DATA, Bytes.utf8("k"), Bytes.utf8("forged")));
        long run = ManualLog.run(1) | 0xffffffffL;
        Frames.seal(forged, 1, forgedAt, run, 9, 1, 8, new CRC32C());
        byte[] value = new byte[1024];
        forged.get(value, forgedAt - valueAt, forged.remaining());
        log.append(WriteBatch.put(Table.DATA, Bytes.utf8("k"), Bytes.owning(value)));
        log.write(1);
        log.force();
        ManualLog.Group group = log.syncedGroups().get(1);
        assertThat(group.offset()).isEqualTo(offset);
        // Torn, so that the search for later frames reads the value.
        files.damage(group.file(), group.offset(), 8);
        assertThat(open(0, 2).recoveredLsn()).isEqualTo(1);
        assertThat(replayed).containsExactly("1:a");
    }

    @Test
    void whatWasReadIsForcedBeforeItCounts() throws IOException {
        files.makeForceDoNothing(true);
        ManualLog log = open(0, 1);
        write(log, "in the page cache only");
        files.makeForceDoNothing(false);
        int before = files.forces();
        open(0, 2);
        assertThat(files.forces()).isGreaterThan(before);
        assertThat(replayed).hasSize(1);
    }

    private ManualLog open(long checkpoint, int start) throws IOException {
        replayed.clear();
        ManualLog log = ManualLog.open(
                files,
                SEGMENT_BYTES,
                checkpoint,
                start,
                (lsn, batch) -> replayed.add(lsn + ":" + batch.changes().get(0).value()));
        log.prepare();
        return log;
    }

    /** One group, synced. */
    private static void write(ManualLog log, String... values) throws IOException {
        for (String value : values) {
            log.append(WriteBatch.put(Table.DATA, Bytes.utf8("k"), Bytes.utf8(value)));
        }
        log.write(values.length);
        log.force();
        log.prepare();
    }
}
