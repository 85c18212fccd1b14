package dev.quorate.cli.dev;

import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.terminal.DurationConverter;
import dev.quorate.cli.terminal.ExitCode;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Starts nodes that were killed; with the data they had. */
@Command(name = "start", description = "Start nodes that do not run.")
public final class DevStartCommand extends DevCommand {
    @Parameters(arity = "1..*", paramLabel = "NODE", description = "For example 2 or n2.")
    private List<String> ids;

    @Option(
            names = "--wait",
            paramLabel = "DURATION",
            defaultValue = "60s",
            converter = DurationConverter.class,
            description = "How long to wait for them. Default: ${DEFAULT-VALUE}.")
    private Duration patience = Duration.ofSeconds(60);

    @Override
    protected ExitCode run() throws Exception {
        try (ClusterFolder.Lock ignored = lockExisting()) {
            LocalCluster cluster = existing();
            List<ClusterFile.Node> nodes =
                    ids.stream().map(id -> node(cluster, id)).toList();
            for (ClusterFile.Node node : nodes) {
                if (node.alive()) {
                    say(node.id() + " runs already");
                }
            }
            cluster.start(nodes, patience);
        }
        return ExitCode.OK;
    }
}
