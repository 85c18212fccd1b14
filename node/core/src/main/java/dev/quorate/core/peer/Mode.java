package dev.quorate.core.peer;

/** Who counts towards the quorum of an operation. */
public enum Mode {
    /** Owners of the key and nobody else. */
    STRICT,
    /** Where an owner is not to be had, also a node that stands in for it and hands it the write later. */
    SLOPPY
}
