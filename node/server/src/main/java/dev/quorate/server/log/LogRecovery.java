package dev.quorate.server.log;

import dev.quorate.server.log.Frames.Frame;
import dev.quorate.server.log.LogFiles.LogFile;
import dev.quorate.server.log.Segments.Sealed;
import dev.quorate.server.log.Segments.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Reads the log after an end that nobody could prepare for.
 *
 * <p>The batches after the checkpoint are replayed as long as the frames follow each other. At the first one that is missing or damaged the
 * question is whether it was ever promised. Only one group is under way at a time and every frame says how far the log was synced when it
 * was written; so a later frame of the same or a later run that calls the missing LSN synced proves damage, and the node refuses to start.
 * Without such a frame it is the torn tail of the group that was being written, and nobody was told of it. Damage to the very last synced
 * group therefore cannot be told from a torn tail.
 *
 * <p>The log goes on in a fresh segment under a new run. A frame of an older run is void from the LSN on at which a newer run began: what was
 * once judged torn stays rejected, even if a later read finds it whole.
 */
final class LogRecovery {
    private static final String NAME_PATTERN = "log-[0-9a-f]{16}";

    private final LogFiles files;
    private final long checkpoint;
    private final CRC32C crc = new CRC32C();
    // The first LSN of each run, of all frames seen.
    private final NavigableMap<Long, Long> beginningOfRun = new TreeMap<>(Long::compareUnsigned);
    // Segments are read through these, not as a whole, so that a start does not leave the size of a segment in memory.
    private final ByteBuffer window = ByteBuffer.allocateDirect(1 << 20);
    private final ByteBuffer payload = ByteBuffer.allocateDirect(1 << 16);

    LogRecovery(LogFiles files, long checkpoint) {
        this.files = files;
        this.checkpoint = checkpoint;
    }

    /**
     * What the log held.
     *
     * @param lastLsn of the last batch replayed, or the checkpoint
     * @param highestRun of any frame seen, 0 if none
     * @param needed segments with batches after the checkpoint, oldest first
     * @param free segments to write over
     */
    record Recovered(long lastLsn, long highestRun, long highestSegment, List<Sealed> needed, List<String> free) {}

    /** Whether there is not even a segment. A node that ran has one, whether it wrote to it or not. */
    boolean isMissing() throws IOException {
        return segments().isEmpty();
    }

    /** For a log that was closed in good order: LMDB holds everything. */
    Recovered skip() throws IOException {
        NavigableMap<Long, String> segments = segments();
        return new Recovered(
                checkpoint, 0, segments.isEmpty() ? 0 : segments.lastKey(), List.of(), List.copyOf(segments.values()));
    }

    /** Hands every batch after the checkpoint to the sink, and makes sure that they are on the disk and not only in its cache. */
    Recovered replay(BatchSink sink) throws IOException {
        NavigableMap<Long, String> segments = segments();
        List<Frame> frames = withoutVoidFrames(scan(segments));
        List<Frame> accepted = accept(frames);
        Map<Long, Long> lastLsns = new TreeMap<>();
        long lastLsn = checkpoint;
        for (Frame frame : accepted) {
            lastLsns.put(frame.segment(), frame.lastLsn());
            lastLsn = frame.lastLsn();
        }
        List<Sealed> needed = new ArrayList<>();
        List<String> free = new ArrayList<>();
        for (Map.Entry<Long, String> segment : segments.entrySet()) {
            Long last = lastLsns.get(segment.getKey());
            if (last == null) {
                free.add(segment.getValue());
                continue;
            }
            needed.add(new Sealed(segment.getValue(), last));
            try (LogFile file = files.open(segment.getValue())) {
                // After a kill the last group may lie in the page cache only, and from now on it counts as synced.
                file.force();
                replay(file, segment.getKey(), accepted, sink);
            }
        }
        long highestRun = beginningOfRun.isEmpty() ? 0 : beginningOfRun.lastKey();
        return new Recovered(lastLsn, highestRun, segments.isEmpty() ? 0 : segments.lastKey(), needed, free);
    }

    private void replay(LogFile file, long segment, List<Frame> accepted, BatchSink sink) throws IOException {
        for (Frame frame : accepted) {
            if (frame.segment() == segment) {
                ByteBuffer payload = ByteBuffer.allocate(frame.payloadBytes());
                file.read(payload, frame.offset() + Frames.HEADER_BYTES);
                Frames.decode(payload.flip(), frame, (lsn, batch) -> {
                    if (lsn > checkpoint) {
                        sink.accept(lsn, batch);
                    }
                });
            }
        }
    }

    private NavigableMap<Long, String> segments() throws IOException {
        NavigableMap<Long, String> segments = new TreeMap<>();
        for (String name : files.names()) {
            if (name.matches(NAME_PATTERN)) {
                segments.put(Long.parseLong(name.substring(name.indexOf('-') + 1), 16), name);
            }
        }
        return segments;
    }

