package dev.quorate.sdk;

import dev.quorate.sdk.QuorateException.Reason;
import org.jspecify.annotations.Nullable;

/**
 * Refuses here what every node would refuse, and what is too large to be refused there: a message beyond gRPC's own limit ends the stream it
 * comes on, and with it the requests of everybody else. Below these bounds the nodes decide, as they know the configured limits.
 */
final class Sizes {
    /** Nodes take keys of up to 2 KiB. */
    private static final int KEY_BYTES = 64 << 10;

    /** Nodes can be configured to take records of up to 1 MiB. */
    private static final int VALUE_BYTES = 1 << 20;

    /** Nodes give out contexts of up to 8 KiB. */
    private static final int CONTEXT_BYTES = 64 << 10;

    private Sizes() {}

    static void checkKey(byte[] key) {
        check("key", key.length, KEY_BYTES, Reason.KEY_TOO_LARGE);
    }

    static void checkWrite(byte[] key, int valueBytes, @Nullable Context context) {
        checkKey(key);
        check("value", valueBytes, VALUE_BYTES, Reason.VALUE_TOO_LARGE);
        if (context != null) {
            check("context", context.raw().size(), CONTEXT_BYTES, Reason.CONTEXT_INVALID);
        }
    }

    private static void check(String what, int bytes, int limit, Reason reason) {
        if (bytes > limit) {
            throw QuorateException.local(
                    reason,
                    "the %s has %d bytes, more than any node takes (%d at most); nothing was sent"
                            .formatted(what, bytes, limit),
                    null);
        }
    }
}
