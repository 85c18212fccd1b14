package dev.quorate.sdk;

/** Who counts towards R or W. */
public enum Mode {
    /** The bucket's own: sloppy writes and strict reads unless configured otherwise. */
    DEFAULT,
    /** Owners of the key and nobody else: what R + W &gt; N promises holds among strict operations. */
    STRICT,
    /** Where an owner cannot be had, also a node that stands in for it and hands it the write later. */
    SLOPPY
}
