package dev.quorate.core.peer;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.version.CausalContext;
import org.jspecify.annotations.Nullable;

/**
 * A put or delete to coordinate. Already checked against the bucket.
 *
 * @param value null deletes
 * @param seen what the client has read; null for a blind write, which the bucket's policy decides about
 * @param requestId names the client's write across its attempts; empty when the client gave none
 * @param attempt 1 for the first attempt
 */
public record WriteCommand(
        Key key,
        @Nullable Bytes value,
        @Nullable CausalContext seen,
        int w,
        int pw,
        boolean ifAbsent,
        boolean returnSiblings,
        Bytes requestId,
        int attempt,
        Mode mode) {
    public boolean isDelete() {
        return value == null;
    }
}
