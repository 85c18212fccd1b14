package dev.quorate.core.ring;

import dev.quorate.core.model.Bytes;

/**
 * What leads from one state of the ring to a later one: a few rows, nodes and moves instead of all of them. See {@link RingCodec}.
 *
 * @param base the state it can be applied to
 * @param version the state that comes of it
 */
public record RingDelta(RingVersion base, RingVersion version, Bytes changes) {}
