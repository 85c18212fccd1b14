package dev.quorate.sdk;

import com.google.protobuf.ByteString;
import dev.quorate.proto.kv.v1.Topology;
import dev.quorate.sdk.routing.KeySlots;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.awaitility.Awaitility;

/** Real gRPC servers on the loopback with the semantics of the store and none of its durability. Every node owns every slot. */
final class FakeCluster implements AutoCloseable {
    static final int LOG2_SLOTS = 6;

    static {
        Awaitility.setDefaultTimeout(Duration.ofSeconds(60));
    }

    final String clusterId;
    final byte[] hashSeed = "0123456789abcdef".getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    /** The members; tests change them, and the epoch after that. */
    final List<FakeNode> nodes = new CopyOnWriteArrayList<>();

    /** Left, and still answer whoever has not heard of it, as a node does that hands over to the new owners. */
    private final List<FakeNode> former = new CopyOnWriteArrayList<>();

    volatile boolean replicates = true;
    volatile int rowWidth;
    /** Of the bucket, in a row that may be wider. */
    volatile int bucketReplicas = 3;

    volatile long epoch = 1;

    FakeCluster(int size) {
        this(size, "cluster-a");
    }

    FakeCluster(int size, String clusterId) {
        this.clusterId = clusterId;
        this.rowWidth = size;
        for (int i = 1; i <= size; i++) {
            nodes.add(new FakeNode(this, "n" + i));
        }
        nodes.forEach(FakeNode::start);
    }

    /** Joins and holds what the others hold. */
    FakeNode add(String id) {
        FakeNode node = new FakeNode(this, id);
        node.start();
        // What is written from now on comes to it, and then what was written before.
        nodes.add(node);
        node.store.mergeAll(nodes.get(0).store);
        return node;
    }

    /** Owns nothing any more, and still runs. */
    void remove(FakeNode node) {
        former.add(node);
        nodes.remove(node);
    }

    /** As nodes do whose ring has changed. */
    void changeRing() {
        epoch++;
        nodes.forEach(FakeNode::tellEpoch);
        former.forEach(FakeNode::tellEpoch);
    }

    FakeNode node(String id) {
        return nodes.stream().filter(node -> node.id.equals(id)).findFirst().orElseThrow();
    }

    String seeds() {
        return String.join(",", nodes.stream().map(FakeNode::address).toList());
    }

    QuorateClient client() {
        return builder().build();
    }

    /** Patient, since a busy machine is not what is tested; tests of time limits set their own. */
    QuorateClient.Builder builder() {
        return QuorateClient.builder()
                .seeds(seeds())
                .requestTimeout(Duration.ofSeconds(20))
                .attemptTimeout(Duration.ofSeconds(10));
    }

    /** The first owner of a key. */
    FakeNode owner(String key) {
        long position = new KeySlots(hashSeed).position(1, key.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        return nodes.get(ownerIndex(KeySlots.slot(position, LOG2_SLOTS), 0));
    }

    private int ownerIndex(int slot, int place) {
        return (slot + place) % nodes.size();
    }

    Topology topology() {
        Topology.Builder topology = Topology.newBuilder()
                .setClusterId(clusterId)
                .setEpoch(epoch)
                .setLog2Slots(LOG2_SLOTS)
                .setHashSeed(ByteString.copyFrom(hashSeed))
                .setRowWidth(rowWidth)
                .addBuckets(Topology.Bucket.newBuilder()
                        .setName("default")
                        .setId(1)
                        .setN(bucketReplicas)
                        .setR(2)
                        .setW(2));
        for (FakeNode node : nodes) {
            topology.addNodes(Topology.Node.newBuilder().setId(node.id).setClientAddress(node.address()));
        }
        for (int slot = 0; slot < 1 << LOG2_SLOTS; slot++) {
            for (int place = 0; place < rowWidth; place++) {
                topology.addOwners(ownerIndex(slot, place));
            }
        }
        return topology.build();
    }

    void replicate(FakeNode from, FakeStore.ObjectKey key) {
        if (replicates) {
            for (List<FakeNode> holders : List.of(nodes, former)) {
                for (FakeNode node : holders) {
                    if (node != from) {
                        node.store.merge(key, from.store);
                    }
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        nodes.forEach(FakeNode::kill);
        former.forEach(FakeNode::kill);
    }
}
