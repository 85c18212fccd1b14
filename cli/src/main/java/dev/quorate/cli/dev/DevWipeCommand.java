package dev.quorate.cli.dev;

import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.terminal.ExitCode;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Takes from nodes all they know. */
@Command(name = "wipe", description = "Kill nodes and remove their data, as the loss of a disk.")
public final class DevWipeCommand extends DevCommand {
    @Parameters(arity = "1..*", paramLabel = "NODE", description = "For example 2 or n2.")
    private List<String> ids;

    @Override
    protected ExitCode run() throws Exception {
        try (ClusterFolder.Lock ignored = lockExisting()) {
            LocalCluster cluster = existing();
            List<ClusterFile.Node> nodes =
                    ids.stream().map(id -> node(cluster, id)).toList();
            for (ClusterFile.Node node : nodes) {
                cluster.wipe(node);
                say(node.id() + " wiped and down; start it empty with: kvctl dev start " + node.number());
            }
        }
        return ExitCode.OK;
    }
}
