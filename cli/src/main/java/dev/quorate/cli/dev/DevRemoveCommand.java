package dev.quorate.cli.dev;

import dev.quorate.cli.cluster.ClusterChanges;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.DurationConverter;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.proto.admin.v1.StagedChange;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The way out: by its own doing if the node lives, else by the others'. */
@Command(
        name = "remove",
        description = "Let a node hand over all it has, wait for that, then stop it and remove its folder.",
        footer = {
            "",
            "A dead node cannot hand over: with --dead its replicas are made again from the other owners.",
            "",
            "Examples:",
            "  kvctl dev remove 4",
            "  kvctl dev kill 3; kvctl dev remove 3 --dead"
        })
public final class DevRemoveCommand extends DevCommand {
    @Parameters(index = "0", paramLabel = "NODE", description = "For example 4 or n4.")
    private String id;

    @Option(names = "--dead", description = "Kill it if it runs, and replace it by the others.")
    private boolean dead;

    @Option(
            names = "--for",
            paramLabel = "DURATION",
            defaultValue = "1h",
            converter = DurationConverter.class,
            description = "How long to wait. Default: ${DEFAULT-VALUE}.")
    private Duration patience = Duration.ofHours(1);

    @Override
    protected ExitCode run() throws Exception {
        try (ClusterFolder.Lock ignored = lockExisting()) {
            LocalCluster cluster = existing();
            ClusterFile.Node node = node(cluster, id);
            List<ClusterFile.Node> others = cluster.file().nodes().stream()
                    .filter(other -> other.number() != node.number())
                    .toList();
            boolean runs = node.alive() && !LocalCluster.paused(node);
            if (!dead && !runs) {
                throw new CommandFailure(
                        ExitCode.PRECONDITION,
                        node.id() + " does not run, so it cannot hand over what it has",
                        "start it (kvctl dev start " + node.number() + "), or give it up: kvctl dev remove "
                                + node.number() + " --dead");
            }
            try (AdminConnection admin = admin(others)) {
                if (dead && node.alive()) {
                    cluster.kill(node);
                }
                StagedChange.Builder change = StagedChange.newBuilder().setNode(node.id());
                ClusterChanges.stage(
                        admin,
                        dead
                                ? change.setReplace(StagedChange.Replace.getDefaultInstance())
                                        .build()
                                : change.setLeave(StagedChange.Leave.getDefaultInstance())
                                        .build());
                try {
                    commitAndWait(admin, patience);
                } catch (CommandFailure failure) {
                    if (failure.exitCode() == ExitCode.PRECONDITION) {
                        // It would be part of the next plan, which nobody expects.
                        ClusterChanges.unstage(admin, node.id());
                    }
                    throw failure;
                }
            }
            cluster.discard(node);
            say(node.id() + " is gone, and its folder removed");
        }
        return ExitCode.OK;
    }
}
