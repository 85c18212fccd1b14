package dev.quorate.cli.bench;

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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What becomes of a cluster that is asked for many times what it can do. */
@Command(
        name = "overload",
        description = "Offer three nodes many times their maximum, and see what they still do.",
        footer = {
            "",
            "Starts a cluster of its own, finds its maximum in a closed loop, and offers a multiple of it in an open loop,",
            "before and after which it offers half of it. The generator is this process; the nodes have their own. What it",
            "would begin with too many of its operations waiting, it drops, and says how many.",
            "",
            "Examples:",
            "  kvctl bench overload --save overload.json",
            "  kvctl bench overload --transport unary --factor 4 --timeline seconds.csv"
        })
public final class BenchOverloadCommand extends KvctlCommand {
    private static final int NODES = 3;
    private static final int USERS = 64;
    private static final Duration MAXIMUM = Duration.ofSeconds(10);

    @Option(
            names = "--factor",
            paramLabel = "NUMBER",
            defaultValue = "10",
            description = "How many times the maximum. Default: ${DEFAULT-VALUE}.")
    private double factor = 10;

    @Option(
            names = "--duration",
            paramLabel = "DURATION",
            defaultValue = "30s",
            converter = DurationConverter.class,
            description = "Of the overload. Default: ${DEFAULT-VALUE}.")
    private Duration duration = Duration.ofSeconds(30);

    @Option(
            names = "--quiet",
            paramLabel = "DURATION",
            defaultValue = "20s",
            converter = DurationConverter.class,
            description = "Of the usual load, before and after. Default: ${DEFAULT-VALUE}.")
    private Duration quiet = Duration.ofSeconds(20);

    @Option(
            names = "--most-in-flight",
            paramLabel = "NUMBER",
            defaultValue = "20000",
            description = "Above it the generator drops what it would begin. Default: ${DEFAULT-VALUE}.")
    private int mostInFlight = OpenLoop.MOST_IN_FLIGHT;

    @Option(
            names = "--transport",
            paramLabel = "HOW",
            defaultValue = "pipeline",
            description =
                    "unary: one gRPC call per operation, which is not tried again. pipeline: the Java SDK over its"
                            + " streams. Default: ${DEFAULT-VALUE}.")
    private TransportKind transport = TransportKind.pipeline;

    @Option(
            names = "--key-count",
            paramLabel = "NUMBER",
            defaultValue = "100000",
            description = "Default: ${DEFAULT-VALUE}.")
    private long keys = 100_000;

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

    @Option(
            names = "--dir",
            paramLabel = "FOLDER",
            description = "Where the cluster keeps its data; removed afterwards. Default: .quorate/overload here.")
    private @Nullable Path directory;

    @Option(names = "--save", paramLabel = "FILE", description = "Write the result as JSON.")
    private @Nullable Path save;

    @Option(names = "--timeline", paramLabel = "FILE", description = "Write what every second was like, as CSV.")
    private @Nullable Path timeline;

    @Override
    protected ExitCode run() throws Exception {
        LoadOptions.require(factor > 0, "--factor is above 0");
        LoadOptions.require(
                mostInFlight >= 1 && mostInFlight <= PipelineTarget.MOST_IN_FLIGHT,
                "--most-in-flight goes from 1 to " + PipelineTarget.MOST_IN_FLIGHT);
        LoadOptions.require(
                valueSize >= 0 && valueSize <= LoadOptions.LARGEST_BY_DEFAULT,
                "--value-size goes from 0 to " + LoadOptions.LARGEST_BY_DEFAULT);
        LoadOptions.require(keys >= 1, "--key-count is at least 1");
        Path root =
                terminal().workingDirectory().resolve(directory == null ? Path.of(".quorate", "overload") : directory);
        try (RunningCluster cluster = RunningCluster.start(
                        new ClusterFolder(root),
                        new LocalCluster.Shape(NODES, heap, false),
                        RunningCluster.launcher(terminal()),
                        this::say);
                Target target = target(cluster)) {
            say("writing " + keys + " keys");
            Loads.fill(target, keys);
            KeyDistribution.Chooser chooser = KeyDistribution.uniform.over(keys);
            double maximum = Loads.maximum(target, USERS, Mix.HALF, chooser, warmUp, MAXIMUM);
            say(String.format(Locale.ROOT, "maximum %,.0f operations/s", maximum));
            OverloadTrial.Plan plan =
                    new OverloadTrial.Plan(maximum / 2, maximum * factor, mostInFlight, quiet, duration, quiet);
            tell(maximum, new OverloadTrial(cluster.processes(), plan, chooser).run(target));
        }
        return ExitCode.OK;
    }

    private Target target(RunningCluster cluster) {
        if (transport == TransportKind.pipeline) {
            return new PipelineTarget(
                    cluster.addresses(),
                    options().timeout(),
                    "default",
                    LoadOptions.value(valueSize),
                    true,
                    ReadOptions.DEFAULT,
                    WriteOptions.DEFAULT);
        }
        return new UnaryTarget(
                cluster.addresses(),
                options().timeout(),
                "default",
                LoadOptions.value(valueSize),
                true,
                dev.quorate.proto.kv.v1.ReadOptions.getDefaultInstance(),
                dev.quorate.proto.kv.v1.WriteOptions.getDefaultInstance());
    }

    private void tell(double maximum, OverloadTrial.Outcome outcome) throws IOException, InterruptedException {
        if (timeline != null) {
            List<String> lines = new ArrayList<>();
            lines.add(OverloadSecond.HEADER);
            outcome.seconds().forEach(second -> lines.add(second.csv()));
            Files.write(terminal().workingDirectory().resolve(timeline), lines);
        }
        JsonObject json = outcome.json();
        json.addProperty("format", 1);
        json.addProperty("maximum", Math.round(maximum));
        json.addProperty("factor", factor);
        json.addProperty("mostInFlight", mostInFlight);
        json.addProperty("transport", transport.name());
        json.addProperty("keyCount", keys);
        json.addProperty("valueSize", valueSize);
        json.add("surroundings", Surroundings.json(terminal()));
        if (save != null) {
            Files.writeString(terminal().workingDirectory().resolve(save), json + "\n");
        }
        if (options().json()) {
            printJson(json);
            return;
        }
        Table table = new Table("", "ANSWERED/S", "OF MAXIMUM", "P50", "P99", "DROPPED/S", "MEMORY", "FAILED");
        for (OverloadTrial.Phase phase : OverloadTrial.Phase.values()) {
            Latencies response = outcome.response(phase);
            SortedMap<String, Long> failures = outcome.failures(phase);
            failures.remove(OpenLoop.TOO_MANY_WAITING);
            table.row(
                    phase.name().toLowerCase(Locale.ROOT),
                    String.format(Locale.ROOT, "%,.0f", outcome.goodput(phase)),
                    String.format(Locale.ROOT, "%.0f %%", 100 * outcome.goodput(phase) / maximum),
                    String.format(Locale.ROOT, "%.1f ms", response.p50() / 1e3),
                    String.format(Locale.ROOT, "%.1f ms", response.p99() / 1e3),
                    String.format(Locale.ROOT, "%,.0f", outcome.dropped(phase)),
                    String.format(Locale.ROOT, "%.2f GB", outcome.mostResidentBytes(phase) / 1e9),
                    failures.isEmpty() ? "none" : failures.toString());
        }
        print(table);
        double recovered = outcome.recoveredAfterSeconds();
        print(
                recovered < 0
                        ? "not as before in the time given\n"
                        : String.format(Locale.ROOT, "as before %.0f s after the overload%n", recovered));
    }
}
