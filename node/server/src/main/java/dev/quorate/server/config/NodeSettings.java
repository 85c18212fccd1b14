package dev.quorate.server.config;

import dev.quorate.core.handoff.HandoffConfig;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.replication.ReplicationConfig;
import dev.quorate.core.ring.Member;
import dev.quorate.core.transfer.TransferConfig;
import dev.quorate.server.lmdb.StorageConfig;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * All settings of a node, checked against each other.
 *
 * @param joinToken what nodes that want to join have to know; without one, nobody is admitted by this node
 * @param insecure allows addresses that other machines can reach, though nothing is encrypted or authenticated yet
 */
public record NodeSettings(
        Origin origin,
        Listen listen,
        Optional<String> joinToken,
        StorageConfig storage,
        ReplicationConfig replication,
        HandoffConfig handoff,
        TransferConfig transfer,
        Limits limits,
        Optional<Address> metricsListen,
        LogLevel logLevel,
        boolean insecure) {
    /** How the node came to be a member of its cluster. */
    public sealed interface Origin {
        <T> T match(Function<? super Founding, ? extends T> founding, Function<? super Joining, ? extends T> joining);
    }

    /**
     * It is one of those with which the cluster begins. All of them compute the first ring alike; from then on the ring says who the members
     * are, and the configuration only where this node finds them.
     *
     * @param members ordered by id; every founding node must be given the same ones
     * @param replicas wanted per slot; no more than there are hosts are given
     * @param hashSeed 16 bytes, the same on every node
     * @param clusterKey authenticates context tokens, the same on every node
     */
    public record Founding(
            Cluster cluster,
            NodeId node,
            List<MemberSettings> members,
            int replicas,
            int log2Slots,
            Bytes hashSeed,
            Bytes clusterKey,
            List<Bucket> buckets)
            implements Origin {
        public Founding {
            members = List.copyOf(members);
            buckets = List.copyOf(buckets);
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

        @Override
        public <T> T match(
                Function<? super Founding, ? extends T> founding, Function<? super Joining, ? extends T> joining) {
            return founding.apply(this);
        }
    }

    /**
     * It asks members to admit it, and is told by them what all have in common.
     *
     * @param seeds peer addresses of members
     * @param token proves that it may join
     * @param client where clients reach it; the other addresses likewise
     * @param ownReplication whether the file says how to replicate; else the cluster does
     */
    public record Joining(
            List<Address> seeds,
            String token,
            double weight,
            String datacenter,
            String rack,
            String host,
            Address client,
            Address peer,
            Address admin,
            boolean ownReplication)
            implements Origin {
        public Joining {
            seeds = List.copyOf(seeds);
        }

        @Override
        public <T> T match(
                Function<? super Founding, ? extends T> founding, Function<? super Joining, ? extends T> joining) {
            return joining.apply(this);
        }
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

    /**
     * A founding node of the cluster.
     *
     * @param peer where other nodes reach it
     * @param via where this node reaches it, if that is elsewhere, such as a proxy
     */
    public record MemberSettings(Member placement, Address client, Address peer, Address admin, Optional<Address> via) {
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

    /** For logs, before a node that joins has been given its number too. */
    public String label() {
        return origin.match(founding -> founding.node().toString(), joining -> "joining");
    }

    /** Of a founding node, which this must be. */
    public Founding founding() {
        return origin.match(founding -> founding, joining -> {
            throw new IllegalStateException("a node that joins is told this by the cluster");
        });
    }

    /** With the cluster's replication in place of this. */
    public NodeSettings with(ReplicationConfig clusterReplication) {
        return new NodeSettings(
                origin,
                listen,
                joinToken,
                storage,
                clusterReplication,
                handoff,
                transfer,
                limits,
                metricsListen,
                logLevel,
                insecure);
    }
}
