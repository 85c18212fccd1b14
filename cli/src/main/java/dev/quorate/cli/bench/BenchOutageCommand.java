package dev.quorate.cli.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.quorate.cli.dev.LocalCluster;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.terminal.DurationConverter;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.cli.terminal.Table;
import dev.quorate.sdk.ReadOptions;
import dev.quorate.sdk.WriteOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What the loss of a node costs those who use the others, and how the cluster gets over it. */
@Command(
        name = "outage",
        description = "Take one of three nodes away under load, give it back, and measure until all is as before.",
        footer = {
            "",
            "Starts a cluster of its own, finds its maximum in a closed loop, and then keeps up half of that in an open loop:",
            "quiet, through the outage, and until no hint waits, nobody is recovering and all owners hold the same. A key that",
            "was written and is not found is a failure.",
            "",
            "Examples:",
            "  kvctl bench outage --save outage.json",
            "  kvctl bench outage --fault wipe --key-count 1000000 --away 10s --rounds 1",
            "  kvctl bench outage --quick"
        })
public final class BenchOutageCommand extends KvctlCommand {
    private static final int NODES = 3;
    private static final int USERS = 64;
    private static final Duration MAXIMUM = Duration.ofSeconds(10);

    @Option(
            names = "--fault",
            paramLabel = "HOW",
            defaultValue = "kill",
            description = "kill, or wipe: the node comes back with an empty disk. Default: ${DEFAULT-VALUE}.")
    private OutageTrial.Fault fault = OutageTrial.Fault.kill;

    @Option(
            names = "--away",
            paramLabel = "DURATION",
            defaultValue = "2m",
            converter = DurationConverter.class,
            description = "How long the node is gone. Default: ${DEFAULT-VALUE}.")
    private Duration away = Duration.ofMinutes(2);

    @Option(
            names = "--quiet",
            paramLabel = "DURATION",
            defaultValue = "30s",
            converter = DurationConverter.class,
            description = "How long the quiet cluster is measured. Default: ${DEFAULT-VALUE}.")
    private Duration quiet = Duration.ofSeconds(30);

    @Option(
            names = "--patience",
            paramLabel = "DURATION",
            defaultValue = "10m",
            converter = DurationConverter.class,
            description = "How long all may take to be as before. Default: ${DEFAULT-VALUE}.")
    private Duration patience = Duration.ofMinutes(10);

    @Option(names = "--rounds", paramLabel = "NUMBER", defaultValue = "3", description = "Default: ${DEFAULT-VALUE}.")
    private int rounds = 3;

    @Option(
            names = "--rate",
            paramLabel = "PER_SECOND",
            description = "Operations per second. Default: half of the maximum measured first.")
    private @Nullable Double rate;

    @Option(
            names = "--key-count",
            paramLabel = "NUMBER",
            defaultValue = "100000",
            description = "Default: ${DEFAULT-VALUE}.")
    private long keys = 100_000;

    @Option(
            names = "--sample",
            paramLabel = "NUMBER",
            defaultValue = "5000",
            description = "Keys that are compared on all their owners. Default: ${DEFAULT-VALUE}.")
    private int sample = 5_000;

    @Option(
            names = "--value-size",
            paramLabel = "BYTES",
            defaultValue = "100",
            description = "Default: ${DEFAULT-VALUE}.")
    private int valueSize = 100;

    @Option(
            names = "--warm-up",
            paramLabel = "DURATION",
            defaultValue = "30s",
            converter = DurationConverter.class,
            description = "Before measuring. Default: ${DEFAULT-VALUE}.")
    private Duration warmUp = Duration.ofSeconds(30);

    @Option(
            names = "--heap",
            paramLabel = "SIZE",
            defaultValue = "512m",
            description = "Java heap of each node. Default: ${DEFAULT-VALUE}.")
    private String heap = "512m";

    @Option(names = "--quick", description = "A look, not a measurement: 1 round, 5s quiet, 10s away, 20000 keys.")
    private boolean quick;

    @Option(
            names = "--dir",
            paramLabel = "FOLDER",
            description = "Where the cluster keeps its data; removed afterwards. Default: .quorate/outage here.")
    private @Nullable Path directory;

    @Option(names = "--save", paramLabel = "FILE", description = "Write the result as JSON.")
    private @Nullable Path save;

    @Option(
            names = "--timeline",
            paramLabel = "FILE",
            description =
                    "Write what every second was like, as CSV: latencies, failures by reason, hints, processor time of each node.")
    private @Nullable Path timeline;

