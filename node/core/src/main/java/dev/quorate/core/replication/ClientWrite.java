package dev.quorate.core.replication;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.peer.Mode;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A put or delete as a client asks for it, unchecked.
 *
 * @param value null deletes
 * @param contextToken as an earlier answer gave it; empty for a blind write
 * @param requestId at most {@link #MAX_REQUEST_ID} bytes; empty when the client gave none
 * @param attempt 0 or 1 for the first
 * @param mode null for the bucket's
 */
public record ClientWrite(
        String bucket,
        Bytes key,
        @Nullable Bytes value,
        Bytes contextToken,
        Consistency consistency,
        OptionalInt w,
        OptionalInt pw,
        boolean returnSiblings,
        boolean ifAbsent,
        Bytes requestId,
        int attempt,
        @Nullable Mode mode) {
    /** Bytes. */
    public static final int MAX_REQUEST_ID = 64;
}
