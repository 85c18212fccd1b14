package dev.quorate.cli.cluster;

import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.proto.admin.v1.StagedChange;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** What a dead node held is made again from the other owners. */
@Command(
        name = "replace",
        description = "Stage: take a dead node out, and make its replicas again from the other owners.",
        footer = {
            "",
            "The node is refused if it comes back. A node that lives: kvctl cluster leave, which needs no other owner.",
            "",
            "Examples:",
            "  kvctl cluster replace n3           its slots go to all others",
            "  kvctl cluster replace n3 --by n7   its slots go to n7, which has been admitted"
        })
public final class ClusterReplaceCommand extends StageCommand {
    @Parameters(index = "0", paramLabel = "NODE", description = "The dead node, for example n3 or 3.")
    private String dead;

    @Option(names = "--by", paramLabel = "NODE", description = "Who gets its slots. Default: all others share them.")
    private String by = "";

    @Option(
            names = "--unsafe",
            description = "Also where too few other owners are left to be sure that no acknowledged write is missed."
                    + " Needs --yes.")
    private boolean unsafe;

    @Option(names = "--yes", description = "Really.")
    private boolean yes;

    @Override
    List<StagedChange> changes(AdminConnection admin) {
        if (unsafe && !yes) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "--unsafe may lose writes that were acknowledged by " + node(dead) + " and no owner that is left",
                    "add --yes if that is better than slots that answer no reads; or start the other owners again");
        }
        return List.of(of(dead).setReplace(StagedChange.Replace.newBuilder()
                        .setBy(by.isEmpty() ? "" : node(by))
                        .setUnsafe(unsafe))
                .build());
    }
}
