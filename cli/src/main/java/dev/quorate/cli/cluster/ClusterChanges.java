package dev.quorate.cli.cluster;

import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.proto.admin.v1.ClearPlanRequest;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.CommitPlanRequest;
import dev.quorate.proto.admin.v1.CommitPlanResponse;
import dev.quorate.proto.admin.v1.GetClusterRequest;
import dev.quorate.proto.admin.v1.GetClusterResponse;
import dev.quorate.proto.admin.v1.GetPlanRequest;
import dev.quorate.proto.admin.v1.GetPlanResponse;
import dev.quorate.proto.admin.v1.Member;
import dev.quorate.proto.admin.v1.MemberStatus;
import dev.quorate.proto.admin.v1.StageChangeRequest;
import dev.quorate.proto.admin.v1.StageChangeResponse;
import dev.quorate.proto.admin.v1.StagedChange;
import java.util.Locale;

/** The calls that change a cluster, and words for what they change. */
public final class ClusterChanges {
    private static final String STATUS_PREFIX = "MEMBER_STATUS_";

    /** Hand-overs that end between a plan and its commit make it stale; so many times in a row they hardly do. */
    private static final int MOST_PLANS = 10;

    private ClusterChanges() {}

    public static GetClusterResponse cluster(AdminConnection admin) {
        return admin.call((channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                .withDeadline(deadline)
                .getCluster(GetClusterRequest.getDefaultInstance()));
    }

    public static StageChangeResponse stage(AdminConnection admin, StagedChange change) {
        StageChangeRequest request =
                StageChangeRequest.newBuilder().setChange(change).build();
        return admin.change((channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                .withDeadline(deadline)
                .stageChange(request));
    }

    /** @param node whose staged change is forgotten */
    public static void unstage(AdminConnection admin, String node) {
        ClearPlanRequest request = ClearPlanRequest.newBuilder().setNode(node).build();
        admin.change((channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                .withDeadline(deadline)
                .clearPlan(request));
    }

    /** @param explain a node whose moves are to be explained one by one; empty for none */
    public static GetPlanResponse plan(AdminConnection admin, String explain) {
        GetPlanRequest request = GetPlanRequest.newBuilder().setExplain(explain).build();
        return admin.call((channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                .withDeadline(deadline)
                .getPlan(request));
    }

    public static CommitPlanResponse commit(AdminConnection admin, String planId) {
        CommitPlanRequest request =
                CommitPlanRequest.newBuilder().setPlanId(planId).build();
        return admin.change((channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                .withDeadline(deadline)
                .commitPlan(request));
    }

    /** @param plan the one that was committed */
    public record Committed(GetPlanResponse plan, CommitPlanResponse answer) {}

    /** Commits a plan that was just made; when hand-overs that ended meanwhile have made it stale, the plan as it is then. */
    public static Committed commitCurrent(AdminConnection admin, GetPlanResponse made) {
        GetPlanResponse plan = made;
        for (int attempt = 1; ; attempt++) {
            try {
                return new Committed(plan, commit(admin, plan.getPlanId()));
            } catch (CommandFailure refused) {
                GetPlanResponse now = plan(admin, "");
                boolean stale = refused.exitCode() == ExitCode.PRECONDITION
                        && !now.getPlanId().isEmpty()
                        && !now.getPlanId().equals(plan.getPlanId());
                if (!stale || attempt == MOST_PLANS) {
                    throw refused;
                }
                plan = now;
            }
        }
    }

    /** In one line. */
    public static String summary(GetPlanResponse plan) {
        return "plan " + plan.getPlanId() + " of ring " + ring(plan.getRingVersion()) + ": "
                + plan.getMovesCount()
                + (plan.getMovesCount() == 1 ? " move" : " moves") + " (fewest possible " + plan.getFewestMoves() + ")"
                + (plan.getPinnedCount() == 0 ? "" : ", " + plan.getPinnedCount() + " under way go on")
                + (plan.getDroppedCount() == 0 ? "" : ", " + plan.getDroppedCount() + " are given up")
                + (plan.getBytesPerSlot() == 0 ? "" : ", " + bytes(plan.getBytes()))
                + (plan.getMillis() < 0 || plan.getBytesPerSlot() == 0 ? "" : ", about " + duration(plan.getMillis()))
                + "; furthest from what is due: " + percent(imbalance(plan, false)) + " now, "
                + percent(imbalance(plan, true)) + " afterwards";
    }

    /** Of the node that is furthest from the slots due to it, as a share of these. */
    static double imbalance(GetPlanResponse plan, boolean after) {
        double worst = 0;
        for (GetPlanResponse.Node node : plan.getNodesList()) {
            if (node.getSlotsDue() > 0) {
                int slots = after ? node.getSlotsAfter() : node.getSlotsBefore();
                worst = Math.max(worst, Math.abs(slots - node.getSlotsDue()) / (double) node.getSlotsDue());
            }
        }
        return worst;
    }

    private static String percent(double share) {
        return String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }

    /** In the words in which people speak of it. */
    static String words(StagedChange change) {
        return change.getNode() + " "
                + switch (change.getChangeCase()) {
                    case JOIN -> "joins";
                    case LEAVE -> "leaves";
                    case REPLACE ->
                        "is replaced by "
                                + (change.getReplace().getBy().isEmpty()
                                        ? "all others"
                                        : change.getReplace().getBy())
                                + (change.getReplace().getUnsafe() ? ", unsafely" : "");
                    case WEIGHT -> "gets weight " + decimal(change.getWeight().getWeight());
                    case RELABEL -> "moves to " + labels(change.getRelabel());
                    case CHANGE_NOT_SET -> "changes in a way that this kvctl does not know";
                };
    }

    private static String labels(StagedChange.Relabel labels) {
        return (label("datacenter", labels.getDatacenter())
                        + label("rack", labels.getRack())
                        + label("host", labels.getHost()))
                .strip();
    }

    private static String label(String name, String value) {
        return value.isEmpty() ? "" : name + " " + value + " ";
    }

    /** Whether it still has a part in the cluster. Nodes of an earlier release do not say, and have. */
    public static boolean takesPart(Member member) {
        return member.getStatus() != MemberStatus.MEMBER_STATUS_LEFT
                && member.getStatus() != MemberStatus.MEMBER_STATUS_REMOVED;
    }

    /** As the nodes call it. */
    static String words(MemberStatus status) {
        String name = status.name();
        return status == MemberStatus.MEMBER_STATUS_UNSPECIFIED || !name.startsWith(STATUS_PREFIX)
                ? "NORMAL"
                : name.substring(STATUS_PREFIX.length());
    }

    /** The ring version as people read it: {@code 17}, or {@code 1.17} after a recovery. */
    static String ring(long version) {
        long generation = version >>> 48;
        long epoch = version & (1L << 48) - 1;
        return generation == 0 ? Long.toString(epoch) : generation + "." + epoch;
    }

    static String decimal(double number) {
        String text = String.format(Locale.ROOT, "%.3f", number);
        return text.replaceFirst("\\.?0+$", "");
    }

    static String bytes(long bytes) {
        if (bytes < 1 << 10) {
            return bytes + " B";
        }
        double scaled = bytes;
        String unit = "B";
        for (String larger : new String[] {"KiB", "MiB", "GiB", "TiB"}) {
            if (scaled < 1024) {
                break;
            }
            scaled /= 1024;
            unit = larger;
        }
        return String.format(Locale.ROOT, scaled < 10 ? "%.1f %s" : "%.0f %s", scaled, unit);
    }

    /** {@code 42s}, {@code 3m10s}, {@code 2h5m}. */
    static String duration(long millis) {
        long seconds = (millis + 999) / 1000;
        return seconds >= 3600
                ? seconds / 3600 + "h" + seconds % 3600 / 60 + "m"
                : seconds >= 60 ? seconds / 60 + "m" + seconds % 60 + "s" : seconds + "s";
    }
}
