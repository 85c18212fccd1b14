package dev.quorate.cli.dev;

import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.terminal.ExitCode;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Lets paused nodes go on. */
@Command(name = "resume", description = "Let paused nodes go on.")
public final class DevResumeCommand extends DevCommand {
    @Parameters(arity = "1..*", paramLabel = "NODE", description = "For example 2 or n2.")
    private List<String> ids;

    @Override
    protected ExitCode run() throws Exception {
        try (ClusterFolder.Lock ignored = lockExisting()) {
            LocalCluster cluster = existing();
            List<ClusterFile.Node> nodes =
                    ids.stream().map(id -> node(cluster, id)).toList();
            for (ClusterFile.Node node : nodes) {
                cluster.resume(node);
                say(node.id() + " goes on");
            }
        }
        return ExitCode.OK;
    }
}
