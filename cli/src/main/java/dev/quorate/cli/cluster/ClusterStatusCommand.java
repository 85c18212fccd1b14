package dev.quorate.cli.cluster;

import com.google.gson.JsonObject;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.Json;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.cli.terminal.Table;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.GetClusterRequest;
import dev.quorate.proto.admin.v1.GetClusterResponse;
import dev.quorate.proto.admin.v1.GetNodeStatusRequest;
import dev.quorate.proto.admin.v1.GetNodeStatusResponse;
import dev.quorate.proto.admin.v1.Member;
import dev.quorate.proto.admin.v1.MemberVerdict;
import dev.quorate.proto.admin.v1.NodeServiceGrpc;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Members and how they are: one node's list, and each member's own word where it answers. */
@Command(
        name = "status",
        description = "Members, how they are, and what each of them thinks of the others.",
        footer = {"", "Exits with 5 when a member cannot be reached."})
public final class ClusterStatusCommand extends KvctlCommand {
    private static final String VERDICT_PREFIX = "MEMBER_VERDICT_";

    /** In a larger cluster only what is wrong is listed, unless asked for. */
    private static final int VIEWS_SHOWN = 25;

    @Option(names = "--views", description = "List what every member thinks of every other, also where all is well.")
    private boolean allViews;

    @Option(names = "--all", description = "List nodes that have left or were removed, too.")
    private boolean allMembers;

    /**
     * @param status null when the member did not answer, and {@code problem} says why
     * @param views what it thinks of the others; empty when it did not answer
     */
    private record MemberStatus(
            Member member, @Nullable GetNodeStatusResponse status, List<Member> views, String problem) {
        boolean up() {
            return !takesPart() || (status != null && problem.isEmpty());
        }

        boolean takesPart() {
            return ClusterChanges.takesPart(member);
        }

        /** How it is, and its part in the ring where that is not the usual one. */
        String state() {
            String part = ClusterChanges.words(member.getStatus());
            if (!takesPart()) {
                return part;
            }
            String state = status == null ? "UNREACHABLE" : status.getState();
            return part.equals("NORMAL") ? state : state + ", " + part;
        }
    }

