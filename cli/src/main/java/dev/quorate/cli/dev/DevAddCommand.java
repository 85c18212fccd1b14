package dev.quorate.cli.dev;

import dev.quorate.cli.cluster.ClusterChanges;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.DurationConverter;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.proto.admin.v1.Member;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Nodes that begin with seeds and a token and nothing else, as on any machine. */
@Command(
        name = "add",
        description = "Start further nodes, let them join, and wait until they have their share.",
        footer = {
            "",
            "Watch it from another terminal: kvctl cluster ring --watch",
            "",
            "Examples:",
            "  kvctl dev add",
            "  kvctl dev add 3",
            "  kvctl dev add --weight 2 --stage    then: kvctl cluster plan; kvctl cluster commit --wait"
        })
public final class DevAddCommand extends DevCommand {
    private static final int MOST_NODES = 16;

    @Parameters(
            index = "0",
            arity = "0..1",
            defaultValue = "1",
            paramLabel = "NUMBER",
            description = "How many. Default: 1.")
    private int count = 1;

    @Option(
            names = "--weight",
            paramLabel = "WEIGHT",
            defaultValue = "1",
            description = "Their share relative to the others. Default: ${DEFAULT-VALUE}.")
    private String weight = "1";

    @Option(names = "--rack", paramLabel = "LABEL", defaultValue = "rack1", description = "Default: ${DEFAULT-VALUE}.")
    private String rack = "rack1";

    @Option(
            names = "--heap",
            paramLabel = "SIZE",
            defaultValue = "256m",
            description = "Java heap of each. Default: ${DEFAULT-VALUE}.")
    private String heap = "256m";

    @Option(names = "--stage", description = "Only stage that they join; the plan is for you to commit.")
    private boolean stageOnly;

    @Option(
            names = "--wait",
            paramLabel = "DURATION",
            defaultValue = "60s",
            converter = DurationConverter.class,
            description = "How long to wait for the nodes to start. Default: ${DEFAULT-VALUE}.")
    private Duration patience = Duration.ofSeconds(60);

    @Option(
            names = "--for",
            paramLabel = "DURATION",
            defaultValue = "1h",
            converter = DurationConverter.class,
            description = "How long to wait for their share. Default: ${DEFAULT-VALUE}.")
    private Duration movePatience = Duration.ofHours(1);

    @Override
    protected ExitCode run() throws Exception {
        check();
        try (ClusterFolder.Lock ignored = lockExisting()) {
            LocalCluster cluster = existing();
            if (cluster.file().nodes().size() + count > MOST_NODES) {
                throw new CommandFailure(ExitCode.USAGE, "a local cluster has at most " + MOST_NODES + " nodes", null);
            }
            try (AdminConnection admin = admin(cluster.file().nodes())) {
                List<ClusterFile.Node> added = new ArrayList<>();
                for (int i = 0; i < count; i++) {
                    added.add(addOne(cluster, admin));
                }
                if (stageOnly) {
                    say("next: kvctl cluster plan, then kvctl cluster commit --wait");
                    return ExitCode.OK;
                }
                commitAndWait(admin, movePatience);
                for (ClusterFile.Node node : added) {
                    say("to send it away again: kvctl dev remove " + node.number());
                }
            }
            if (options().json()) {
                printJson(DevStatusCommand.json(folder(), cluster.file(), cluster.faults()));
            }
        }
        return ExitCode.OK;
    }

    private void check() {
        if (count < 1 || count > MOST_NODES) {
            throw new CommandFailure(ExitCode.USAGE, "NUMBER goes from 1 to " + MOST_NODES, null);
        }
        if (!weight.matches("[0-9]{1,6}(\\.[0-9]{1,3})?") || Double.parseDouble(weight) < 0.001) {
            throw new CommandFailure(
                    ExitCode.USAGE, "--weight '" + weight + "' is not a number such as 2 or 0.5", null);
        }
        if (!rack.matches("[A-Za-z0-9._-]{1,64}")) {
            throw new CommandFailure(ExitCode.USAGE, "--rack is 1 to 64 of A-Z a-z 0-9 . _ -", null);
        }
        if (!heap.matches("[1-9][0-9]*[kmgKMG]")) {
            throw new CommandFailure(ExitCode.USAGE, "--heap '" + heap + "' is not a size such as 256m", null);
        }
    }

    private ClusterFile.Node addOne(LocalCluster cluster, AdminConnection admin)
            throws IOException, InterruptedException {
        // Numbers are never used again, and nobody but this command lets nodes join here.
        int number = 1
                + ClusterChanges.cluster(admin).getMembersList().stream()
                        .map(Member::getId)
                        .mapToInt(id -> Integer.parseInt(id.substring(1)))
                        .max()
                        .orElse(0);
        ClusterFile.Node node = cluster.prepare(number, heap, rack, weight);
        say("starting " + node.id() + " at " + node.clientAddress());
        try {
            cluster.start(List.of(node), patience);
        } catch (CommandFailure failure) {
            if (!cluster.file().node(node.id()).orElse(node).alive()) {
                cluster.discard(node);
            }
            throw failure;
        }
        String name = NodeProbe.name(node);
        if (!name.equals(node.id())) {
            throw new CommandFailure(
                    ExitCode.FAILURE,
                    "the cluster calls the new node " + name + ", and this folder " + node.id()
                            + ": another node has joined at the same time",
                    "take it out again: kvctl cluster leave " + name + ", kvctl cluster commit");
        }
        return node;
    }
}
