package dev.quorate.server.grpc;

import com.google.protobuf.ByteString;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Check;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.peer.KeyDigest;
import dev.quorate.core.peer.KeyedObject;
import dev.quorate.core.peer.LeafHash;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.SlotRoot;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.storage.LeafSums;
import dev.quorate.proto.peer.v1.CompareLeaves;
import dev.quorate.proto.peer.v1.CompareRoots;
import dev.quorate.proto.peer.v1.Leaves;
import dev.quorate.proto.peer.v1.LeavesCompared;
import dev.quorate.proto.peer.v1.RangeSynced;
import dev.quorate.proto.peer.v1.ReplicaRecord;
import dev.quorate.proto.peer.v1.RootsCompared;
import dev.quorate.proto.peer.v1.SyncRange;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The messages of an exchange between replicas: columns of numbers, which take a dozen bytes per slot, leaf or key. */
final class AntiEntropyCodec {
    private AntiEntropyCodec() {}

    static CompareRoots message(PeerRequest.CompareRoots request) {
        CompareRoots.Builder message = CompareRoots.newBuilder().setLog2Slots(request.log2Slots());
        for (SlotRoot root : request.roots()) {
            message.addSlots(root.slot()).addXors(root.xor()).addCounts(root.count());
        }
        return message.build();
    }

    static PeerRequest request(CompareRoots message) {
        int size = message.getSlotsCount();
        sameSize(size, message.getXorsCount());
        sameSize(size, message.getCountsCount());
        List<SlotRoot> roots = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            roots.add(new SlotRoot(slot(message.getSlots(i)), message.getXors(i), message.getCounts(i)));
        }
        return new PeerRequest.CompareRoots(message.getLog2Slots(), roots);
    }

    static CompareLeaves message(PeerRequest.CompareLeaves request) {
        return CompareLeaves.newBuilder()
                .setFirstLeaf(request.firstLeaf())
                .setEndLeaf(request.endLeaf())
                .setLeaves(leaves(request.leaves()))
                .build();
    }

    static PeerRequest request(CompareLeaves message) {
        int first = message.getFirstLeaf();
        int end = message.getEndLeaf();
        Check.argument(0 <= first && first <= end && end <= LeafSums.LEAVES, "leaves from %s to %s", first, end);
        return new PeerRequest.CompareLeaves(first, end, leaves(message.getLeaves()));
    }

    static SyncRange message(PeerRequest.SyncRange request) {
        SyncRange.Builder message = SyncRange.newBuilder()
                .setFirst(ProtoBytes.wrap(request.first().toBytes()))
                .setLast(ProtoBytes.wrap(request.last().toBytes()));
        ByteBuffer hashes = ByteBuffer.allocate(KeyHash.LENGTH * request.held().size());
        for (KeyDigest held : request.held()) {
            hashes.putLong(held.hash().high()).putLong(held.hash().low());
            message.addDigests(held.digest());
        }
        return message.setHeld(ByteString.copyFrom(hashes.flip())).build();
    }

    static PeerRequest request(SyncRange message) {
        List<KeyHash> hashes = hashes(message.getHeld());
        sameSize(hashes.size(), message.getDigestsCount());
        List<KeyDigest> held = new ArrayList<>(hashes.size());
        for (int i = 0; i < hashes.size(); i++) {
            held.add(new KeyDigest(hashes.get(i), message.getDigests(i)));
        }
        KeyHash first = hash(message.getFirst());
        KeyHash last = hash(message.getLast());
        Check.argument(first.compareTo(last) <= 0, "a range from %s to %s", first, last);
        return new PeerRequest.SyncRange(first, last, held);
    }

    static RootsCompared message(PeerReply.RootsCompared reply) {
        return RootsCompared.newBuilder().addAllDiffering(reply.differing()).build();
    }

    static PeerReply reply(RootsCompared message) {
        List<Integer> differing = new ArrayList<>(message.getDifferingCount());
        message.getDifferingList().forEach(slot -> differing.add(slot(slot)));
        return new PeerReply.RootsCompared(differing);
    }

    static LeavesCompared message(PeerReply.LeavesCompared reply) {
        return LeavesCompared.newBuilder()
                .setDiffering(leaves(reply.differing()))
                .build();
    }

    static PeerReply reply(LeavesCompared message) {
        return new PeerReply.LeavesCompared(leaves(message.getDiffering()));
    }

    static RangeSynced message(PeerReply.RangeSynced reply) {
        RangeSynced.Builder message = RangeSynced.newBuilder()
                .setCoveredTo(ProtoBytes.wrap(reply.coveredTo().toBytes()));
        for (KeyedObject record : reply.records()) {
            message.addRecords(ReplicaRecord.newBuilder()
                    .setKey(PeerCodec.key(record.key()))
                    .setObject(ProtoBytes.wrap(record.object().encoded())));
        }
        ByteBuffer wanted = ByteBuffer.allocate(KeyHash.LENGTH * reply.wanted().size());
        for (KeyHash hash : reply.wanted()) {
            wanted.putLong(hash.high()).putLong(hash.low());
        }
        return message.setWanted(ByteString.copyFrom(wanted.flip())).build();
    }

    static PeerReply reply(RangeSynced message) {
        List<KeyedObject> records = new ArrayList<>(message.getRecordsCount());
        for (ReplicaRecord record : message.getRecordsList()) {
            records.add(new KeyedObject(PeerCodec.key(record.getKey()), PeerCodec.object(record.getObject())));
        }
        return new PeerReply.RangeSynced(records, hashes(message.getWanted()), hash(message.getCoveredTo()));
    }

    private static Leaves leaves(List<LeafHash> leaves) {
        Leaves.Builder message = Leaves.newBuilder();
        for (LeafHash leaf : leaves) {
            message.addLeaves(leaf.leaf()).addXors(leaf.xor()).addCounts(leaf.count());
        }
        return message.build();
    }

    private static List<LeafHash> leaves(Leaves message) {
        int size = message.getLeavesCount();
        sameSize(size, message.getXorsCount());
        sameSize(size, message.getCountsCount());
        List<LeafHash> leaves = new ArrayList<>(size);
        int before = -1;
        for (int i = 0; i < size; i++) {
            int leaf = message.getLeaves(i);
            Check.argument(before < leaf && leaf < LeafSums.LEAVES, "leaf %s after leaf %s", leaf, before);
            leaves.add(new LeafHash(leaf, message.getXors(i), message.getCounts(i)));
            before = leaf;
        }
        return leaves;
    }

    private static List<KeyHash> hashes(ByteString bytes) {
        Check.argument(bytes.size() % KeyHash.LENGTH == 0, "key hashes in %s bytes", bytes.size());
        ByteBuffer buffer = bytes.asReadOnlyByteBuffer();
        List<KeyHash> hashes = new ArrayList<>(bytes.size() / KeyHash.LENGTH);
        while (buffer.hasRemaining()) {
            hashes.add(new KeyHash(buffer.getLong(), buffer.getLong()));
        }
        return hashes;
    }

    private static KeyHash hash(ByteString bytes) {
        return KeyHash.fromBytes(Bytes.owning(bytes.toByteArray()));
    }

    private static int slot(int slot) {
        Check.argument(0 <= slot && slot < 1 << SlotTable.MAX_LOG2_SLOTS, "slot %s", slot);
        return slot;
    }

    private static void sameSize(int expected, int actual) {
        Check.argument(expected == actual, "%s numbers for %s entries", actual, expected);
    }
}
