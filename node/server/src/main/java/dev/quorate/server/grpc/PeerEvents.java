package dev.quorate.server.grpc;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerReply;

/** What the transport tells the node. Called on the event loop. */
public interface PeerEvents {
    void onPeerReply(NodeId peer, long link, long operationId, PeerReply reply);

    void onLinkLost(NodeId peer, long link);

    /** The peer has greeted, and uses the ring of this version. */
    void onRingVersion(NodeId peer, long packedVersion);

    /** The peer knows a ring in which this node has no part any more. */
    void onRefusedAsGone(NodeId peer, String words);
}
