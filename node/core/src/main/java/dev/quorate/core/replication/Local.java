package dev.quorate.core.replication;

import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.KeyHasher;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.RandomSource;
import dev.quorate.core.storage.ReplicaTable;
import dev.quorate.core.storage.Storage;
import java.util.List;
import java.util.SortedMap;
import java.util.function.IntPredicate;

/**
 * What the parts of replication on one node share. Confined to the event loop.
 *
 * @param unfenced slots of which this node may acknowledge nothing yet (rules.md A18)
 * @param recovering slots of which this node may have lost what it acknowledged
 */
public record Local(
        NodeId self,
        CurrentRing ring,
        RingUpdates ringUpdates,
        Handovers handovers,
        KeyHasher hasher,
        SortedMap<Integer, Bucket> bucketsById,
        ReplicationConfig config,
        SafetyRules rules,
        ReplicaTable replicas,
        IntPredicate recovering,
        IntPredicate unfenced,
        Storage storage,
        PeerCalls peers,
        Clock clock,
        EventLoop loop,
        DeadlineWheel wheel,
        RandomSource random,
        Metrics metrics) {
    SlotTable table() {
        return ring.table();
    }

    /** Whether this node owns the slot or is being made an owner: what it holds of it stays, and is not what a purge has left. */
    public boolean mayOwn(int slot) {
        return ring.table().owns(self, slot) || handovers.receives(slot);
    }

    int slot(KeyHash hash) {
        return hash.slot(ring.table().log2Slots());
    }

    /** Under which this node asks the owners of a key now. */
    long rowEpoch(KeyHash hash) {
        return ring.state().rowEpoch(slot(hash));
    }

    /** Whether this node may hold something of the slot in an owner's stead. Who joins, leaves or has not cleared it away yet may not. */
    boolean mayStandIn(KeyHash hash) {
        NodeEntry entry = ring.state().node(self);
        return entry != null && entry.status() == NodeStatus.NORMAL && !handovers.mustNotStandIn(slot(hash));
    }

    /** The owners of a key, in preference order. Empty for a bucket that this node does not know. */
    public List<NodeId> owners(Key key, KeyHash hash) {
        Bucket bucket = bucketsById.get(key.bucketId());
        if (bucket == null) {
            return List.of();
        }
        List<NodeId> row = ring.table().owners(slot(hash));
        return bucket.n() == row.size() ? row : row.subList(0, bucket.n());
    }

    boolean reachable(NodeId node) {
        return node.equals(self) || peers.reachable(node);
    }

    /** Seconds since 2020, as contexts keep them: within their range however wrong the wall clock is. */
    int nowSeconds() {
        long seconds = clock.wallMillis() / 1000 - 1_577_836_800L;
        return (int) Math.max(0, Math.min(seconds, Integer.MAX_VALUE));
    }
}
