package dev.quorate.cli.hints;

import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.proto.admin.v1.HintServiceGrpc;
import dev.quorate.proto.admin.v1.ReplayHintsRequest;
import dev.quorate.proto.kv.v1.Topology;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Begins now what nodes would begin by themselves some seconds after an owner is back. */
@Command(
        name = "replay",
        description = "Hand over now what waits for owners that can be reached.",
        footer = {
            "",
            "Owners still take no more than they can: see handoff in the configuration. 'hints wait' waits for the end."
        })
public final class HintsReplayCommand extends KvctlCommand {
    @Parameters(index = "0", arity = "0..1", paramLabel = "OWNER", description = "Only hints for this node.")
    private @Nullable String owner;

    @Override
    protected ExitCode run() {
        ReplayHintsRequest request = ReplayHintsRequest.newBuilder()
                .setOwner(owner == null ? "" : owner)
                .build();
        int failed = 0;
        try (AdminConnection admin = AdminConnection.of(options())) {
            for (Topology.Node node : admin.topology().getNodesList()) {
                try {
                    admin.callAt(
                            node.getAdminAddress(),
                            (channel, deadline) -> HintServiceGrpc.newBlockingStub(channel)
                                    .withDeadline(deadline)
                                    .replayHints(request));
                } catch (CommandFailure failure) {
                    say(node.getId() + ": " + failure.text());
                    failed++;
                }
            }
        }
        return failed == 0 ? ExitCode.OK : ExitCode.UNAVAILABLE;
    }
}
