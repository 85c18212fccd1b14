package dev.quorate.server.grpc;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.proto.kv.v1.PipelineResponse;
import dev.quorate.proto.peer.v1.PeerGreeting;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Who this node is and what it must have in common with its peers. Nodes that differ in the table, the seed, the key or the buckets
 * would put data where the others do not look for it, so they part at the first message.
 *
 * @param digest of all that must be equal
 */
public record ClusterIdentity(String clusterId, NodeId self, LongSupplier boot, SlotTable table, long digest) {
    /** Raised by changes of the peer protocol that older nodes would misread. */
    static final int PROTOCOL_VERSION = 1;

    public static ClusterIdentity of(
            String clusterId,
            int clusterNumber,
            NodeId self,
            LongSupplier boot,
            SlotTable table,
            Bytes hashSeed,
            Bytes clusterKey,
            List<Bucket> buckets) {
        MessageDigest sha256 = sha256();
        sha256.update(ByteBuffer.allocate(12)
                .putInt(clusterNumber)
                .putLong(table.digest())
                .flip());
        sha256.update(hashSeed.unsafeArray());
        sha256.update(clusterKey.unsafeArray());
        for (Bucket bucket : buckets) {
            byte[] name = bucket.name().getBytes(StandardCharsets.UTF_8);
            ByteBuffer settings = ByteBuffer.allocate(20).putInt(name.length).putInt(bucket.id());
            settings.putInt(bucket.n()).putInt(bucket.r() << 16 | bucket.w());
            settings.putInt(bucket.blindWrites().name().hashCode());
            sha256.update(settings.flip());
            sha256.update(name);
        }
        long digest = ByteBuffer.wrap(sha256.digest()).getLong();
        return new ClusterIdentity(clusterId, self, boot, table, digest);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException everyJavaHasIt) {
            throw new IllegalStateException(everyJavaHasIt);
        }
    }

    PeerGreeting greetingTo(NodeId peer) {
        return PeerGreeting.newBuilder()
                .setClusterId(clusterId)
                .setNode(self.number())
                .setBoot(boot.getAsLong())
                .setTableDigest(digest)
                .setProtocolVersion(PROTOCOL_VERSION)
                .setExpectedNode(peer.number())
                .build();
    }

    PipelineResponse.Greeting pipelineGreeting() {
        return PipelineResponse.Greeting.newBuilder()
                .setNode(self.toString())
                .setBoot(boot.getAsLong())
                .setClusterId(clusterId)
                .setEpoch(table.epoch())
                .build();
    }

    /** What is wrong with a greeting, in words for the operators of both nodes; empty if it is welcome. */
    Optional<String> objectionTo(PeerGreeting greeting) {
        if (!greeting.getClusterId().equals(clusterId)) {
            return Optional.of("node " + self + " belongs to cluster " + clusterId + ", the other one to "
                    + quoted(greeting.getClusterId()) + ": check members and cluster.id");
        }
        if (greeting.getProtocolVersion() != PROTOCOL_VERSION) {
            return Optional.of(
                    "node " + self + " speaks version " + PROTOCOL_VERSION + " of the peer protocol, the other one "
                            + Integer.toUnsignedString(greeting.getProtocolVersion()) + ": run the same release");
        }
        if (greeting.getExpectedNode() != self.number()) {
            return Optional.of("this is node " + self + ", and the other one expects n"
                    + Integer.toUnsignedString(greeting.getExpectedNode())
                    + " here: check the members' peer addresses");
        }
        boolean member = greeting.getNode() > 0 && table.contains(new NodeId(greeting.getNode()));
        if (!member || greeting.getNode() == self.number()) {
            return Optional.of("n" + Integer.toUnsignedString(greeting.getNode())
                    + " is no other member of this cluster as node " + self + " knows it: check members");
        }
        if (greeting.getTableDigest() != digest) {
            return Optional.of("node " + self + " and n" + greeting.getNode()
                    + " differ in members, replicas, slots, hashSeed, clusterKey or buckets: give both the same");
        }
        return Optional.empty();
    }

    private static String quoted(String text) {
        return "'" + (text.length() > 40 ? text.substring(0, 40) + "..." : text) + "'";
    }
}
