package dev.quorate.core.replication;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.peer.Mode;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A read as a client asks for it, unchecked. {@code r} overrides the level; {@code pr} counts owners among the answers.
 *
 * @param mode null for the bucket's
 */
public record ClientGet(
        String bucket,
        Bytes key,
        Consistency consistency,
        OptionalInt r,
        OptionalInt pr,
        @Nullable Mode mode) {}