    @Override
    protected ExitCode run() {
        GetClusterResponse cluster;
        List<MemberStatus> members = new ArrayList<>();
        try (AdminConnection admin = AdminConnection.of(options())) {
            cluster = admin.call((channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                    .withDeadline(deadline)
                    .getCluster(GetClusterRequest.getDefaultInstance()));
            for (Member member : cluster.getMembersList()) {
                members.add(
                        ClusterChanges.takesPart(member)
                                ? status(admin, member)
                                : new MemberStatus(member, null, List.of(), ""));
            }
        }
        if (options().json()) {
            JsonObject json = new JsonObject();
            json.addProperty("clusterId", cluster.getClusterId());
            json.addProperty("epoch", cluster.getEpoch());
            json.addProperty("slots", cluster.getSlots());
            json.addProperty("replicas", cluster.getReplicas());
            json.addProperty("answeredBy", cluster.getNode());
            json.addProperty("ringVersion", cluster.getRingVersion());
            json.addProperty("moves", cluster.getMoves());
            json.addProperty("paused", cluster.getPaused());
            json.add("voters", Json.strings(cluster.getVotersList()));
            json.add("members", Json.array(members, ClusterStatusCommand::json));
            printJson(json);
        } else {
            Table table = new Table("NODE", "STATE", "CLIENTS", "HOST", "OWNS", "LEADS", "UPTIME", "DISK", "PROBLEM");
            for (MemberStatus entry : members) {
                Member member = entry.member();
                GetNodeStatusResponse status = entry.status();
                // Numbers are never used again, so those that are gone would fill the screen in time.
                if (!entry.takesPart() && !allMembers) {
                    continue;
                }
                table.row(
                        member.getId(),
                        entry.state(),
                        member.getClientAddress(),
                        member.getHost(),
                        share(member.getSlots(), cluster.getSlots()),
                        share(member.getLedSlots(), cluster.getSlots()),
                        status == null ? "-" : uptime(status),
                        status == null ? "-" : bytes(status.getDataFileBytes()),
                        entry.problem().isEmpty() ? "-" : entry.problem());
            }
            print(table);
            printViews(members);
            say("cluster " + cluster.getClusterId() + ", epoch " + cluster.getEpoch() + ", N=" + cluster.getReplicas()
                    + ", " + cluster.getSlots() + " slots, as " + cluster.getNode() + " sees it");
            long staged =
                    cluster.getMembersList().stream().filter(Member::hasStaged).count();
            if (staged > 0) {
                say(staged + (staged == 1 ? " change is" : " changes are") + " staged: kvctl cluster plan");
            }
            if (cluster.getMoves() > 0) {
                say(cluster.getMoves() + (cluster.getMoves() == 1 ? " move is" : " moves are") + " left"
                        + (cluster.getPaused()
                                ? ", paused: kvctl cluster resume"
                                : ": kvctl cluster transfers --watch"));
            }
        }
        return members.stream().allMatch(MemberStatus::up) ? ExitCode.OK : ExitCode.UNAVAILABLE;
    }

    /** A member that the answering node cannot reach is still asked: it may be the link between the two that is broken. */
    private static MemberStatus status(AdminConnection admin, Member member) {
        try {
            GetNodeStatusResponse status = admin.callAt(
                    member.getAdminAddress(),
                    (channel, deadline) -> NodeServiceGrpc.newBlockingStub(channel)
                            .withDeadline(deadline)
                            .getNodeStatus(GetNodeStatusRequest.getDefaultInstance()));
            GetClusterResponse seen = admin.callAt(
                    member.getAdminAddress(),
                    (channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                            .withDeadline(deadline)
                            .getCluster(GetClusterRequest.getDefaultInstance()));
            List<Member> views = seen.getMembersList().stream()
                    .filter(other -> !other.getId().equals(member.getId()) && ClusterChanges.takesPart(other))
                    .toList();
            return new MemberStatus(
                    member,
                    status,
                    views,
                    member.getReachable() ? "" : "peers cannot reach it: " + member.getUnreachableBecause());
        } catch (CommandFailure failure) {
            return new MemberStatus(member, null, List.of(), failure.text());
        }
    }

    /** Who thinks what of whom: when members disagree, it is a link that is broken and not a node. */
    private void printViews(List<MemberStatus> members) {
        int all = members.stream().mapToInt(entry -> entry.views().size()).sum();
        Table table = new Table("SEEN BY", "NODE", "AS", "HEARTBEAT", "AGE", "ACCUSED BY");
        int rows = 0;
        for (MemberStatus entry : members) {
            for (Member seen : entry.views()) {
                boolean well = seen.getVerdict() == MemberVerdict.MEMBER_VERDICT_ALIVE && seen.getAccusersCount() == 0;
                if (allViews || all <= VIEWS_SHOWN || !well) {
                    rows++;
                    table.row(
                            entry.member().getId(),
                            seen.getId(),
                            verdict(seen),
                            seen.getStartNo() + "." + seen.getHeartbeat(),
                            seen.hasHeartbeatAge() ? seconds(seen) + "s" : "never",
                            seen.getAccusersCount() == 0 ? "-" : String.join(",", seen.getAccusersList()));
                }
            }
        }
        if (rows > 0) {
            printLine("");
            print(table);
        }
    }

    /** As the nodes call it; a node of a later version may have words that this one lacks. */
    private static String verdict(Member seen) {
        String name = seen.getVerdict().name();
        return name.startsWith(VERDICT_PREFIX) ? name.substring(VERDICT_PREFIX.length()) : name;
    }

    private static String seconds(Member seen) {
        double age =
                seen.getHeartbeatAge().getSeconds() + seen.getHeartbeatAge().getNanos() / 1e9;
        return String.format(Locale.ROOT, "%.1f", age);
    }

    private static JsonObject view(Member seen) {
        JsonObject json = new JsonObject();
        json.addProperty("id", seen.getId());
        json.addProperty("seenAs", verdict(seen));
        json.addProperty("startNo", seen.getStartNo());
        json.addProperty("heartbeat", seen.getHeartbeat());
        if (seen.hasHeartbeatAge()) {
            json.addProperty("heartbeatAgeSeconds", Double.valueOf(seconds(seen)));
        }
        json.add("accusers", Json.strings(seen.getAccusersList()));
        json.addProperty("load", seen.getLoad());
        return json;
    }

    private static JsonObject json(MemberStatus entry) {
        Member member = entry.member();
        JsonObject json = new JsonObject();
        json.addProperty("id", member.getId());
        GetNodeStatusResponse status = entry.status();
        json.addProperty("state", !entry.takesPart() ? "GONE" : status == null ? "UNREACHABLE" : status.getState());
        json.addProperty("ringStatus", ClusterChanges.words(member.getStatus()));
        json.addProperty("problem", entry.problem());
        json.addProperty("clientAddress", member.getClientAddress());
        json.addProperty("peerAddress", member.getPeerAddress());
        json.addProperty("adminAddress", member.getAdminAddress());
        json.addProperty("datacenter", member.getDatacenter());
        json.addProperty("rack", member.getRack());
        json.addProperty("host", member.getHost());
        json.addProperty("weight", member.getWeight());
        json.addProperty("slots", member.getSlots());
        json.addProperty("ledSlots", member.getLedSlots());
        json.addProperty("slotsArriving", member.getSlotsArriving());
        json.addProperty("slotsLeaving", member.getSlotsLeaving());
        json.addProperty("ringVersion", member.getRingVersion());
        if (member.hasStaged()) {
            json.add("staged", ChangeJson.of(member.getStaged()));
        }
        if (status != null) {
            json.addProperty("version", status.getVersion());
            json.addProperty("pid", status.getPid());
            json.addProperty("uptimeSeconds", status.getUptime().getSeconds());
            json.addProperty("appendedLsn", status.getAppendedLsn());
            json.addProperty("syncedLsn", status.getSyncedLsn());
            json.addProperty("checkpointLsn", status.getCheckpointLsn());
            json.addProperty("memoryTableBytes", status.getMemoryTableBytes());
            json.addProperty("dataFileBytes", status.getDataFileBytes());
            json.addProperty("diskFreeBytes", status.getDiskFreeBytes());
            json.addProperty("durability", status.getDurability());
            json.add("sees", Json.array(entry.views(), ClusterStatusCommand::view));
        }
        return json;
    }

    private static String share(int slots, int all) {
        return all == 0 ? "-" : Math.round(100.0 * slots / all) + "%";
    }

    private static String uptime(GetNodeStatusResponse status) {
        Duration uptime = Duration.ofSeconds(status.getUptime().getSeconds());
        return uptime.toHours() > 0
                ? uptime.toHours() + "h" + uptime.toMinutesPart() + "m"
                : uptime.toMinutes() > 0
                        ? uptime.toMinutes() + "m" + uptime.toSecondsPart() + "s"
                        : uptime.toSeconds() + "s";
    }

    private static String bytes(long bytes) {
        return bytes < 1 << 20 ? bytes / 1024 + " KiB" : bytes / (1 << 20) + " MiB";
    }
}
