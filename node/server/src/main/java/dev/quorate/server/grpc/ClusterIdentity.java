package dev.quorate.server.grpc;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingState;
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
 * Who this node is and what it must have in common with its peers. Nodes that differ in the seed, the key or the buckets would put data
 * where the others do not look for it, so they part at the first message. Rings may differ, since they change one node after the other; but
 * not under the same version. Confined to the event loop.
 *
 * @param digest of all that must be equal
 */
public record ClusterIdentity(String clusterId, NodeId self, LongSupplier boot, CurrentRing ring, long digest) {
    /** Raised by changes of the peer protocol that older nodes would misread. */
    static final int PROTOCOL_VERSION = 2;

    /** Why a node's greeting is refused. */
    record Objection(Kind kind, String words) {
        /** What the other node may do about it. */
        enum Kind {
            /** The two do not belong together. */
            MISMATCH,
            /** The other one did, and does no longer. */
            GONE
        }
    }

    public static ClusterIdentity of(
            String clusterId,
            int clusterNumber,
            NodeId self,
            LongSupplier boot,
            CurrentRing ring,
            Bytes hashSeed,
            Bytes clusterKey,
            List<Bucket> buckets) {
        MessageDigest sha256 = sha256();
        sha256.update(ByteBuffer.allocate(4).putInt(clusterNumber).flip());
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
        return new ClusterIdentity(clusterId, self, boot, ring, digest);
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException everyJavaHasIt) {
            throw new IllegalStateException(everyJavaHasIt);
        }
    }

    /** Of the ring in use, as messages carry it. */
    long epoch() {
        return ring.state().version().packed();
    }

    PeerGreeting greetingTo(NodeId peer) {
        RingState state = ring.state();
        return PeerGreeting.newBuilder()
                .setClusterId(clusterId)
                .setNode(self.number())
                .setBoot(boot.getAsLong())
                .setSettingsDigest(digest)
                .setProtocolVersion(PROTOCOL_VERSION)
                .setExpectedNode(peer.number())
                .setRingVersion(state.version().packed())
                .setRingDigest(state.table().digest())
                .build();
    }

    PipelineResponse.Greeting pipelineGreeting() {
        return PipelineResponse.Greeting.newBuilder()
                .setNode(self.toString())
                .setBoot(boot.getAsLong())
                .setClusterId(clusterId)
                .setEpoch(epoch())
                .build();
    }

    /** What is wrong with a greeting, in words for the operators of both nodes; empty if it is welcome. */
    Optional<Objection> objectionTo(PeerGreeting greeting) {
        if (!greeting.getClusterId().equals(clusterId)) {
            return mismatch("node " + self + " belongs to cluster " + clusterId + ", the other one to "
                    + quoted(greeting.getClusterId()) + ": check members and cluster.id");
        }
        if (greeting.getProtocolVersion() != PROTOCOL_VERSION) {
            return mismatch(
                    "node " + self + " speaks version " + PROTOCOL_VERSION + " of the peer protocol, the other one "
                            + Integer.toUnsignedString(greeting.getProtocolVersion()) + ": run the same release");
        }
        if (greeting.getExpectedNode() != self.number()) {
            return mismatch("this is node " + self + ", and the other one expects n"
                    + Integer.toUnsignedString(greeting.getExpectedNode())
                    + " here: check the members' peer addresses");
        }
        if (greeting.getSettingsDigest() != digest) {
            return mismatch("node " + self + " and n" + Integer.toUnsignedString(greeting.getNode())
                    + " differ in cluster.number, hashSeed, clusterKey or buckets: give both the same");
        }
        return objectionToRing(greeting);
    }

    private Optional<Objection> objectionToRing(PeerGreeting greeting) {
        RingState state = ring.state();
        long own = state.version().packed();
        long theirs = greeting.getRingVersion();
        String other = "n" + Integer.toUnsignedString(greeting.getNode());
        if (greeting.getNode() <= 0 || greeting.getNode() == self.number()) {
            return mismatch(other + " is no other member of this cluster as node " + self + " knows it: check members");
        }
        NodeEntry entry = state.node(new NodeId(greeting.getNode()));
        if (entry != null && !entry.status().isActive()) {
            return Optional.of(new Objection(
                    Objection.Kind.GONE,
                    other + (entry.status() == NodeStatus.LEFT ? " has left" : " was removed from")
                            + " this cluster, says ring " + state.version() + " of node " + self
                            + ": stop it, or let it join with an empty directory"));
        }
        // Whoever knows a later ring may be in it; an earlier one is of no account.
        if (entry == null && Long.compareUnsigned(theirs, own) <= 0) {
            return mismatch(other + " is no other member of this cluster as node " + self + " knows it: check members");
        }
        if (theirs == own && greeting.getRingDigest() != state.table().digest()) {
            return mismatch(
                    "node " + self + " and " + other + " differ in members, replicas or slots, though both have ring "
                            + state.version() + ": give both the same");
        }
        return Optional.empty();
    }

    private static Optional<Objection> mismatch(String words) {
        return Optional.of(new Objection(Objection.Kind.MISMATCH, words));
    }

    private static String quoted(String text) {
        return "'" + (text.length() > 40 ? text.substring(0, 40) + "..." : text) + "'";
    }
}
