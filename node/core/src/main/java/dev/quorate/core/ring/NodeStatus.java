package dev.quorate.core.ring;

/** What part a node has in the ring. */
public enum NodeStatus {
    /** Admitted, and owns nothing before a plan that gives it slots is committed. */
    JOINING,
    /** Owns slots, or may. */
    NORMAL,
    /** On its way out: gives its slots to others, gets none, stands in for nobody. */
    DRAINING,
    /** Has given away all it had. Its number is never used again. */
    LEFT,
    /** Was taken out without its cooperation, and is refused if it comes back. Its number is never used again. */
    REMOVED;

    /** Whether the others gossip with it and take its requests. */
    public boolean isActive() {
        return this != LEFT && this != REMOVED;
    }

    /** Whether it may have slots. */
    public boolean mayOwn() {
        return this == NORMAL || this == DRAINING;
    }
}
