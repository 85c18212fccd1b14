package dev.quorate.core.transfer;

import dev.quorate.core.ring.Move;
import java.util.function.Consumer;

/**
 * Asks for a hand-over to be written into the ring. That a change was committed is learned from the ring, never from here: the answer only says
 * whether to ask again.
 */
public interface Flips {
    /** Nobody commits anything. */
    Flips NONE = new Flips() {
        @Override
        public void finish(Move move, Consumer<Outcome> done) {
            done.accept(Outcome.UNKNOWN);
        }

        @Override
        public void again(Move move, Consumer<Outcome> done) {
            done.accept(Outcome.UNKNOWN);
        }

        @Override
        public boolean mayBeForgotten() {
            return false;
        }
    };

    /** What became of a request. */
    enum Outcome {
        /** It is in the ring, which this node learns soon if it has not already. */
        COMMITTED,
        /** The move is not, or not in that attempt, in the ring any more. The ring that says so is on its way here. */
        STALE,
        /** Nobody knows. Asking again does no harm. */
        UNKNOWN
    }

    /** The receiver is to stand in the row, if the ring has the move in this very attempt. */
    void finish(Move move, Consumer<Outcome> done);

    /** The move is to begin again, under the next attempt, if the ring has it in this very attempt: what was asked for before is void then. */
    void again(Move move, Consumer<Outcome> done);

    /** Whether a former process of this node may have asked for something of which this one knows nothing, because its disk was lost. */
    boolean mayBeForgotten();
}
