package dev.quorate.cli.cluster;

import com.google.gson.JsonObject;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.proto.admin.v1.ClearPlanRequest;
import dev.quorate.proto.admin.v1.ClearPlanResponse;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Second thoughts, before the commit. */
@Command(name = "clear", description = "Forget staged changes. What is committed goes on.")
public final class ClusterClearCommand extends KvctlCommand {
    @Parameters(index = "0", arity = "0..1", paramLabel = "NODE", description = "Only the change of this node.")
    private String node = "";

    @Override
    protected ExitCode run() {
        ClearPlanRequest request = ClearPlanRequest.newBuilder()
                .setNode(node.isEmpty() ? "" : StageCommand.node(node))
                .build();
        ClearPlanResponse cleared;
        try (AdminConnection admin = AdminConnection.of(options())) {
            cleared = admin.change((channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                    .withDeadline(deadline)
                    .clearPlan(request));
        }
        if (options().json()) {
            JsonObject json = new JsonObject();
            json.addProperty("ringVersion", cleared.getRingVersion());
            json.addProperty("cleared", cleared.getCleared());
            printJson(json);
        } else {
            say(cleared.getCleared() + (cleared.getCleared() == 1 ? " change" : " changes") + " forgotten");
        }
        return ExitCode.OK;
    }
}
