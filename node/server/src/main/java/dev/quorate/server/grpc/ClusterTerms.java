package dev.quorate.server.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Mode;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.replication.ReplicationConfig;
import dev.quorate.core.ring.RingCodec;
import dev.quorate.core.ring.RingState;
import dev.quorate.proto.peer.v1.BucketSettings;
import dev.quorate.proto.peer.v1.JoinResponse;
import dev.quorate.proto.peer.v1.ReplicationSettings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a member knows and a node that joins has to be told. A founding node has it from its configuration.
 *
 * @param node the member's own number
 * @param ring as it was when the node became a member; its disk may know a later one
 */
public record ClusterTerms(
        NodeId node,
        RingState ring,
        String clusterId,
        int clusterNumber,
        String clusterName,
        Bytes hashSeed,
        Bytes clusterKey,
        List<Bucket> buckets,
        ReplicationConfig replication) {
    public ClusterTerms {
        buckets = List.copyOf(buckets);
    }

    /** For another member of the same cluster. */
    ClusterTerms of(NodeId other, RingState now) {
        return new ClusterTerms(
                other, now, clusterId, clusterNumber, clusterName, hashSeed, clusterKey, buckets, replication);
    }

    /** For the disk. */
    public byte[] encode() {
        return message().toByteArray();
    }

    /** @throws IllegalArgumentException if these are not the bytes of {@link #encode} */
    public static ClusterTerms decode(byte[] bytes) {
        try {
            return of(JoinResponse.parseFrom(bytes));
        } catch (InvalidProtocolBufferException malformed) {
            throw new IllegalArgumentException(malformed.getMessage(), malformed);
        }
    }

    JoinResponse message() {
        JoinResponse.Builder message = JoinResponse.newBuilder()
                .setNode(node.number())
                .setRing(ProtoBytes.wrap(RingCodec.encode(ring)))
                .setClusterId(clusterId)
                .setClusterNumber(clusterNumber)
                .setClusterName(clusterName)
                .setHashSeed(ProtoBytes.wrap(hashSeed))
                .setClusterKey(ProtoBytes.wrap(clusterKey))
                .setReplication(ReplicationSettings.newBuilder()
                        .setTimeoutMillis(replication.defaultTimeout().toMillis())
                        .setMaxTimeoutMillis(replication.maxTimeout().toMillis())
                        .setHedgeAfterMillis(replication.hedgeAfter().toMillis())
                        .setHedgeBudget(replication.hedgeBudget())
                        .setCompareProbability(replication.compareProbability())
                        .setRepairsPerSecond(replication.repairsPerSecond())
                        .setStandInAfterMillis(replication.standInAfter().toMillis())
                        .setHintBytesPerOwner(replication.hintBytesPerOwner())
                        .setMaxRecordBytes(replication.maxRecordBytes())
                        .setMaxSiblings(replication.maxSiblings()));
        for (Bucket bucket : buckets) {
            message.addBuckets(BucketSettings.newBuilder()
                    .setName(bucket.name())
                    .setId(bucket.id())
                    .setN(bucket.n())
                    .setR(bucket.r())
                    .setW(bucket.w())
                    .setBlindWrites(written(bucket.blindWrites()))
                    .setReadMode(written(bucket.readMode()))
                    .setWriteMode(written(bucket.writeMode()))
                    .setReadRepair(written(bucket.readRepair())));
        }
        return message.build();
    }

    /** @throws IllegalArgumentException if no member says that */
    static ClusterTerms of(JoinResponse message) {
        List<Bucket> buckets = new ArrayList<>();
        for (BucketSettings bucket : message.getBucketsList()) {
            buckets.add(new Bucket(
                    bucket.getName(),
                    bucket.getId(),
                    bucket.getN(),
                    bucket.getR(),
                    bucket.getW(),
                    read(bucket.getBlindWrites(), Bucket.BlindWrites.class),
                    read(bucket.getReadMode(), Mode.class),
                    read(bucket.getWriteMode(), Mode.class),
                    read(bucket.getReadRepair(), Bucket.Repair.class)));
        }
        ReplicationSettings replication = message.getReplication();
        return new ClusterTerms(
                new NodeId(message.getNode()),
                RingCodec.decode(ProtoBytes.copyOf(message.getRing())),
                message.getClusterId(),
                message.getClusterNumber(),
                message.getClusterName(),
                ProtoBytes.copyOf(message.getHashSeed()),
                ProtoBytes.copyOf(message.getClusterKey()),
                buckets,
                new ReplicationConfig(
                        Duration.ofMillis(replication.getTimeoutMillis()),
                        Duration.ofMillis(replication.getMaxTimeoutMillis()),
                        Duration.ofMillis(replication.getHedgeAfterMillis()),
                        replication.getHedgeBudget(),
                        replication.getCompareProbability(),
                        replication.getRepairsPerSecond(),
                        Duration.ofMillis(replication.getStandInAfterMillis()),
                        replication.getHintBytesPerOwner(),
                        replication.getMaxRecordBytes(),
                        replication.getMaxSiblings()));
    }

    /** As the configuration writes it. */
    private static String written(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static <E extends Enum<E>> E read(String written, Class<E> type) {
        return Enum.valueOf(type, written.toUpperCase(Locale.ROOT).replace('-', '_'));
    }
}
