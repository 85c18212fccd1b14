package dev.quorate.core.peer;

import dev.quorate.core.model.NodeId;
import java.time.Duration;

/**
 * Carries requests to peers in batches over long-lived streams. Called on the event loop; calls back into {@link PeerCalls} on it.
 *
 * <p>A link is one life of one stream to a peer. Its number is never reused within the process.
 */
public interface PeerTransport {
    /** Returned by {@link #send} when nothing left this process and nothing will. */
    long NOT_SENT = 0;

    /** Whether a link to the peer is up and its greeting was accepted. */
    boolean reachable(NodeId peer);

    /** In words for people, why it is not reachable; empty when it is. */
    String unreachableBecause(NodeId peer);

    /**
     * Sends one request. Never blocks and never throws for a peer that is down.
     *
     * @param timeout time left, which travels with the request
     * @return the number of the link that carries it, or {@link #NOT_SENT}
     */
    long send(NodeId peer, long operationId, PeerRequest request, Duration timeout);
}
