package dev.quorate.core.replication;

import dev.quorate.core.model.Bytes;
import java.util.OptionalInt;

/** A read as a client asks for it, unchecked. {@code r} overrides the level; {@code pr} counts owners among the answers. */
public record ClientGet(String bucket, Bytes key, Consistency consistency, OptionalInt r, OptionalInt pr) {}
