package dev.quorate.cli.dev;

import dev.quorate.cli.faults.Direction;
import dev.quorate.cli.faults.Disturbance;
import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.terminal.ExitCode;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Cuts the links between groups of nodes, without a sign to either side, as a broken network does. */
@Command(
        name = "partition",
        description = "Cut the links between groups of nodes.",
        footer = {
            "",
            "Nothing arrives any more, and no connection is seen to break. Nodes that are not named keep all their links. Clients",
            "still reach every node. More cuts may follow; 'kvctl dev heal' ends them all.",
            "",
            "Examples:",
            "  kvctl dev partition 1,2 3           n3 is alone",
            "  kvctl dev partition --one-way 1 2   n2 hears nothing from n1, and n1 still hears n2"
        })
public final class DevPartitionCommand extends DevCommand {
    @Parameters(arity = "2..*", paramLabel = "NODES", description = "Groups, for example: 1,2 3")
    private List<String> groups;

    @Option(names = "--one-way", description = "Only what the first group sends to the others is lost.")
    private boolean oneWay;

    @Override
    protected ExitCode run() throws Exception {
        try (ClusterFolder.Lock ignored = lockExisting()) {
            LocalCluster cluster = existing();
            List<NodeGroup> sides = NodeGroup.parse(groups, cluster);
            SortedMap<Direction, Disturbance> cuts = new TreeMap<>();
            for (NodeGroup side : oneWay ? sides.subList(0, 1) : sides) {
                for (NodeGroup other : sides) {
                    if (side != other) {
                        cuts.putAll(side.towards(other, Disturbance.CUT));
                    }
                }
            }
            cluster.disturb(cluster.faults().and(cuts));
            cuts.keySet().forEach(direction -> say(direction + " cut"));
            List<String> others = cluster.file().nodes().stream()
                    .filter(node ->
                            sides.stream().noneMatch(side -> side.numbers().contains(node.number())))
                    .map(ClusterFile.Node::id)
                    .toList();
            if (!others.isEmpty()) {
                say("links of " + String.join(", ", others) + ": as they were");
            }
            say("next: 'kvctl cluster status' shows what the nodes make of it; 'kvctl dev heal' ends it");
        }
        return ExitCode.OK;
    }
}
