package dev.quorate.core.peer;

import dev.quorate.core.model.NodeId;

/** What a node says about a hand-over, or about itself, to whoever can have it agreed about. */
public sealed interface MoveReport {
    /** That attempt is through. */
    record Finished(int slot, long moveId, int attempt) implements MoveReport {}

    /** That attempt failed: the hand-over is to begin again. */
    record Again(int slot, long moveId, int attempt) implements MoveReport {}

    /** A draining node has nothing left. */
    record Left(NodeId node) implements MoveReport {}

    /** What became of it. */
    enum Verdict {
        /** It is agreed about. */
        DONE,
        /** That attempt is not under way, or not any more. */
        NOT_UNDER_WAY,
        /** The node still owns something, receives something, or votes. */
        NOT_DRAINED,
        /** Too many reports wait. Nothing was done. */
        OVERLOADED,
        /** Too few voters answered. Nothing was done. */
        NO_VOTER_MAJORITY,
        /** Too few voters answered, and it may be done all the same. */
        UNKNOWN
    }
}
