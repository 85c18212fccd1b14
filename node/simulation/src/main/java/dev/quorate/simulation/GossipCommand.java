package dev.quorate.simulation;

import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kvctl sim gossip}: rings of many nodes that only watch each other. Exit code 1 says that they did badly. */
@Command(
        name = "gossip",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Simulate the gossip of large rings alone: how much is said, how old what is known is, who is wrong.",
            "Messages get lost for a while; then one node dies without a word. Exits with 1 when a living node was held to be DOWN,",
            "or when the death was not known everywhere within 15 s."
        })
public final class GossipCommand implements Callable<Integer> {
    /** What a ring of any size has to keep. */
    static final double ALL_KNOW_SECONDS = 15;

    private static final int BROKEN = 1;

    @Option(
            names = "--nodes",
            paramLabel = "N",
            split = ",",
            defaultValue = "10,30,100,300,1000",
            description = "Sizes, one run each (default ${DEFAULT-VALUE}).")
    private List<Integer> nodes;

    @Option(
            names = "--loss",
            paramLabel = "PERCENT",
            split = ",",
            defaultValue = "0,20",
            description = "Messages lost, one run each (default ${DEFAULT-VALUE}).")
    private List<Double> loss;

    @Option(
            names = "--minutes",
            paramLabel = "N",
            defaultValue = "5",
            description = "Simulated time before the death (default ${DEFAULT-VALUE}).")
    private int minutes;

    @Option(names = "--seed", paramLabel = "SEED", defaultValue = "1", description = "The same seed is the same run.")
    private long seed;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() {
        boolean kept = true;
        PrintWriter out = spec.commandLine().getOut();
        out.println("nodes  loss    bytes/s    msgs/s  behind p50 p99 p99.9 max  age ms p50   p99  p99.9    max"
                + "  false DOWN  first knew  all knew");
        for (int size : nodes) {
            for (double percent : loss) {
                if (size < 2 || percent < 0 || percent >= 100 || minutes < 1) {
                    throw new ParameterException(
                            spec.commandLine(), "at least 2 nodes and a minute, and a loss from 0 to 100 percent");
                }
                GossipSimulation.Report report = GossipSimulation.run(
                        new GossipSimulation.Plan(seed, size, percent / 100, Duration.ofMinutes(minutes)));
                out.println(line(report));
                out.flush();
                kept &= report.falseDowns() == 0 && report.allKnewSeconds() <= ALL_KNOW_SECONDS;
            }
        }
        return kept ? 0 : BROKEN;
    }

    private static String line(GossipSimulation.Report report) {
        GossipSimulation.Distribution behind = report.behind();
        GossipSimulation.Distribution ages = report.ages();
        return String.format(
                Locale.ROOT,
                "%5d  %3.0f%%  %9.0f  %8.1f  %10d %3d %5d %3d  %10d %5d  %5d  %5d  %10d  %9.1fs  %7.1fs",
                report.plan().nodes(),
                report.plan().loss() * 100,
                report.bytesPerNodeSecond(),
                report.messagesPerNodeSecond(),
                behind.p50(),
                behind.p99(),
                behind.p999(),
                behind.max(),
                ages.p50(),
                ages.p99(),
                ages.p999(),
                ages.max(),
                report.falseDowns(),
                report.firstKnewSeconds(),
                report.allKnewSeconds());
    }
}
