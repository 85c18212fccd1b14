package dev.quorate.cli.repair;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.quorate.cli.cluster.ClusterChanges;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.cli.terminal.Table;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.GetClusterRequest;
import dev.quorate.proto.admin.v1.Member;
import dev.quorate.proto.admin.v1.RepairServiceGrpc;
import dev.quorate.proto.admin.v1.StartRepairRequest;
import dev.quorate.proto.admin.v1.StartRepairResponse;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Does not wait for the end: {@code repair status} shows it, and nodes go on without anybody looking. */
@Command(
        name = "start",
        description = "Let nodes compare themselves with their peers now, instead of at the next round.",
        footer = {"", "Exits with 9 when some members could not be asked. See: kvctl repair status"})
public final class RepairStartCommand extends KvctlCommand {
    @Option(names = "--node", paramLabel = "<id>", description = "Only this node, for example n2.")
    private String node = "";

    @Option(names = "--peer", paramLabel = "<id>", description = "Only with this peer, for example n3.")
    private String peer = "";

    @Override
    protected ExitCode run() {
        Table table = new Table("NODE", "PEERS", "PROBLEM");
        JsonArray nodes = new JsonArray();
        int asked = 0;
        int failed = 0;
        try (AdminConnection admin = AdminConnection.of(options())) {
            List<Member> members = admin.call((channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                            .withDeadline(deadline)
                            .getCluster(GetClusterRequest.getDefaultInstance()))
                    .getMembersList();
            for (Member member : members) {
                boolean meant = ClusterChanges.takesPart(member)
                        && (node.isEmpty()
                                ? !member.getId().equals(peer)
                                : member.getId().equals(node));
                if (!meant) {
                    continue;
                }
                asked++;
                JsonObject json = new JsonObject();
                json.addProperty("node", member.getId());
                try {
                    StartRepairResponse begun = admin.callAt(
                            member.getAdminAddress(),
                            (channel, deadline) -> RepairServiceGrpc.newBlockingStub(channel)
                                    .withDeadline(deadline)
                                    .startRepair(StartRepairRequest.newBuilder()
                                            .setPeer(peer)
                                            .build()));
                    table.row(member.getId(), begun.getPeers(), "-");
                    json.addProperty("peers", begun.getPeers());
                } catch (CommandFailure failure) {
                    failed++;
                    table.row(member.getId(), "-", failure.text());
                    json.addProperty("problem", failure.text());
                }
                nodes.add(json);
            }
        }
        if (asked == 0) {
            throw new CommandFailure(ExitCode.USAGE, "no member is called '" + node + "'", null);
        }
        if (options().json()) {
            printJson(nodes);
        } else {
            print(table);
        }
        return failed == 0 ? ExitCode.OK : ExitCode.PARTIAL;
    }
}
