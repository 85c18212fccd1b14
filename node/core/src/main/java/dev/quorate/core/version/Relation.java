package dev.quorate.core.version;

/** How one version of a key relates to another. */
public enum Relation {
    /** The same siblings. */
    EQUAL,
    /** The other has seen all of this one. */
    BEFORE,
    /** This one has seen all of the other. */
    AFTER,
    /** Each has something that the other has not seen. */
    CONCURRENT
}
