package dev.quorate.cli.cluster;

import com.google.gson.JsonObject;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.proto.admin.v1.CancelMovesRequest;
import dev.quorate.proto.admin.v1.CancelMovesResponse;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Slots that have moved stay where they are now; the others where they were. */
@Command(
        name = "cancel",
        description = "Give up moves that have not finished: their slots stay where they are.",
        footer = {
            "",
            "A replacement of a dead node cannot be given up: the new owner stands in its place already.",
            "",
            "Examples:",
            "  kvctl cluster cancel 17 18   these moves",
            "  kvctl cluster cancel --all"
        })
public final class ClusterCancelCommand extends KvctlCommand {
    @Parameters(arity = "0..*", paramLabel = "MOVE", description = "As kvctl cluster transfers names it.")
    private List<Long> moves = List.of();

    @Option(names = "--all", description = "All moves.")
    private boolean all;

    @Override
    protected ExitCode run() {
        if (moves.isEmpty() != all) {
            throw new CommandFailure(ExitCode.USAGE, "give either moves or --all", "see them: kvctl cluster transfers");
        }
        CancelMovesRequest request =
                CancelMovesRequest.newBuilder().addAllMoveIds(moves).setAll(all).build();
        CancelMovesResponse cancelled;
        try (AdminConnection admin = AdminConnection.of(options())) {
            cancelled = admin.change((channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                    .withDeadline(deadline)
                    .cancelMoves(request));
        }
        if (options().json()) {
            JsonObject json = new JsonObject();
            json.addProperty("ringVersion", cancelled.getRingVersion());
            json.addProperty("cancelled", cancelled.getCancelled());
            printJson(json);
        } else {
            say(cancelled.getCancelled() + (cancelled.getCancelled() == 1 ? " move" : " moves") + " given up in ring "
                    + ClusterChanges.ring(cancelled.getRingVersion()));
        }
        return ExitCode.OK;
    }
}
