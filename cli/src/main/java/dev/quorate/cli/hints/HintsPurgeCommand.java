package dev.quorate.cli.hints;

import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.proto.admin.v1.HintServiceGrpc;
import dev.quorate.proto.admin.v1.PurgeHintsRequest;
import dev.quorate.proto.kv.v1.Topology;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Gives up what waits for a node that will never be back with its data. */
@Command(
        name = "purge",
        description = "Forget what waits for an owner, on all nodes.",
        footer = {
            "",
            "What a node outside the row keeps for its owner is the only copy it will ever hand on: writes that were",
            "acknowledged by such nodes alone are lost. Needs --yes."
        })
public final class HintsPurgeCommand extends KvctlCommand {
    @Parameters(index = "0", paramLabel = "OWNER", description = "The node, for example n2.")
    private String owner;

    @Option(names = "--yes", description = "Really.")
    private boolean yes;

    @Override
    protected ExitCode run() {
        if (!yes) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "purging hints for " + owner + " may lose acknowledged writes",
                    "add --yes, or wait: 'kvctl hints wait " + owner + "'");
        }
        PurgeHintsRequest request =
                PurgeHintsRequest.newBuilder().setOwner(owner).build();
        long purged = 0;
        int failed = 0;
        try (AdminConnection admin = AdminConnection.of(options())) {
            for (Topology.Node node : admin.topology().getNodesList()) {
                try {
                    purged += admin.callAt(
                                    node.getAdminAddress(),
                                    (channel, deadline) -> HintServiceGrpc.newBlockingStub(channel)
                                            .withDeadline(deadline)
                                            .purgeHints(request))
                            .getPurged();
                } catch (CommandFailure failure) {
                    say(node.getId() + ": " + failure.text());
                    failed++;
                }
            }
        }
        say(purged + " hints for " + owner + " forgotten");
        return failed == 0 ? ExitCode.OK : ExitCode.UNAVAILABLE;
    }
}
