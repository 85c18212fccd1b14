package dev.quorate.cli.cluster;

import com.google.gson.JsonObject;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.SplitSlotsRequest;
import dev.quorate.proto.admin.v1.SplitSlotsResponse;
import picocli.CommandLine.Command;

/** Metadata only: records lie in the order of their hashes, so half a slot is a range as well. */
@Command(
        name = "split",
        description = "Cut every slot in two, without moving anything.",
        footer = {
            "",
            "For a cluster that has grown so much that nodes own fewer than some 64 slots each. It cannot be undone."
        })
public final class ClusterSplitCommand extends KvctlCommand {
    @Override
    protected ExitCode run() {
        SplitSlotsResponse split;
        try (AdminConnection admin = AdminConnection.of(options())) {
            split = admin.change((channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                    .withDeadline(deadline)
                    .splitSlots(SplitSlotsRequest.getDefaultInstance()));
        }
        if (options().json()) {
            JsonObject json = new JsonObject();
            json.addProperty("ringVersion", split.getRingVersion());
            json.addProperty("slots", split.getSlots());
            printJson(json);
        } else {
            say(split.getSlots() + " slots in ring " + ClusterChanges.ring(split.getRingVersion()));
        }
        return ExitCode.OK;
    }
}
