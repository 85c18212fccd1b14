package dev.quorate.simulation;

/**
 * One fault, decided before the run.
 *
 * @param number within the plan, for people
 * @param durationNanos how long it lasts, or how long the machine stays down
 * @param machine the victim
 * @param other the other end, where there is one
 * @param side a bit per machine: who is on the victim's side of a partition
 * @param intensity 0 to 1
 * @param pick for choices that are made when it strikes
 */
public record Fault(
        int number,
        Kind kind,
        long atNanos,
        long durationNanos,
        int machine,
        int other,
        int side,
        double intensity,
        int pick) {
    /** Faults. All end when the cluster is healed. */
    public enum Kind {
        /** The process ends; its machine and disk go on. */
        CRASH,
        /** The node drains, stops in good order and starts again. */
        GRACEFUL_RESTART,
        /** The machine loses power while its log holds batches that are not synced: waits for that moment. */
        POWER_LOSS,
        /** The coordinator crashes the moment it has the acknowledgements that a write needs. */
        COORDINATOR_CRASH,
        /** The process is stopped as by SIGSTOP, then goes on. */
        PAUSE,
        /** Two sides do not hear each other. */
        PARTITION,
        /** One side is not heard by the other, but hears it. */
        ONE_WAY_PARTITION,
        /** Links break once. */
        LINK_BREAK,
        /** A request is carried out, and its link breaks before the answer. */
        APPLIED_BUT_REPORTED_FAILED,
        /** Messages get lost. */
        LOSS,
        /** Messages come twice, the second up to 0.4 s later. */
        DUPLICATION,
        /** Messages of some links take many times as long, and overtake each other. */
        DELAY,
        /** A disk syncs and reads many times more slowly. */
        SLOW_DISK,
        /** A node refuses writes as overloaded or full. */
        WRITES_REFUSED,
        /** A log cannot be synced: outcomes are unknown and the process ends. */
        LOG_FAILURE,
        /** Reads of one record return flipped bits. */
        DAMAGED_RECORD,
        /** The wall clock jumps. */
        CLOCK_JUMP,
        /** Clients cannot reach a node, or do not hear from it. */
        CLIENT_CUT,
        /** A restarted machine finds the identity file of its last start, for instance from a restored image (rules.md A2). */
        IDENTITY_ROLLED_BACK,
        /** Two sides that hear each other only through one machine, which hears all. */
        BRIDGE_PARTITION,
        /** Each machine hears only its neighbours on a ring; every other time only the one before it. */
        RING_PARTITION,
        /** A machine is cut off and heard again, over and over. */
        FLAPPING,
        /** Machines are cut off one after the other, and come back in another order. */
        SWIZZLE_CLOG,
        /** A crashed machine starts on an image of its disk that was taken earlier, identity file and all. */
        RESTORED_IMAGE,
        /** A machine's disk is cloned; from then on its starts alternate between the two, each going on where it stopped. */
        SWAPPED_DISKS,
        /** A machine starts on an empty disk. */
        WIPED_DISK
    }
}
