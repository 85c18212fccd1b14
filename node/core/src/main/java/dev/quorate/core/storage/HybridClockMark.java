package dev.quorate.core.storage;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.runtime.HybridClock;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletionStage;

/**
 * Keeps a mark in storage that lies ahead of every hybrid time issued, so that the next process starts beyond all of them without
 * reading a single record (rules.md A15), however wrong the wall clock is by then. Confined to the event loop.
 */
public final class HybridClockMark {
    private static final Bytes KEY = Bytes.utf8("hybrid-clock-mark");
    private static final long AHEAD_OF_WALL = HybridClock.ofMillis(20_000);
    /** Where the clock is ahead of the wall it only counts what it issues, 65 536 a millisecond. */
    private static final long AHEAD_OF_CLOCK = HybridClock.ofMillis(1_000);

    private final HybridClock clock;
    private final Storage storage;
    private long mark;
    private boolean renewing;

    public HybridClockMark(HybridClock clock, Storage storage) {
        this.clock = clock;
        this.storage = storage;
    }

    /** Starts the clock at the mark of the former process. */
    public CompletionStage<Void> load() {
        return storage.get(Table.META, KEY).thenAccept(bytes -> {
            if (bytes != null) {
                clock.startAt(ByteBuffer.wrap(bytes.unsafeArray()).getLong());
            }
        });
    }

    /** The whole way ahead, or a part of it. Not a way ahead of a mark: each restart of a process that keeps dying would add one. */
    private long aheadBy(int part) {
        return Math.max(clock.wall() + AHEAD_OF_WALL / part, clock.last() + AHEAD_OF_CLOCK / part);
    }

    /** Called before times are issued; writes a new mark about every ten seconds of use. */
    public void keepAhead() {
        if (renewing || mark > aheadBy(2) || storage.refusal(Storage.WriteKind.REPLICA_MERGE) != null) {
            return;
        }
        renewing = true;
        long next = aheadBy(1);
        Bytes value = Bytes.owning(ByteBuffer.allocate(Long.BYTES).putLong(next).array());
        storage.commit(WriteBatch.put(Table.META, KEY, value)).whenComplete((durable, failure) -> {
            renewing = false;
            if (failure == null) {
                mark = next;
            }
        });
    }
}
