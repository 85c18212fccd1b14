package dev.quorate.cli.dev;

import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.terminal.ExitCode;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Stops all nodes; a stopped cluster is nothing but its folder. */
@Command(name = "down", description = "Stop all nodes; their data stays unless it is wiped.")
public final class DevDownCommand extends DevCommand {
    @Option(names = "--wipe", description = "Remove the cluster's folder, with all data and logs.")
    private boolean wipe;

    @Override
    protected ExitCode run() throws Exception {
        ClusterFolder folder = folder();
        Optional<ClusterFile> found = folder.read();
        if (found.isEmpty()) {
            say("no cluster in " + folder.root() + ": nothing to stop");
            return ExitCode.OK;
        }
        try (ClusterFolder.Lock ignored = folder.lock()) {
            LocalCluster cluster = LocalCluster.existing(folder, found.get(), launcher(), this::say);
            long running =
                    found.get().nodes().stream().filter(ClusterFile.Node::alive).count();
            cluster.stopAll();
            say(running + (running == 1 ? " node stopped" : " nodes stopped"));
            if (wipe) {
                folder.wipe(cluster.file());
                say("removed " + folder.root());
            } else {
                say("data stays in " + folder.root() + "; 'kvctl dev up' starts it again");
            }
        }
        return ExitCode.OK;
    }
}
