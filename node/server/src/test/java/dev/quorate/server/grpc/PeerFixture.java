package dev.quorate.server.grpc;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingState;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;

/** What tests of both ends of a peer stream need: two nodes that belong together. */
final class PeerFixture {
    static final NodeId N1 = new NodeId(1);
    static final NodeId N2 = new NodeId(2);
    static final String CLUSTER = "6c3f8a52-0000-4000-8000-00000000c0de";
    static final PeerRequest REQUEST = PeerRequest.Read.ofOwner(new Key(1, Bytes.utf8("k")), 1);

    private PeerFixture() {}

    static ClusterIdentity identity(NodeId self) {
        return identity(self, CLUSTER, (byte) 0);
    }

    static ClusterIdentity identity(NodeId self, String cluster, byte seed) {
        return identity(self, cluster, seed, new CurrentRing(ring(2)));
    }

    /** Of n1 and n2. */
    static RingState ring(int replicas) {
        return RingState.genesis(List.of(founder(N1, "h1"), founder(N2, "h2")), replicas, 4);
    }

    private static NodeEntry founder(NodeId id, String host) {
        Member placement = new Member(id, 1, "dc1", "r1", host);
        return new NodeEntry(placement, "", host + ":7400", host + ":7401", host + ":7402", NodeStatus.NORMAL);
    }

    static ClusterIdentity identity(NodeId self, String cluster, byte seed, CurrentRing ring) {
        byte[] hashSeed = new byte[16];
        hashSeed[0] = seed;
        return ClusterIdentity.of(
                cluster,
                1,
                self,
                () -> 0x1_0000_0001L,
                ring,
                Bytes.owning(hashSeed),
                Bytes.owning(new byte[16]),
                List.of(new Bucket("default", 1, 2, 2, 2, Bucket.BlindWrites.OVERWRITE_SEEN)));
    }

    /** What the transport tells its node. */
    static final class Told implements PeerEvents {
        record Reply(NodeId peer, long link, long operationId, PeerReply reply) {}

        record Lost(NodeId peer, long link) {}

        final LinkedBlockingQueue<Object> events = new LinkedBlockingQueue<>();
        final LinkedBlockingQueue<Long> ringVersions = new LinkedBlockingQueue<>();

        @Override
        public void onPeerReply(NodeId peer, long link, long operationId, PeerReply reply) {
            events.add(new Reply(peer, link, operationId, reply));
        }

        @Override
        public void onLinkLost(NodeId peer, long link) {
            events.add(new Lost(peer, link));
        }

        @Override
        public void onRingVersion(NodeId peer, long packedVersion) {
            ringVersions.add(packedVersion);
        }

        @Override
        public void onRefusedAsGone(NodeId peer, String words) {
            events.add(words);
        }
    }
}
