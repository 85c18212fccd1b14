package dev.quorate.cli.cluster;

import com.google.gson.JsonObject;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.PauseTransfersRequest;
import picocli.CommandLine.Command;

/** For a while that needs all the power there is. */
@Command(name = "pause", description = "Let no slot move on, on any node, until kvctl cluster resume.")
public final class ClusterPauseCommand extends KvctlCommand {
    @Override
    protected ExitCode run() {
        long version;
        try (AdminConnection admin = AdminConnection.of(options())) {
            version = admin.change((channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                            .withDeadline(deadline)
                            .pauseTransfers(PauseTransfersRequest.getDefaultInstance()))
                    .getRingVersion();
        }
        if (options().json()) {
            JsonObject json = new JsonObject();
            json.addProperty("ringVersion", version);
            json.addProperty("paused", true);
            printJson(json);
        } else {
            say("paused in ring " + ClusterChanges.ring(version) + "; next: kvctl cluster resume");
        }
        return ExitCode.OK;
    }
}
