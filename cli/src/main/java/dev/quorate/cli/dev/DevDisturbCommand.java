package dev.quorate.cli.dev;

import dev.quorate.cli.faults.Direction;
import dev.quorate.cli.faults.Disturbance;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.DurationConverter;
import dev.quorate.cli.terminal.ExitCode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Makes links bad rather than dead. */
@Command(
        name = "disturb",
        description = "Make the links between two groups of nodes late, slow or unreliable.",
        footer = {
            "",
            "Examples:",
            "  kvctl dev disturb 1 2,3 --delay 50ms",
            "  kvctl dev disturb --one-way 1 2 --bytes-per-second 100000",
            "  kvctl dev disturb 1 2 --reset         break the connections that stand now"
        })
public final class DevDisturbCommand extends DevCommand {
    @Parameters(index = "0", paramLabel = "NODES", description = "For example 1 or 1,2.")
    private String ones;

    @Parameters(index = "1", paramLabel = "NODES", description = "For example 3.")
    private String others;

    @Option(names = "--one-way", description = "Only what the first group sends to the second.")
    private boolean oneWay;

    @Option(
            names = "--delay",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            description = "Everything arrives this much later.")
    private @Nullable Duration delay;

    @Option(names = "--bytes-per-second", paramLabel = "NUMBER", description = "No more than this arrives.")
    private long bytesPerSecond;

    @Option(names = "--reset", description = "Break the connections that stand; nodes may connect again at once.")
    private boolean reset;

    @Override
    protected ExitCode run() throws Exception {
        boolean lasting = delay != null || bytesPerSecond > 0;
        if (bytesPerSecond < 0 || !lasting && !reset) {
            throw new CommandFailure(
                    ExitCode.USAGE, "say how to disturb them: --delay, --bytes-per-second above 0, or --reset", null);
        }
        try (ClusterFolder.Lock ignored = lockExisting()) {
            LocalCluster cluster = existing();
            List<NodeGroup> sides = NodeGroup.parse(List.of(ones, others), cluster);
            Disturbance disturbance = new Disturbance(false, delay == null ? Duration.ZERO : delay, bytesPerSecond);
            SortedMap<Direction, Disturbance> links = new TreeMap<>(sides.get(0).towards(sides.get(1), disturbance));
            if (!oneWay) {
                links.putAll(sides.get(1).towards(sides.get(0), disturbance));
            }
            FaultPlan plan = lasting ? cluster.faults().and(links) : cluster.faults();
            cluster.disturb(reset ? plan.withResets(new ArrayList<>(links.keySet())) : plan);
            for (Direction direction : links.keySet()) {
                say(direction + " " + (reset ? "connections broken" : "")
                        + (reset && lasting ? ", " : "")
                        + (lasting ? disturbance : ""));
            }
            if (lasting) {
                say("next: 'kvctl dev heal' ends it");
            }
        }
        return ExitCode.OK;
    }
}
