package dev.quorate.sdk.transport;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Why one attempt at one node has no answer, in this client's words.
 *
 * @param node the node's id, empty when it never said who it is
 * @param boot of the node when the request was sent, 0 when it was not
 * @param reason an ErrorReason without its prefix, empty unless the node gave one
 * @param details the node's numbers and names
 * @param retryAfterNanos the node's wish, 0 for none
 */
public record Failure(
        Kind kind,
        String node,
        String address,
        long boot,
        String reason,
        String text,
        Map<String, String> details,
        long retryAfterNanos,
        @Nullable Throwable cause) {
    /** What is known about the request. */
    public enum Kind {
        /** No connection came about: nothing was sent. */
        NOT_CONNECTED,
        /** The address answered as another cluster: nothing was sent. */
        WRONG_CLUSTER,
        /** The connection broke after the request had been sent. */
        LOST,
        /** The request was sent and no answer came in time. */
        SILENT,
        /** The node answered with an error. */
        ANSWERED
    }

    static Failure local(Kind kind, String node, String address, long boot, String text, @Nullable Throwable cause) {
        return new Failure(kind, node, address, boot, "", text, Map.of(), 0, cause);
    }
}
