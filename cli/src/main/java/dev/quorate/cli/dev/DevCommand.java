package dev.quorate.cli.dev;

import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What commands on a local cluster share. */
abstract class DevCommand extends KvctlCommand {
    @Option(
            names = {"-d", "--dir"},
            paramLabel = "FOLDER",
            description = "Folder of the cluster. Environment: KVCTL_DEV_DIR. Default: .quorate/dev here.")
    private @Nullable Path directory;

    final ClusterFolder folder() {
        return ClusterFolder.chosen(directory, terminal());
    }

    final LocalCluster existing() {
        ClusterFolder folder = folder();
        ClusterFile file = folder.read()
                .orElseThrow(() -> new CommandFailure(
                        ExitCode.NOT_FOUND,
                        "no cluster in " + folder.root(),
                        "create one with 'kvctl dev up', or name its folder with --dir"));
        return LocalCluster.existing(folder, file, launcher(), this::say);
    }

    /** Looks before it locks: a lock in a folder without a cluster would be litter. */
    final ClusterFolder.Lock lockExisting() throws IOException {
        existing();
        return folder().lock();
    }

    static ClusterFile.Node node(LocalCluster cluster, String id) {
        return cluster.file()
                .node(id)
                .orElseThrow(() -> new CommandFailure(
                        ExitCode.NOT_FOUND,
                        "no node " + id + " in this cluster",
                        "its nodes are n1 to n" + cluster.file().nodes().size()));
    }

    final Path launcher() {
        String home = terminal().environment().get(LocalCluster.HOME_VARIABLE);
        if (home == null || !Files.isExecutable(Path.of(home, "kvnode"))) {
            throw new CommandFailure(
                    ExitCode.FAILURE,
                    "cannot find the launcher kvnode",
                    "start kvctl by its own launcher, or set " + LocalCluster.HOME_VARIABLE
                            + " to the folder that holds kvnode");
        }
        return Path.of(home, "kvnode");
    }
}
