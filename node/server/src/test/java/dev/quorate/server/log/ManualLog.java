package dev.quorate.server.log;

import dev.quorate.core.storage.WriteBatch;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** The commit log's parts without its thread: a test says when a group is written and when it is synced. */
public final class ManualLog {
    /** Where a group was written. */
    public record Group(String file, int offset, int bytes, long firstLsn, long lastLsn) {}

    private final Segments segments;
    private final LogWriter writer;
    private final long recoveredLsn;
    private final Deque<WriteBatch> queue = new ArrayDeque<>();
    private final List<Group> groups = new ArrayList<>();
    private long writtenLsn;
    private long syncedLsn;

    private ManualLog(Segments segments, LogWriter writer, long recoveredLsn) {
        this.segments = segments;
        this.writer = writer;
        this.recoveredLsn = recoveredLsn;
        this.writtenLsn = recoveredLsn;
        this.syncedLsn = recoveredLsn;
    }

    public static ManualLog open(LogFiles files, long segmentBytes, long checkpoint, int start, BatchSink sink)
            throws IOException {
        LogRecovery.Recovered recovered = new LogRecovery(files, checkpoint).replay(sink);
        Segments segments = new Segments(files, segmentBytes, recovered, () -> {});
        segments.prepareOne();
        return new ManualLog(
                segments, new LogWriter(segments, segmentBytes, run(start), recovered.lastLsn()), recovered.lastLsn());
    }

    static long run(int start) {
        return (long) start << 32;
    }

    public void append(WriteBatch batch) {
        queue.add(batch);
    }

    /** Writes a group of at most that many batches, if none is under way and a segment is there to take it. */
    public void write(int batches) throws IOException {
        if (writtenLsn > syncedLsn || queue.isEmpty() || segments.spares() == 0) {
            return;
        }
        long firstLsn = writtenLsn + 1;
        writer.begin();
        for (int i = 0; i < batches && !queue.isEmpty(); i++) {
            WriteBatch batch = queue.remove();
            writer.add(batch, Frames.encodedBytes(batch));
            writtenLsn++;
        }
        LogWriter.Place place = writer.write();
        groups.add(new Group(
                Segments.Segment.name(place.segment()),
                Math.toIntExact(place.offset()),
                place.bytes(),
                firstLsn,
                writtenLsn));
    }

    public void force() throws IOException {
        syncedLsn = writer.force();
    }

    /** For broken variants: as if the group were synced. */
    public void pretendForced() {
        syncedLsn = writtenLsn;
    }

    public long recoveredLsn() {
        return recoveredLsn;
    }

    public long syncedLsn() {
        return syncedLsn;
    }

    /** Every group of this life that was synced, oldest first. */
    public List<Group> syncedGroups() {
        return groups.stream().filter(group -> group.lastLsn() <= syncedLsn).toList();
    }

    public void checkpointed(long lsn) {
        segments.release(lsn);
    }

    public void prepare() throws IOException {
        segments.prepare();
    }
}
