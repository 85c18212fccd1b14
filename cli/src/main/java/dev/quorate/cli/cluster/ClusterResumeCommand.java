package dev.quorate.cli.cluster;

import com.google.gson.JsonObject;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.ResumeTransfersRequest;
import picocli.CommandLine.Command;

/** The end of {@code pause}. */
@Command(name = "resume", description = "Let slots move on.")
public final class ClusterResumeCommand extends KvctlCommand {
    @Override
    protected ExitCode run() {
        long version;
        try (AdminConnection admin = AdminConnection.of(options())) {
            version = admin.change((channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                            .withDeadline(deadline)
                            .resumeTransfers(ResumeTransfersRequest.getDefaultInstance()))
                    .getRingVersion();
        }
        if (options().json()) {
            JsonObject json = new JsonObject();
            json.addProperty("ringVersion", version);
            json.addProperty("paused", false);
            printJson(json);
        } else {
            say("resumed in ring " + ClusterChanges.ring(version) + "; next: kvctl cluster transfers --watch");
        }
        return ExitCode.OK;
    }
}