    @Override
    protected ExitCode run() throws Exception {
        if (quick) {
            rounds = 1;
            quiet = Duration.ofSeconds(5);
            away = Duration.ofSeconds(10);
            warmUp = Duration.ofSeconds(10);
            keys = 20_000;
        }
        LoadOptions.require(rounds >= 1, "--rounds is at least 1");
        LoadOptions.require(keys >= 1 && sample >= 1, "--key-count and --sample are at least 1");
        LoadOptions.require(rate == null || rate > 0, "--rate is above 0");
        Path root =
                terminal().workingDirectory().resolve(directory == null ? Path.of(".quorate", "outage") : directory);
        LocalCluster.Shape shape = new LocalCluster.Shape(NODES, heap, false);
        List<OutageRound> results = new ArrayList<>();
        try (RunningCluster cluster = RunningCluster.start(
                        new ClusterFolder(root), shape, RunningCluster.launcher(terminal()), this::say);
                Target target = new PipelineTarget(
                        cluster.addresses(),
                        options().timeout(),
                        "default",
                        LoadOptions.value(valueSize),
                        true,
                        ReadOptions.DEFAULT.withR(2),
                        WriteOptions.DEFAULT.withW(2))) {
            say("writing " + keys + " keys");
            Loads.fill(target, keys);
            // Also where the rate is given: it is the warm-up.
            double maximum =
                    Loads.maximum(target, USERS, Mix.HALF, KeyDistribution.uniform.over(keys), warmUp, MAXIMUM);
            say(String.format(Locale.ROOT, "maximum %,.0f operations/s", maximum));
            double half = rate == null ? maximum / 2 : rate;
            OutageTrial.Plan plan = new OutageTrial.Plan(fault, half, keys, quiet, away, patience, sample);
            if (timeline != null) {
                Files.write(timelinePath(timeline), List.of(OutageSecond.header(NODES)));
            }
            for (int round = 1; round <= rounds; round++) {
                List<OutageSecond> seconds = new ArrayList<>();
                OutageRound result;
                try {
                    result = new OutageTrial(cluster, plan, this::say, seconds::add).run(target, round);
                } finally {
                    // Also of a round that did not come to its end: it is the one to look at.
                    append(round, seconds);
                }
                say("round " + round + "/" + rounds + ": " + result.text());
                results.add(result);
            }
        }
        tell(results);
        return ExitCode.OK;
    }

    private Path timelinePath(Path file) {
        return terminal().workingDirectory().resolve(file);
    }

    private void append(int round, List<OutageSecond> seconds) throws IOException {
        if (timeline == null) {
            return;
        }
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < seconds.size(); i++) {
            lines.add(seconds.get(i).csv(round, seconds.get(Math.max(0, i - 1))));
        }
        Files.write(timelinePath(timeline), lines, StandardOpenOption.APPEND);
    }

    private void tell(List<OutageRound> results) throws IOException, InterruptedException {
        JsonObject json = new JsonObject();
        json.addProperty("format", 1);
        json.addProperty("fault", fault.name());
        json.addProperty("awaySeconds", away.toSeconds());
        json.addProperty("keyCount", keys);
        json.addProperty("valueSize", valueSize);
        JsonArray each = new JsonArray();
        results.forEach(result -> each.add(result.json()));
        json.add("rounds", each);
        json.addProperty("medianReplayRatio", median(results, OutageRound::replayRatio));
        json.add("surroundings", Surroundings.json(terminal()));
        if (save != null) {
            Files.writeString(terminal().workingDirectory().resolve(save), json + "\n");
        }
        if (options().json()) {
            printJson(json);
            return;
        }
        Table table = new Table(
                "",
                "QUIET P99",
                "OUTAGE P99",
                "REPLAY P99",
                "RATIO",
                "FAILED",
                "LAST",
                "HINTS",
                "CAUGHT UP",
                "EQUAL",
                "CPU");
        for (int i = 0; i < results.size(); i++) {
            OutageRound round = results.get(i);
            table.row(
                    "round " + (i + 1),
                    millis(round.quiet().p99()),
                    millis(round.outage().p99()),
                    millis(round.replay().p99()),
                    String.format(Locale.ROOT, "%.2f", round.replayRatio()),
                    round.failures(),
                    round.lastFailureSecond() + " s",
                    round.mostHints(),
                    seconds(round.caughtUpSeconds()),
                    seconds(round.equalSeconds()),
                    seconds(round.replayCpuSeconds()));
        }
        table.row(
                "median",
                millis(median(results, round -> round.quiet().p99())),
                millis(median(results, round -> round.outage().p99())),
                millis(median(results, round -> round.replay().p99())),
                String.format(Locale.ROOT, "%.2f", median(results, OutageRound::replayRatio)),
                Math.round(median(results, OutageRound::failures)),
                Math.round(median(results, OutageRound::lastFailureSecond)) + " s",
                Math.round(median(results, OutageRound::mostHints)),
                seconds(median(results, OutageRound::caughtUpSeconds)),
                seconds(median(results, OutageRound::equalSeconds)),
                seconds(median(results, OutageRound::replayCpuSeconds)));
        print(table);
    }

    private interface Figure {
        double of(OutageRound round);
    }

    private static double median(List<OutageRound> rounds, Figure figure) {
        return Spread.of(rounds.stream().map(figure::of).toList()).median();
    }

    private static String millis(double micros) {
        return String.format(Locale.ROOT, "%.1f ms", micros / 1e3);
    }

    private static String seconds(double seconds) {
        return String.format(Locale.ROOT, "%.1f s", seconds);
    }
}
