package dev.quorate.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc.ClusterServiceBlockingStub;
import dev.quorate.proto.admin.v1.CommitPlanRequest;
import dev.quorate.proto.admin.v1.GetClusterResponse;
import dev.quorate.proto.admin.v1.GetPlanRequest;
import dev.quorate.proto.admin.v1.GetPlanResponse;
import dev.quorate.proto.admin.v1.GetRingRequest;
import dev.quorate.proto.admin.v1.ListTransfersRequest;
import dev.quorate.proto.admin.v1.ListTransfersResponse;
import dev.quorate.proto.admin.v1.MemberStatus;
import dev.quorate.proto.admin.v1.StageChangeRequest;
import dev.quorate.proto.admin.v1.StagedChange;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Changes of a cluster as an operator makes them: staged, planned, looked at, committed, and waited for. */
final class Changes {
    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Duration POLL = Duration.ofMillis(100);

    private final String test;
    private final Cluster cluster;

    /**
     * Who owns what.
     *
     * @param rows owners of each slot
     */
    record Ring(List<Set<String>> rows) {
        SortedMap<String, Integer> slotsByNode() {
            SortedMap<String, Integer> slots = new TreeMap<>();
            rows.forEach(row -> row.forEach(node -> slots.merge(node, 1, Integer::sum)));
            return slots;
        }

        /** Places in rows that are another's now. */
        int movedSince(Ring before) {
            int moved = 0;
            for (int slot = 0; slot < rows.size(); slot++) {
                Set<String> fresh = new HashSet<>(rows.get(slot));
                fresh.removeAll(before.rows.get(slot));
                moved += fresh.size();
            }
            return moved;
        }

        /** No way from those numbers of slots to these takes fewer moves. */
        int fewestMovesSince(Ring before) {
            Map<String, Integer> had = before.slotsByNode();
            return slotsByNode().entrySet().stream()
                    .mapToInt(now -> Math.max(0, now.getValue() - had.getOrDefault(now.getKey(), 0)))
                    .sum();
        }
    }

    Changes(String test, Cluster cluster) {
        this.test = test;
        this.cluster = cluster;
    }

    static StagedChange leave(ClusterNode node) {
        return StagedChange.newBuilder()
                .setNode(node.id())
                .setLeave(StagedChange.Leave.getDefaultInstance())
                .build();
    }

    static StagedChange replace(ClusterNode node, ClusterNode by) {
        return StagedChange.newBuilder()
                .setNode(node.id())
                .setReplace(StagedChange.Replace.newBuilder().setBy(by.id()))
                .build();
    }

    static StagedChange weight(ClusterNode node, double weight) {
        return StagedChange.newBuilder()
                .setNode(node.id())
                .setWeight(StagedChange.Weight.newBuilder().setWeight(weight))
                .build();
    }

    static <A> A ask(ClusterNode node, Function<ClusterServiceBlockingStub, A> call) {
        return node.askAdmin(channel ->
                call.apply(ClusterServiceGrpc.newBlockingStub(channel).withDeadlineAfter(10, TimeUnit.SECONDS)));
    }

    static Ring ring(ClusterNode asked) {
        return new Ring(ask(asked, stub -> stub.getRing(GetRingRequest.getDefaultInstance())).getRowsList().stream()
                .map(row -> Set.copyOf(row.getOwnersList()))
                .toList());
    }

    static ListTransfersResponse transfers(ClusterNode asked) {
        return ask(asked, stub -> stub.listTransfers(ListTransfersRequest.getDefaultInstance()));
    }

    /** The plan of what is staged already, such as that nodes join, and of these. */
    GetPlanResponse plan(List<StagedChange> more) {
        for (StagedChange change : more) {
            ask(
                    asked(),
                    stub -> stub.stageChange(
                            StageChangeRequest.newBuilder().setChange(change).build()));
        }
        return ask(asked(), stub -> stub.getPlan(GetPlanRequest.getDefaultInstance()));
    }

    void commit(GetPlanResponse plan) {
        assertThat(plan.getPlanId()).as("a plan of what is staged").isNotEmpty();
        ask(
                asked(),
                stub -> stub.commitPlan(CommitPlanRequest.newBuilder()
                        .setPlanId(plan.getPlanId())
                        .build()));
    }

    /** Until no living node that belongs to the cluster knows of a move, or of a node that is about to leave. */
    Duration awaitDone(Duration patience) {
        long began = System.nanoTime();
        AtomicReference<String> left = new AtomicReference<>("nothing asked yet");
        try {
            await("nothing moves any more").atMost(patience).pollInterval(POLL).until(() -> {
                if (!isDone(asked())) {
                    left.set(asked().id() + ": " + transfers(asked()));
                    return false;
                }
                for (ClusterNode node : belonging()) {
                    if (!isDone(node)) {
                        left.set(node.id() + ": " + transfers(node));
                        return false;
                    }
                }
                return true;
            });
        } catch (org.awaitility.core.ConditionTimeoutException late) {
            throw new AssertionError(late.getMessage() + "\n" + left.get(), late);
        }
        return Duration.ofNanos(System.nanoTime() - began);
    }

