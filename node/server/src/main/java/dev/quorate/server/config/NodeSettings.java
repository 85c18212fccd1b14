package dev.quorate.server.config;

import dev.quorate.core.handoff.HandoffConfig;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.replication.ReplicationConfig;
import dev.quorate.core.ring.Member;
import dev.quorate.server.lmdb.StorageConfig;
import java.util.List;
import java.util.Optional;

/**
 * All settings of a node, checked against each other.
 *
 * @param members ordered by id; every node of the cluster must be given the same ones
 * @param replicas wanted per slot; no more than there are hosts are given
 * @param hashSeed 16 bytes, the same on every node
 * @param clusterKey authenticates context tokens, the same on every node
 * @param insecure allows addresses that other machines can reach, though nothing is encrypted or authenticated yet
 */
public record NodeSettings(
        Cluster cluster,
        NodeId node,
        Listen listen,
        List<MemberSettings> members,
        int replicas,
        int log2Slots,
        Bytes hashSeed,
        Bytes clusterKey,
        List<Bucket> buckets,
        StorageConfig storage,
        ReplicationConfig replication,
        HandoffConfig handoff,
        Limits limits,
        Optional<Address> metricsListen,
        LogLevel logLevel,
        boolean insecure) {
    public NodeSettings {
        members = List.copyOf(members);
        buckets = List.copyOf(buckets);
    }

    /**
     * Which cluster this is.
     *
     * @param id a UUID; nodes of different clusters refuse each other
     * @param number unique among clusters that replicate to each other; part of every version
     */
    public record Cluster(String id, int number, String name) {}

    /** Where this node listens. */
    public record Listen(Address client, Address peer, Address admin) {}

    /** A node of the cluster, and where the others reach it. */
    public record MemberSettings(Member placement, Address client, Address peer, Address admin) {
        public NodeId id() {
            return placement.id();
        }
    }

    /**
     * Bounds on what clients and peers may make the node hold at one time.
     *
     * @param operations of clients in flight, over all connections
     * @param operationBytes of these, and as much again of calls of many operations, which hold what waits for its turn
     * @param pipelineOperations in flight on one stream
     * @param callsPerConnection concurrent calls on one client connection
     * @param peerQueueBytes waiting to be sent to one peer, and in work for one peer
     */
    public record Limits(
            int operations, long operationBytes, int pipelineOperations, int callsPerConnection, long peerQueueBytes) {}

    /** How much is logged. */
    public enum LogLevel {
        ERROR,
        WARN,
        INFO,
        DEBUG
    }

    public MemberSettings self() {
        return member(node);
    }

    /** The member of that id, which must be one. */
    public MemberSettings member(NodeId id) {
        for (MemberSettings member : members) {
            if (member.id().equals(id)) {
                return member;
            }
        }
        throw new IllegalArgumentException(id + " is not a member");
    }
}
