package dev.quorate.cli.dev;

import dev.quorate.cli.cluster.ClusterChanges;
import dev.quorate.cli.cluster.MoveProgress;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.connect.Endpoint;
import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.proto.admin.v1.GetPlanResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
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
                        "its nodes are "
                                + String.join(
                                        ", ",
                                        cluster.file().nodes().stream()
                                                .map(ClusterFile.Node::id)
                                                .toList())));
    }

    /** Administration, by way of nodes that run. */
    final AdminConnection admin(List<ClusterFile.Node> nodes) {
        List<Endpoint> endpoints = nodes.stream()
                .filter(ClusterFile.Node::alive)
                .map(node -> Endpoint.parse(node.clientAddress()))
                .toList();
        if (endpoints.isEmpty()) {
            throw new CommandFailure(ExitCode.CANNOT_CONNECT, "no other node runs", "start the cluster: kvctl dev up");
        }
        return AdminConnection.of(endpoints, options().timeout());
    }

    /** Commits what is staged, after saying what it comes to, and waits until it is done. */
    final void commitAndWait(AdminConnection admin, Duration patience) throws InterruptedException {
        GetPlanResponse plan = ClusterChanges.plan(admin, "");
        plan.getWarningsList().forEach(warning -> say("warning: " + warning));
        say(ClusterChanges.summary(plan));
        ClusterChanges.commitCurrent(admin, plan);
        MoveProgress progress = new MoveProgress(options());
        progress.await(admin, patience);
        say("all has moved after " + progress.took().toSeconds() + " s");
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