    private static boolean isDone(ClusterNode node) {
        try {
            GetClusterResponse seen = node.cluster();
            return seen.getMoves() == 0
                    && seen.getMembersList().stream()
                            .noneMatch(member -> member.getStatus() == MemberStatus.MEMBER_STATUS_DRAINING
                                    || member.getStatus() == MemberStatus.MEMBER_STATUS_JOINING
                                    || member.hasStaged());
        } catch (StatusRuntimeException restarting) {
            return false;
        }
    }

    /** Stages, plans, commits, waits, tells the figures, and checks that no more moved than had to, and that all have their share. */
    void make(String what, Duration patience, List<StagedChange> changes) {
        ClusterNode asked = asked();
        Ring before = ring(asked);
        long bytesBefore = bytes();
        GetPlanResponse plan = plan(changes);
        commit(plan);
        Duration took = awaitDone(patience);
        Ring after = ring(asked);
        SortedMap<String, Double> due = due(asked, after.rows().size());
        int moved = after.movedSince(before);
        int fewest = after.fewestMovesSince(before);
        System.out.printf(
                "%s: %s: %d moves in %.1f s (plan: %d, estimated %.1f s and %,d bytes; fewest: %d by the plan, %d by the rings), "
                        + "%,d bytes sent, load and comparisons included; slots %s, due %s%n",
                test,
                what,
                moved,
                took.toMillis() / 1e3,
                plan.getMovesCount(),
                plan.getMillis() / 1e3,
                plan.getBytes(),
                plan.getFewestMoves(),
                fewest,
                bytes() - bytesBefore,
                after.slotsByNode(),
                due.entrySet().stream()
                        .map(node -> "%s=%.1f".formatted(node.getKey(), node.getValue()))
                        .toList());
        assertThat((double) moved).as("moves, of which %d are needed", fewest).isLessThanOrEqualTo(1.05 * fewest);
        assertThat(plan.getMovesCount()).as("moves that were planned").isEqualTo(moved);
        Map<String, Integer> slots = after.slotsByNode();
        assertThat(slots.keySet()).as("owners").isEqualTo(due.keySet());
        due.forEach((node, share) -> assertThat((double) slots.get(node))
                .as("slots of %s, whose share is %.1f", node, share)
                .isBetween(share - tolerance(share), share + tolerance(share)));
        await("all nodes know the same owners")
                .atMost(SOON)
                .pollInterval(POLL)
                .untilAsserted(() -> assertThat(living())
                        .allSatisfy(node -> assertThat(ring(node))
                                .as("ring of %s", node.id())
                                .isEqualTo(after)));
    }

    private static double tolerance(double share) {
        return Math.max(1, share * 0.02);
    }

    /** Shares by weight, where none can have more than one replica of each slot. */
    private SortedMap<String, Double> due(ClusterNode asked, int slots) {
        GetClusterResponse seen = asked.cluster();
        SortedMap<String, Double> weights = seen.getMembersList().stream()
                .filter(member -> member.getStatus() == MemberStatus.MEMBER_STATUS_NORMAL)
                .collect(Collectors.toMap(
                        member -> member.getId(), member -> member.getWeight(), (one, other) -> one, TreeMap::new));
        SortedMap<String, Double> due = new TreeMap<>();
        double left = (double) slots * seen.getReplicas();
        while (true) {
            double sum = weights.values().stream().mapToDouble(weight -> weight).sum();
            double share = left / sum;
            List<String> full = new ArrayList<>();
            weights.forEach((node, weight) -> {
                if (weight * share >= slots) {
                    full.add(node);
                }
            });
            if (full.isEmpty()) {
                weights.forEach((node, weight) -> due.put(node, weight * share));
                return due;
            }
            for (String node : full) {
                due.put(node, (double) slots);
                weights.remove(node);
                left -= slots;
            }
        }
    }

    /** What living nodes were sent and answered in hand-overs and comparisons. */
    private long bytes() {
        return living().stream().mapToLong(Changes::bytes).sum();
    }

    /** What this node was sent and answered in hand-overs and comparisons since it started. */
    static long bytes(ClusterNode node) {
        return (long) (node.metric("peer_transfer_bytes_total") + node.metric("peer_anti_entropy_bytes_total"));
    }

    private List<ClusterNode> living() {
        return cluster.nodes().stream().filter(ClusterNode::alive).toList();
    }

    /** Living nodes that have neither left nor been removed: those that have are told nothing any more. */
    private List<ClusterNode> belonging() {
        Set<String> members = asked().cluster().getMembersList().stream()
                .filter(member -> member.getStatus() == MemberStatus.MEMBER_STATUS_NORMAL
                        || member.getStatus() == MemberStatus.MEMBER_STATUS_JOINING
                        || member.getStatus() == MemberStatus.MEMBER_STATUS_DRAINING)
                .map(member -> member.getId())
                .collect(Collectors.toSet());
        return living().stream().filter(node -> members.contains(node.id())).toList();
    }

    private ClusterNode asked() {
        return cluster.node(1);
    }
}
