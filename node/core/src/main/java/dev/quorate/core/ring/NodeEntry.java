package dev.quorate.core.ring;

import dev.quorate.core.model.NodeId;

/**
 * A node as the ring knows it. Entries of nodes that are gone stay, so that their numbers and disks are never taken for new ones.
 *
 * @param uuid of its data directory, so that a request to join that is repeated finds the number it was given; empty for founding members
 * @param clientAddress host and port where clients reach it
 * @param peerAddress host and port where other nodes reach it
 * @param adminAddress host and port of its administration
 */
public record NodeEntry(
        Member placement,
        String uuid,
        String clientAddress,
        String peerAddress,
        String adminAddress,
        NodeStatus status) {
    public NodeId id() {
        return placement.id();
    }

    public NodeEntry with(NodeStatus newStatus) {
        return new NodeEntry(placement, uuid, clientAddress, peerAddress, adminAddress, newStatus);
    }

    public NodeEntry with(Member newPlacement) {
        return new NodeEntry(newPlacement, uuid, clientAddress, peerAddress, adminAddress, status);
    }
}
