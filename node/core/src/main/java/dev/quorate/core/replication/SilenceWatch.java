package dev.quorate.core.replication;

import dev.quorate.core.runtime.Metrics;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Looks after sloppy writes whose owners keep silent. They all get the same patience, so they run out of it in the order in which they began:
 * a list and one timer for its head serve any number of them, and a write that is answered in time costs two links and no object. Confined to the
 * event loop.
 */
final class SilenceWatch {
    /** Requests to stand in that may be saved up, and what each write adds: slowness of everybody must not double the load of everybody. */
    static final double BURST = 1024;

    static final double PER_WRITE = 0.1;

    private final Local local;
    private final long patienceNanos;
    private final TokenBucket permits = new TokenBucket(BURST);
    private final Metrics.Counter notAsked;
    private @Nullable WriteFanOut first;
    private @Nullable WriteFanOut last;
    private boolean armed;

    SilenceWatch(Local local) {
        this.local = local;
        this.patienceNanos = local.config().standInAfter().toNanos();
        this.notAsked = local.metrics()
                .counter(
                        "stand_ins_not_asked_total",
                        "Silent owners of a write that nobody was asked to stand in for, because too many are silent");
    }

    void watch(WriteFanOut write) {
        permits.accrue(PER_WRITE);
        write.silentAt = local.clock().nanos() + patienceNanos;
        write.watched = true;
        WriteFanOut tail = last;
        write.watchedBefore = tail;
        if (tail == null) {
            first = write;
        } else {
            tail.watchedAfter = write;
        }
        last = write;
        arm();
    }

    /** Without effect on a write that is not watched. */
    void forget(WriteFanOut write) {
        if (!write.watched) {
            return;
        }
        WriteFanOut before = write.watchedBefore;
        WriteFanOut after = write.watchedAfter;
        if (before == null) {
            first = after;
        } else {
            before.watchedAfter = after;
        }
        if (after == null) {
            last = before;
        } else {
            after.watchedBefore = before;
        }
        write.watched = false;
        write.watchedBefore = null;
        write.watchedAfter = null;
    }

    /** Whether another node may be asked because of a silence. */
    boolean mayAsk() {
        boolean may = permits.take();
        if (!may) {
            notAsked.increment();
        }
        return may;
    }

    private void arm() {
        WriteFanOut oldest = first;
        if (armed || oldest == null) {
            return;
        }
        armed = true;
        local.wheel()
                .after(
                        Duration.ofNanos(
                                Math.max(0, oldest.silentAt - local.clock().nanos())),
                        this::fire);
    }

    private void fire() {
        armed = false;
        long now = local.clock().nanos();
        for (WriteFanOut oldest = first; oldest != null && oldest.silentAt <= now; oldest = first) {
            forget(oldest);
            oldest.ownersAreSilent();
        }
        arm();
    }
}
