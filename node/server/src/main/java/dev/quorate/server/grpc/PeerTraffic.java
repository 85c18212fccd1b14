package dev.quorate.server.grpc;

import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.runtime.Metrics;

/**
 * Bytes of what peers ask and are answered, by what it is for: repair must show that it costs little when there is nothing to repair, and an
 * operator whose network is full wants to know of what. Counted by who is asked, so that the sum over all nodes counts everything once.
 */
record PeerTraffic(
        Metrics.Counter operations,
        Metrics.Counter hints,
        Metrics.Counter antiEntropy,
        Metrics.Counter membership,
        Metrics.Counter transfers,
        Metrics.Counter topology) {
    static PeerTraffic of(Metrics metrics) {
        return new PeerTraffic(
                metrics.counter(
                        "peer_operation_bytes_total",
                        "Bytes of requests of peers, and of the answers, that serve operations of clients"),
                metrics.counter(
                        "peer_hint_bytes_total",
                        "Bytes of requests of peers, and of the answers, that hand over hints"),
                metrics.counter(
                        "peer_anti_entropy_bytes_total",
                        "Bytes of requests of peers, and of the answers, that compare and repair replicas"),
                metrics.counter(
                        "peer_membership_bytes_total",
                        "Bytes of requests of peers, and of the answers, that gossip and probe"),
                metrics.counter(
                        "peer_transfer_bytes_total",
                        "Bytes of requests of peers, and of the answers, that hand slots over"),
                metrics.counter(
                        "peer_topology_bytes_total",
                        "Bytes of requests of peers, and of the answers, that agree about the ring and pass it on"));
    }

    Metrics.Counter counter(PeerRequest request) {
        boolean handsOver = request instanceof PeerRequest.MoveBegin
                || request instanceof PeerRequest.Replicate replicate && replicate.handover() != null
                || request instanceof PeerRequest.Read read && read.handover() != null;
        if (handsOver) {
            return transfers;
        }
        if (request instanceof PeerRequest.Replicate replicate) {
            return switch (replicate.cause()) {
                case CLIENT, READ_REPAIR -> operations;
                case HINT -> hints;
                case ANTI_ENTROPY -> antiEntropy;
            };
        }
        if (request instanceof PeerRequest.CompareRoots
                || request instanceof PeerRequest.CompareLeaves
                || request instanceof PeerRequest.SyncRange) {
            return antiEntropy;
        }
        if (request instanceof PeerRequest.AskHintCredits) {
            return hints;
        }
        if (request instanceof PeerRequest.OfTopology) {
            return topology;
        }
        boolean member = request instanceof PeerRequest.OfMembership || request instanceof PeerRequest.Ping;
        return member ? membership : operations;
    }
}
