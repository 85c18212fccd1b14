package dev.quorate.simulation;

/**
 * One thing that an operator does to the ring, decided before the run.
 *
 * @param number within the plan, for people
 * @param asked the machine whose node is asked for it
 * @param machine whom it is about
 * @param other who is to take a dead one's place, where that is one node
 * @param amount 0 to 1
 */
public record RingChange(int number, Kind kind, long atNanos, int asked, int machine, int other, double amount) {
    /** What is asked for. Whatever stages something also commits the plan that follows from all that is staged. */
    public enum Kind {
        /** A node that was admitted gets its share. */
        JOIN,
        /** A node gives up all it has. */
        LEAVE,
        /** A node that is down, or cut off, is taken out; others make its replicas again. */
        REPLACE,
        /** A node gets another share. */
        WEIGHT,
        /** All hand-overs that have not ended are given up. */
        CANCEL,
        /** Hand-overs stop for a while. */
        PAUSE,
        /** Every slot is cut in two. */
        SPLIT
    }
}
