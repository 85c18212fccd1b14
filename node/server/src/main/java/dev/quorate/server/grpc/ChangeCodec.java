package dev.quorate.server.grpc;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.StagedChange;
import dev.quorate.proto.admin.v1.MemberStatus;
import dev.quorate.proto.admin.v1.MoveKind;
import org.jspecify.annotations.Nullable;

/** Changes of the ring as operators see them. Decoders throw {@link IllegalArgumentException} with words for a person. */
final class ChangeCodec {
    private static final double LEAST_WEIGHT = 0.001;
    private static final double MOST_WEIGHT = 1_000_000;

    private ChangeCodec() {}

    static MemberStatus status(NodeStatus status) {
        return switch (status) {
            case JOINING -> MemberStatus.MEMBER_STATUS_JOINING;
            case NORMAL -> MemberStatus.MEMBER_STATUS_NORMAL;
            case DRAINING -> MemberStatus.MEMBER_STATUS_DRAINING;
            case LEFT -> MemberStatus.MEMBER_STATUS_LEFT;
            case REMOVED -> MemberStatus.MEMBER_STATUS_REMOVED;
        };
    }

    static dev.quorate.proto.admin.v1.Move move(Move move) {
        return dev.quorate.proto.admin.v1.Move.newBuilder()
                .setId(move.id())
                .setAttempt(move.attempt())
                .setKind(kind(move.kind()))
                .setSlot(move.slot())
                .setPosition(move.position())
                .setFrom(move.from().toString())
                .setTo(move.to().toString())
                .build();
    }

    static MoveKind kind(Move.Kind kind) {
        return switch (kind) {
            case MOVE -> MoveKind.MOVE_KIND_MOVE;
            case RECOVER -> MoveKind.MOVE_KIND_RECOVER;
        };
    }

    static dev.quorate.proto.admin.v1.StagedChange staged(NodeId node, StagedChange change) {
        dev.quorate.proto.admin.v1.StagedChange.Builder message =
                dev.quorate.proto.admin.v1.StagedChange.newBuilder().setNode(node.toString());
        if (change instanceof StagedChange.Join) {
            message.setJoin(dev.quorate.proto.admin.v1.StagedChange.Join.getDefaultInstance());
        } else if (change instanceof StagedChange.Leave) {
            message.setLeave(dev.quorate.proto.admin.v1.StagedChange.Leave.getDefaultInstance());
        } else if (change instanceof StagedChange.Replace replace) {
            NodeId by = replace.by();
            message.setReplace(dev.quorate.proto.admin.v1.StagedChange.Replace.newBuilder()
                    .setBy(by == null ? "" : by.toString())
                    .setUnsafe(replace.unsafe()));
        } else if (change instanceof StagedChange.Weight weight) {
            message.setWeight(
                    dev.quorate.proto.admin.v1.StagedChange.Weight.newBuilder().setWeight(weight.weight()));
        } else if (change instanceof StagedChange.Relabel relabel) {
            message.setRelabel(dev.quorate.proto.admin.v1.StagedChange.Relabel.newBuilder()
                    .setDatacenter(relabel.datacenter())
                    .setRack(relabel.rack())
                    .setHost(relabel.host()));
        } else {
            throw new IllegalStateException("no encoding for " + change.getClass());
        }
        return message.build();
    }

    /** @param entry of the node, from which labels are taken that are left out; null if there is none */
    static StagedChange change(dev.quorate.proto.admin.v1.StagedChange message, @Nullable NodeEntry entry) {
        return switch (message.getChangeCase()) {
            case JOIN -> new StagedChange.Join();
            case LEAVE -> new StagedChange.Leave();
            case REPLACE ->
                new StagedChange.Replace(
                        message.getReplace().getBy().isEmpty()
                                ? null
                                : NodeId.parse(message.getReplace().getBy()),
                        message.getReplace().getUnsafe());
            case WEIGHT -> {
                double weight = message.getWeight().getWeight();
                if (!(weight >= LEAST_WEIGHT && weight <= MOST_WEIGHT)) {
                    throw new IllegalArgumentException("weight " + weight + " is not 0.001 to 1000000");
                }
                yield new StagedChange.Weight(weight);
            }
            case RELABEL -> {
                Member now = entry == null ? null : entry.placement();
                yield new StagedChange.Relabel(
                        label(message.getRelabel().getDatacenter(), now == null ? "" : now.datacenter()),
                        label(message.getRelabel().getRack(), now == null ? "" : now.rack()),
                        label(message.getRelabel().getHost(), now == null ? "" : now.host()));
            }
            case CHANGE_NOT_SET -> throw new IllegalArgumentException("it says nothing that this node knows");
        };
    }

    private static String label(String wanted, String now) {
        if (wanted.isEmpty()) {
            return now;
        }
        if (!wanted.matches("[A-Za-z0-9._-]{1,64}")) {
            throw new IllegalArgumentException("label '" + wanted + "' is not 1 to 64 of A-Z a-z 0-9 . _ -");
        }
        return wanted;
    }
}
