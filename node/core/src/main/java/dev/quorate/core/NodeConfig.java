package dev.quorate.core;

import dev.quorate.core.antientropy.AntiEntropyConfig;
import dev.quorate.core.handoff.HandoffConfig;
import dev.quorate.core.membership.MembershipConfig;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Check;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.replication.ReplicationConfig;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.transfer.TransferConfig;
import java.util.List;

/**
 * What a node is told at its start, already checked.
 *
 * @param clusterNumber unique among clusters that replicate to each other; part of every dot
 * @param genesis the ring as this node knows it before it has read its disk: the first one ever, or what it was told when it joined
 * @param hashSeed 16 bytes, the same on every node
 * @param clusterKey authenticates context tokens, the same on every node
 */
public record NodeConfig(
        NodeId self,
        int clusterNumber,
        RingState genesis,
        Bytes hashSeed,
        Bytes clusterKey,
        List<Bucket> buckets,
        ReplicationConfig replication,
        MembershipConfig membership,
        AntiEntropyConfig antiEntropy,
        HandoffConfig handoff,
        TransferConfig transfer) {
    /** With the defaults for hand-overs. */
    public NodeConfig(
            NodeId self,
            int clusterNumber,
            RingState genesis,
            Bytes hashSeed,
            Bytes clusterKey,
            List<Bucket> buckets,
            ReplicationConfig replication,
            MembershipConfig membership,
            AntiEntropyConfig antiEntropy,
            HandoffConfig handoff) {
        this(
                self,
                clusterNumber,
                genesis,
                hashSeed,
                clusterKey,
                buckets,
                replication,
                membership,
                antiEntropy,
                handoff,
                TransferConfig.DEFAULTS);
    }

    public NodeConfig {
        Check.argument(hashSeed.length() == 16, "the hash seed has %d bytes, not 16", hashSeed.length());
        Check.argument(clusterKey.length() >= 16, "the cluster key has %d bytes, fewer than 16", clusterKey.length());
        for (Bucket bucket : buckets) {
            Check.argument(
                    bucket.n() <= genesis.table().width(),
                    "bucket '%s' wants %d replicas, the slot table has rows of %d",
                    bucket.name(),
                    bucket.n(),
                    genesis.table().width());
        }
    }
}
