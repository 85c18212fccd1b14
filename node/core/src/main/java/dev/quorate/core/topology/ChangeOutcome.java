package dev.quorate.core.topology;

import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.RingVersion;
import java.util.function.Function;

/** What became of a change of the ring. */
public sealed interface ChangeOutcome {
    /**
     * It is part of what the ring has agreed about. The node that was asked has adopted it; the others are about to.
     *
     * @param ring the agreed state in which the change was found, not necessarily the first one
     */
    record Committed(RingState ring) implements ChangeOutcome {
        public RingVersion version() {
            return ring.version();
        }

        @Override
        public <T> T match(
                Function<? super Committed, ? extends T> committed,
                Function<? super Rejection, ? extends T> rejected,
                Function<? super Unknown, ? extends T> unknown) {
            return committed.apply(this);
        }
    }

    /** Nothing was changed. */
    record Rejected(Rejection rejection) implements ChangeOutcome {
        @Override
        public <T> T match(
                Function<? super Committed, ? extends T> committed,
                Function<? super Rejection, ? extends T> rejected,
                Function<? super Unknown, ? extends T> unknown) {
            return rejected.apply(rejection);
        }
    }

    /**
     * Voters were asked for it, and too few answered in time: it may have been made, or may be made yet by whoever changes the ring next. Look
     * at the ring before asking again.
     *
     * @param because what kept the answer away
     */
    record Unknown(Rejection because) implements ChangeOutcome {
        @Override
        public <T> T match(
                Function<? super Committed, ? extends T> committed,
                Function<? super Rejection, ? extends T> rejected,
                Function<? super Unknown, ? extends T> unknown) {
            return unknown.apply(this);
        }
    }

    <T> T match(
            Function<? super Committed, ? extends T> committed,
            Function<? super Rejection, ? extends T> rejected,
            Function<? super Unknown, ? extends T> unknown);
}
