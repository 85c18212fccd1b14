package dev.quorate.cli.repair;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.quorate.cli.cluster.ClusterChanges;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.Json;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.cli.terminal.Table;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.GetClusterRequest;
import dev.quorate.proto.admin.v1.GetRepairStatusRequest;
import dev.quorate.proto.admin.v1.GetRepairStatusResponse;
import dev.quorate.proto.admin.v1.GetRepairStatusResponse.Peer;
import dev.quorate.proto.admin.v1.Member;
import dev.quorate.proto.admin.v1.RepairServiceGrpc;
import java.util.List;
import picocli.CommandLine.Command;

/** Every node's own account of its exchanges with every peer. */
@Command(
        name = "status",
        description = "What nodes compared with their peers, what is left, and which reads wait for it.",
        footer = {
            "",
            "RECOVERING counts slots whose reads a node does not answer, because it may have lost what it acknowledged:",
            "it needs one complete exchange with each peer that is listed with such slots.",
            "Exits with 5 when a member does not answer, or answers not all reads yet."
        })
public final class RepairStatusCommand extends KvctlCommand {
    @Override
    protected ExitCode run() {
        Table table = new Table(
                "NODE",
                "RECOVERING",
                "PEER",
                "STATE",
                "LAST COMPLETE",
                "SLOTS",
                "KEYS LEFT",
                "TIME LEFT",
                "FETCHED",
                "SENT",
                "PROBLEM");
        JsonArray nodes = new JsonArray();
        boolean well = true;
        try (AdminConnection admin = AdminConnection.of(options())) {
            List<Member> members = admin
                    .call((channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                            .withDeadline(deadline)
                            .getCluster(GetClusterRequest.getDefaultInstance()))
                    .getMembersList()
                    .stream()
                    .filter(ClusterChanges::takesPart)
                    .toList();
            for (Member member : members) {
                try {
                    GetRepairStatusResponse status = admin.callAt(
                            member.getAdminAddress(),
                            (channel, deadline) -> RepairServiceGrpc.newBlockingStub(channel)
                                    .withDeadline(deadline)
                                    .getRepairStatus(GetRepairStatusRequest.getDefaultInstance()));
                    well &= status.getRecoveringSlots() == 0;
                    status.getPeersList().forEach(peer -> row(table, status, peer));
                    nodes.add(json(status));
                } catch (CommandFailure failure) {
                    well = false;
                    table.row(member.getId(), "-", "-", "NO ANSWER", "-", "-", "-", "-", "-", "-", failure.text());
                    JsonObject json = new JsonObject();
                    json.addProperty("node", member.getId());
                    json.addProperty("problem", failure.text());
                    nodes.add(json);
                }
            }
        }
        if (options().json()) {
            printJson(nodes);
        } else {
            print(table);
        }
        return well ? ExitCode.OK : ExitCode.UNAVAILABLE;
    }

    private static void row(Table table, GetRepairStatusResponse status, Peer peer) {
        boolean exchanging = peer.getSlotsInExchange() > 0;
        table.row(
                status.getNode(),
                peer.getRecoveringSlots(),
                peer.getNode(),
                peer.getState(),
                peer.getLastCompleteMillisAgo() < 0 ? "never" : duration(peer.getLastCompleteMillisAgo()) + " ago",
                exchanging ? peer.getSlotsDone() + "/" + peer.getSlotsInExchange() : "-",
                exchanging ? peer.getKeysLeft() : "-",
                exchanging && peer.getMillisLeft() >= 0 ? duration(peer.getMillisLeft()) : "-",
                peer.getPulledKeys(),
                peer.getPushedKeys(),
                peer.getProblem().isEmpty() ? "-" : peer.getProblem());
    }

    private static String duration(long millis) {
        long seconds = millis / 1000;
        return seconds >= 3600
                ? seconds / 3600 + "h" + seconds % 3600 / 60 + "m"
                : seconds >= 60 ? seconds / 60 + "m" + seconds % 60 + "s" : seconds + "s";
    }

    private static JsonObject json(GetRepairStatusResponse status) {
        JsonObject json = new JsonObject();
        json.addProperty("node", status.getNode());
        json.addProperty("recoveringSlots", status.getRecoveringSlots());
        json.addProperty("suspectLeaves", status.getSuspectLeaves());
        json.addProperty("scrubbedLeaves", status.getScrubbedLeaves());
        json.addProperty("damagedRecords", status.getDamagedRecords());
        json.add("peers", Json.array(status.getPeersList(), RepairStatusCommand::json));
        return json;
    }

    private static JsonObject json(Peer peer) {
        JsonObject json = new JsonObject();
        json.addProperty("peer", peer.getNode());
        json.addProperty("state", peer.getState());
        json.addProperty("sharedSlots", peer.getSharedSlots());
        json.addProperty("recoveringSlots", peer.getRecoveringSlots());
        json.addProperty("lastCompleteMillisAgo", peer.getLastCompleteMillisAgo());
        json.addProperty("slotsDone", peer.getSlotsDone());
        json.addProperty("slotsInExchange", peer.getSlotsInExchange());
        json.addProperty("keysLeft", peer.getKeysLeft());
        json.addProperty("millisLeft", peer.getMillisLeft());
        json.addProperty("comparedKeys", peer.getComparedKeys());
        json.addProperty("pulledKeys", peer.getPulledKeys());
        json.addProperty("pushedKeys", peer.getPushedKeys());
        json.addProperty("completedExchanges", peer.getCompletedExchanges());
        json.addProperty("problem", peer.getProblem());
        return json;
    }
}