    /**
     * Whole frames in the order of the segments: those that reach beyond the checkpoint, and where these begin or a segment ends, the one
     * before. All others, with writers that wait for each other millions, would only take memory: none says that something after the
     * checkpoint was synced.
     */
    private List<Frame> scan(NavigableMap<Long, String> segments) throws IOException {
        List<Frame> kept = new ArrayList<>();
        for (Map.Entry<Long, String> segment : segments.entrySet()) {
            try (LogFile file = files.open(segment.getValue())) {
                @Nullable Frame before = null;
                for (Frame frame : scan(file, segment.getKey())) {
                    beginningOfRun.merge(frame.run(), frame.firstLsn(), Math::min);
                    boolean needed = frame.lastLsn() > checkpoint;
                    if (needed) {
                        if (before != null) {
                            kept.add(before);
                        }
                        kept.add(frame);
                    }
                    before = needed ? null : frame;
                }
                if (before != null) {
                    kept.add(before);
                }
            }
        }
        return kept;
    }

    private List<Frame> scan(LogFile file, long segment) throws IOException {
        List<Frame> frames = new ArrayList<>();
        int length = Math.toIntExact(file.length());
        int offset = 0;
        int windowAt = 0;
        window.clear().limit(0);
        while (length - offset >= Frames.HEADER_BYTES) {
            if (offset - windowAt + Frames.HEADER_BYTES > window.limit()) {
                windowAt = offset;
                fill(file, offset);
            }
            @Nullable Frame frame = frameAt(file, segment, offset, offset - windowAt, length);
            // A segment belongs to one run. What else looks like a frame was put there by a client, inside a value of a
            // torn group.
            if (frame != null
                    && (frames.isEmpty()
                            || frames.get(0).offset() > 0
                            || frames.get(0).run() == frame.run())) {
                frames.add(frame);
                offset = frame.endOffset();
            } else {
                offset += Frames.ALIGNMENT;
            }
        }
        return frames;
    }

    private @Nullable Frame frameAt(LogFile file, long segment, int offset, int windowIndex, int length)
            throws IOException {
        if (!Frames.maybeHeader(window, windowIndex)) {
            return null;
        }
        Frames.Header header = Frames.header(window, windowIndex, segment, offset, crc);
        if (header == null || header.frame().payloadBytes() > length - offset - Frames.HEADER_BYTES) {
            return null;
        }
        return payloadCrc(file, header.frame()) == header.payloadCrc() ? header.frame() : null;
    }

    private void fill(LogFile file, int offset) throws IOException {
        window.clear();
        file.read(window, offset);
        window.flip();
    }

    private int payloadCrc(LogFile file, Frame frame) throws IOException {
        crc.reset();
        int left = frame.payloadBytes();
        int at = frame.offset() + Frames.HEADER_BYTES;
        while (left > 0) {
            payload.clear().limit(Math.min(left, payload.capacity()));
            file.read(payload, at);
            payload.flip();
            if (!payload.hasRemaining()) {
                throw new IOException(
                        files.location() + "/" + Segment.name(frame.segment()) + " became shorter while it was read");
            }
            left -= payload.remaining();
            at += payload.remaining();
            crc.update(payload);
        }
        return (int) crc.getValue();
    }

    private List<Frame> withoutVoidFrames(List<Frame> frames) {
        return frames.stream()
                .filter(frame -> beginningOfRun.tailMap(frame.run(), false).values().stream()
                        .noneMatch(beginning -> beginning <= frame.firstLsn()))
                .toList();
    }

    private List<Frame> accept(List<Frame> frames) {
        List<Frame> accepted = new ArrayList<>();
        long expected = checkpoint + 1;
        long run = 0;
        boolean ended = false;
        @Nullable Frame last = null;
        @Nullable Frame afterGap = null;
        for (Frame frame : frames) {
            boolean newEnough = Long.compareUnsigned(frame.run(), run) >= 0;
            if (!ended && frame.lastLsn() < expected) {
                last = frame;
                continue;
            }
            if (!ended && frame.firstLsn() <= expected && newEnough) {
                accepted.add(frame);
                expected = frame.lastLsn() + 1;
                run = frame.run();
                last = frame;
                continue;
            }
            ended = true;
            if (afterGap == null) {
                afterGap = frame;
            }
            if (newEnough && frame.syncedLsn() >= expected) {
                throw corrupt(expected, last, afterGap, frame);
            }
        }
        return accepted;
    }

    private CorruptStorageException corrupt(long lsn, @Nullable Frame last, Frame afterGap, Frame witness) {
        long segment = afterGap.segment();
        int offset = 0;
        if (last != null && (last.segment() == segment || afterGap.offset() == 0)) {
            segment = last.segment();
            offset = last.endOffset();
        }
        return new CorruptStorageException("the commit log is damaged: " + files.location() + "/"
                + Segment.name(segment) + " at offset " + offset + " lacks LSN " + lsn
                + ", which was synced (the frame of LSN " + witness.firstLsn() + " in "
                + Segment.name(witness.segment())
                + " at offset " + witness.offset() + " says so). Acknowledged writes from LSN " + lsn
                + " on cannot be read; restore this node's directory from a copy, or move it away and let"
                + " the other replicas fill an empty one");
    }
}
