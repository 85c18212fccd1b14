package dev.quorate.server.grpc;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.topology.RingPlan;
import dev.quorate.proto.admin.v1.GetPlanResponse;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A plan as operators look at it. */
final class PlanCodec {
    private PlanCodec() {}

    /** @throws IllegalArgumentException if no plan is called that */
    static long planId(String text) {
        if (!text.matches("[0-9a-f]{16}")) {
            throw new IllegalArgumentException("'" + text + "' is no plan: GetPlan names it");
        }
        return Long.parseUnsignedLong(text, 16);
    }

    static GetPlanResponse response(RingPlan plan, RingState ring, long bytesPerSlot, @Nullable NodeId explain) {
        GetPlanResponse.Builder response = GetPlanResponse.newBuilder()
                .setPlanId("%016x".formatted(plan.planId()))
                .setRingVersion(plan.basedOn().packed())
                .setFewestMoves(fewestMoves(plan))
                .setBytesPerSlot(bytesPerSlot)
                .setBytes(plan.bytes())
                .setMillis(bytesPerSlot == 0 ? -1 : plan.estimated().toMillis());
        ring.staged().forEach((node, change) -> response.addChanges(ChangeCodec.staged(node, change)));
        for (RingPlan.NodeShare share : plan.nodes()) {
            response.addNodes(GetPlanResponse.Node.newBuilder()
                    .setId(share.node().toString())
                    .setStatusBefore(ChangeCodec.status(share.before()))
                    .setStatusAfter(ChangeCodec.status(share.after()))
                    .setWeight(share.weight())
                    .setSlotsBefore(share.slotsBefore())
                    .setSlotsAfter(share.slotsAfter())
                    .setSlotsDue(share.target())
                    .setSlotsIn(share.gets())
                    .setSlotsOut(share.gives())
                    .setBytesBefore(share.bytesBefore())
                    .setBytesAfter(share.bytesAfter())
                    .setPeakBytes(share.peakBytes())
                    .setBecause(share.because()));
        }
        for (RingPlan.Traffic traffic : plan.traffic()) {
            response.addFlows(GetPlanResponse.Flow.newBuilder()
                    .setFrom(traffic.from().toString())
                    .setTo(traffic.to().toString())
                    .setSlots(traffic.slots())
                    .setBytes(traffic.bytes()));
        }
        for (RingPlan.PlannedMove move : plan.moves()) {
            response.addMoves(dev.quorate.proto.admin.v1.Move.newBuilder()
                    .setKind(ChangeCodec.kind(move.kind()))
                    .setSlot(move.slot())
                    .setPosition(move.position())
                    .setFrom(move.from().toString())
                    .setTo(move.to().toString()));
        }
        plan.pinned().forEach(move -> response.addPinned(ChangeCodec.move(move)));
        plan.dropped().forEach(move -> response.addDropped(ChangeCodec.move(move)));
        plan.warnings().forEach(warning -> response.addWarnings(words(warning)));
        if (explain != null) {
            explain(plan, explain, response);
        }
        return response.build();
    }

    /** Whoever has fewer slots than in the end has to get the difference, and each move brings one. */
    private static int fewestMoves(RingPlan plan) {
        int fewest = 0;
        for (RingPlan.NodeShare share : plan.nodes()) {
            fewest += Math.max(0, share.target() - share.slotsBefore());
        }
        return fewest;
    }

    private static void explain(RingPlan plan, NodeId node, GetPlanResponse.Builder response) {
        SortedMap<NodeId, RingPlan.NodeShare> shares = new TreeMap<>();
        plan.nodes().forEach(share -> shares.put(share.node(), share));
        RingPlan.NodeShare own = shares.get(node);
        if (own == null) {
            response.addExplanation("There is no node " + node + ".");
            return;
        }
        response.addExplanation(
                node + ", weight " + own.weight() + ": " + own.slotsBefore() + " slots now, " + own.target()
                        + " due by weights, racks and hosts, " + own.slotsAfter() + " after the plan"
                        + (own.because().isEmpty() ? "." : ": " + own.because() + "."));
        for (RingPlan.PlannedMove move : plan.moves()) {
            if (move.from().equals(node) || move.to().equals(node)) {
                response.addExplanation("slot " + move.slot() + ", place " + move.position() + ": "
                        + (move.kind() == Move.Kind.MOVE
                                ? move.from() + had(shares.get(move.from())) + " hands it to " + move.to()
                                        + had(shares.get(move.to()))
                                : move.to() + had(shares.get(move.to())) + " takes the place of " + move.from()
                                        + ", and gets it from the other owners "
                                        + ring(plan, move)));
            }
        }
    }

    private static String ring(RingPlan plan, RingPlan.PlannedMove move) {
        return plan.table().owners(move.slot()).stream()
                .filter(owner -> !owner.equals(move.to()))
                .toList()
                .toString();
    }

    private static String had(RingPlan.@Nullable NodeShare share) {
        return share == null ? "" : " (" + share.slotsBefore() + " slots, " + share.target() + " due)";
    }

    private static String words(RingPlan.Warning warning) {
        String what = switch (warning.kind()) {
            case FEWER_OWNERS_THAN_WANTED -> "slots have fewer owners than wanted, because there are fewer hosts";
            case RACKS_SHARED -> "more than an even share of a slot's owners stand in one rack";
            case RACKS_UNEVEN ->
                "racks are of unequal size, so that nodes of small racks hold more than their weight says";
            case SHARE_OFF_WEIGHT -> "a node would hold noticeably more or less than its weight says";
            case TOO_FEW_SURVIVORS ->
                "too few other owners are left of a dead node's slots to be sure that no acknowledged write is missed: commit"
                        + " refuses, unless the replacement is staged as unsafe";
            case UNSAFE_RECOVERY -> "acknowledged writes that only the dead node held are lost";
            case MOVES_DROPPED -> "moves under way are given up; what they copied is copied again or dropped";
            case PAUSED -> "transfers are paused: nothing moves before kvctl cluster resume";
            case FEW_SLOTS_PER_NODE -> "nodes own so few slots that one more or less is felt: see kvctl cluster split";
        };
        return what
                + (warning.details().isEmpty()
                        ? ""
                        : " ("
                                + String.join(
                                        ", ",
                                        warning.details().entrySet().stream()
                                                .map(detail -> detail.getKey() + " " + detail.getValue())
                                                .toList())
                                + ")");
    }
}
