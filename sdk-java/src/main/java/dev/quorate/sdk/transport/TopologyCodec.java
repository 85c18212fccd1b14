package dev.quorate.sdk.transport;

import dev.quorate.proto.kv.v1.Topology;
import dev.quorate.sdk.routing.KeySlots;
import dev.quorate.sdk.routing.Ring;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads the topology message. */
final class TopologyCodec {
    private TopologyCodec() {}

    /** Throws IllegalArgumentException for a table that contradicts itself. */
    static Ring toRing(Topology topology) {
        List<Ring.Member> members = topology.getNodesList().stream()
                .map(node -> new Ring.Member(node.getId(), node.getClientAddress()))
                .toList();
        Map<String, Ring.Bucket> buckets = new HashMap<>();
        for (Topology.Bucket bucket : topology.getBucketsList()) {
            // A cluster with fewer hosts than the bucket wants replicas has rows as wide as it can.
            int owners = Math.min(bucket.getN(), topology.getRowWidth());
            buckets.put(bucket.getName(), new Ring.Bucket(bucket.getId(), owners));
        }
        return new Ring(
                topology.getClusterId(),
                topology.getEpoch(),
                topology.getLog2Slots(),
                new KeySlots(topology.getHashSeed().toByteArray()),
                members,
                topology.getOwnersList().stream().mapToInt(Integer::intValue).toArray(),
                topology.getRowWidth(),
                buckets);
    }
}
