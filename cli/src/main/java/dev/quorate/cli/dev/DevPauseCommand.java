package dev.quorate.cli.dev;

import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.terminal.ExitCode;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Stops nodes in the middle of what they do. */
@Command(name = "pause", description = "Stop nodes with SIGSTOP: they hold their connections and answer nothing.")
public final class DevPauseCommand extends DevCommand {
    @Parameters(arity = "1..*", paramLabel = "NODE", description = "For example 2 or n2.")
    private List<String> ids;

    @Override
    protected ExitCode run() throws Exception {
        try (ClusterFolder.Lock ignored = lockExisting()) {
            LocalCluster cluster = existing();
            List<ClusterFile.Node> nodes =
                    ids.stream().map(id -> node(cluster, id)).toList();
            for (ClusterFile.Node node : nodes) {
                cluster.pause(node);
                say(node.id() + " paused; let it go on with: kvctl dev resume " + node.number());
            }
        }
        return ExitCode.OK;
    }
}
