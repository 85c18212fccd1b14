package dev.quorate.cli.dev;

import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.DurationConverter;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.Table;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Brings the cluster up whatever state it is in: creates it, or starts what does not run, or finds it running. */
@Command(
        name = "up",
        description = "Start a cluster here and wait until it works.",
        footer = {
            "",
            "Data stays when the cluster is stopped with 'dev down', and is there again after the next 'dev up'.",
            "",
            "Examples:",
            "  kvctl dev up",
            "  kvctl dev up --nodes 5 --dir /tmp/five",
            "  kvctl dev up --nodes 5 --proxied    then: kvctl dev partition 1,2,3 4,5"
        })
public final class DevUpCommand extends DevCommand {
    private static final int DEFAULT_NODES = 3;
    private static final int MOST_NODES = 16;

    @Option(names = "--nodes", paramLabel = "NUMBER", description = "How many nodes a new cluster gets. Default: 3.")
    private @Nullable Integer nodes;

    @Option(
            names = "--heap",
            paramLabel = "SIZE",
            defaultValue = "256m",
            description = "Java heap of each node of a new cluster. Default: ${DEFAULT-VALUE}.")
    private String heap = "256m";

    @Option(
            names = "--proxied",
            description =
                    "Put a proxy between the nodes of a new cluster, so that 'dev partition' and 'dev disturb' work.")
    private boolean proxied;

    @Option(
            names = "--wait",
            paramLabel = "DURATION",
            defaultValue = "60s",
            converter = DurationConverter.class,
            description = "How long to wait for the nodes. Default: ${DEFAULT-VALUE}.")
    private Duration patience = Duration.ofSeconds(60);

    @Override
    protected ExitCode run() throws Exception {
        if (nodes != null && (nodes < 1 || nodes > MOST_NODES)) {
            throw new CommandFailure(ExitCode.USAGE, "--nodes goes from 1 to " + MOST_NODES, null);
        }
        if (!heap.matches("[1-9][0-9]*[kmgKMG]")) {
            throw new CommandFailure(ExitCode.USAGE, "--heap '" + heap + "' is not a size such as 256m", null);
        }
        ClusterFolder folder = folder();
        try (ClusterFolder.Lock ignored = folder.lock()) {
            LocalCluster cluster = cluster(folder);
            long running = cluster.file().nodes().stream()
                    .filter(ClusterFile.Node::alive)
                    .count();
            int all = cluster.file().nodes().size();
            if (running == all) {
                say("already up");
            } else {
                long missing = all - running;
                say("starting " + missing + (running == 0 ? "" : " of " + all) + (all == 1 ? " node" : " nodes")
                        + " in " + folder.root());
            }
            cluster.startAll(patience);
            Table table = new Table("NODE", "CLIENTS", "PEERS", "ADMINISTRATION", "PID");
            for (ClusterFile.Node node : cluster.file().nodes()) {
                table.row(
                        node.id(),
                        node.clientAddress(),
                        "127.0.0.1:" + node.peerPort(),
                        node.adminAddress(),
                        node.process() == null ? "-" : node.process().pid());
            }
            if (options().json()) {
                printJson(DevStatusCommand.json(folder, cluster.file(), cluster.faults()));
            } else {
                print(table);
            }
            say("next: ./kvctl put hello world");
            if (cluster.file().proxy().isPresent()) {
                say("or break a link: ./kvctl dev partition 1 2; and mend it: ./kvctl dev heal");
            }
        }
        return ExitCode.OK;
    }

    private LocalCluster cluster(ClusterFolder folder) throws Exception {
        Optional<ClusterFile> found = folder.read();
        if (found.isEmpty()) {
            LocalCluster.Shape shape = new LocalCluster.Shape(nodes == null ? DEFAULT_NODES : nodes, heap, proxied);
            return LocalCluster.create(folder, shape, launcher(), this::say);
        }
        if (proxied && found.get().proxy().isEmpty()) {
            throw new CommandFailure(
                    ExitCode.PRECONDITION,
                    "the cluster in " + folder.root() + " was created without --proxied",
                    "take another folder with --dir, or remove this one with 'kvctl dev down --wipe'");
        }
        int size = found.get().nodes().size();
        if (nodes != null && nodes != size) {
            throw new CommandFailure(
                    ExitCode.PRECONDITION,
                    "the cluster in " + folder.root() + " has " + size + " nodes, and 'dev up' does not change that",
                    "add and remove nodes with 'kvctl dev add' and 'kvctl dev remove'; or take another folder with --dir");
        }
        return LocalCluster.existing(folder, found.get(), launcher(), this::say);
    }
}
