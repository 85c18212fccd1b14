package dev.quorate.server.log;

import dev.quorate.server.log.LogFiles.LogFile;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * The segment files: the one being written, those whose batches LMDB does not hold yet, and spares. A spare has its final name and all its
 * blocks on the disk before the writer takes it, so that the writer never allocates; it is a segment that is no longer needed, renamed, or
 * else a new file.
 *
 * <p>The writer takes and seals segments, another thread prepares and releases them. The lock is never held over a write.
 */
final class Segments {
    /** One file of the log. */
    record Segment(long number, LogFile file) {
        static String name(long number) {
            return "log-%016x".formatted(number);
        }
    }

    /** A segment no longer written to; needed until a checkpoint reaches {@code lastLsn}. */
    record Sealed(String name, long lastLsn) {}

    /** Spares of a log in use. One that was only opened has one: it may stay as idle as it is. */
    private static final int SPARES = 2;

    /** Segments kept for reuse beyond the spares: about what one flush frees and the next generation takes. */
    private static final int KEPT_FREE = 4;

    private final LogFiles files;
    private final long segmentBytes;
    private final Runnable taken;
    // Guarded by this.
    private final Deque<Sealed> sealed = new ArrayDeque<>();
    private final Deque<Segment> spares = new ArrayDeque<>();
    private final Deque<String> free = new ArrayDeque<>();
    private long nextNumber;
    private int wanted = 1;

    Segments(LogFiles files, long segmentBytes, LogRecovery.Recovered recovered, Runnable taken) {
        this.taken = taken;
        this.files = files;
        this.segmentBytes = segmentBytes;
        this.nextNumber = recovered.highestSegment() + 1;
        sealed.addAll(recovered.needed());
        free.addAll(recovered.free());
    }

    /** For the writer: the next segment. It exists, because writes are refused as soon as no spare is left. */
    Segment take() throws IOException {
        Segment next;
        synchronized (this) {
            next = spares.poll();
        }
        if (next == null) {
            throw new IOException("no prepared segment in " + files.location() + ": a write was not refused in time");
        }
        taken.run();
        return next;
    }

    /** For the writer: it goes on in another segment. */
    void seal(Segment segment, long lastLsn) throws IOException {
        segment.file().close();
        synchronized (this) {
            sealed.add(new Sealed(Segment.name(segment.number()), lastLsn));
            wanted = SPARES;
        }
    }

    /** LMDB holds every batch up to the checkpoint; segments that have no later one become free. */
    synchronized void release(long checkpoint) {
        while (!sealed.isEmpty() && sealed.getFirst().lastLsn() <= checkpoint) {
            free.add(sealed.removeFirst().name());
        }
    }

    synchronized int spares() {
        return spares.size();
    }

    private synchronized int wantedSpares() {
        return wanted;
    }

    synchronized int count() {
        return sealed.size() + spares.size() + free.size() + 1;
    }

    /** Makes spares until there are enough and deletes what is left over. Fails when the disk is full; then it may be called again. */
    void prepare() throws IOException {
        while (spares() < wantedSpares()) {
            prepareOne();
        }
        for (String name : leftOver()) {
            files.delete(name);
        }
    }

    void prepareOne() throws IOException {
        String recycled;
        long number;
        synchronized (this) {
            recycled = free.poll();
            number = nextNumber++;
        }
        String name = Segment.name(number);
        LogFile file = recycled == null ? files.create(name, segmentBytes) : recycle(recycled, name);
        files.syncDirectory();
        synchronized (this) {
            spares.add(new Segment(number, file));
        }
    }

    private LogFile recycle(String from, String to) throws IOException {
        try (LogFile old = files.open(from)) {
            if (old.length() != segmentBytes) {
                // Half created when the disk was full, or made under another setting: writing to it would allocate.
                files.delete(from);
                return files.create(to, segmentBytes);
            }
        }
        files.rename(from, to);
        return files.open(to);
    }

    private synchronized List<String> leftOver() {
        List<String> names = new ArrayList<>();
        while (free.size() > KEPT_FREE) {
            names.add(free.removeLast());
        }
        return names;
    }

    synchronized void closeSpares() throws IOException {
        for (Segment spare : spares) {
            spare.file().close();
        }
        spares.clear();
    }
}
