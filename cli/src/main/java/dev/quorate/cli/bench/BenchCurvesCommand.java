package dev.quorate.cli.bench;

import com.google.gson.JsonObject;
import dev.quorate.cli.dev.LocalCluster;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.terminal.DurationConverter;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** How cost grows with keys, users, values and nodes: one thing is varied at a time, from one base point. */
@Command(
        name = "curves",
        description = "Measure how cost grows with keys, operations in flight, bytes and nodes, and draw it.",
        footer = {
            "",
            "Starts clusters of its own, a new one for each number of keys, size of values and number of nodes, and measures GETs",
            "and then PUTs over the pipeline. All else is as at the base point: 100000 keys of 100 bytes, 64 in flight, one node.",
            "A cluster has as many replicas as nodes, at most three, and the default quorums.",
            "",
            "Examples:",
            "  kvctl bench curves --save curves.json --svg curves.svg",
            "  kvctl bench curves --only inflight,nodes --duration 10s",
            "  kvctl bench curves --quick"
        })
public final class BenchCurvesCommand extends KvctlCommand {
    private static final long MOST_KEYS = 1_000_000_000;
    private static final int MOST_NODES = 16;

    @Option(
            names = "--only",
            paramLabel = "CURVE",
            split = ",",
            description = "Of ${COMPLETION-CANDIDATES}. Default: all four.")
    private List<Curve> only = List.of(Curve.values());

    @Option(
            names = "--keys",
            paramLabel = "NUMBER",
            split = ",",
            defaultValue = "10000,100000,1000000,10000000",
            description = "Default: ${DEFAULT-VALUE}.")
    private List<Long> keys = List.of();

    @Option(
            names = "--in-flight",
            paramLabel = "NUMBER",
            split = ",",
            defaultValue = "1,4,16,64,256",
            description = "Default: ${DEFAULT-VALUE}.")
    private List<Integer> inFlight = List.of();

    @Option(
            names = "--values",
            paramLabel = "BYTES",
            split = ",",
            defaultValue = "16,100,1000,10000",
            description = "Default: ${DEFAULT-VALUE}.")
    private List<Integer> sizes = List.of();

    @Option(
            names = "--nodes",
            paramLabel = "NUMBER",
            split = ",",
            defaultValue = "1,2,3,5",
            description = "Default: ${DEFAULT-VALUE}.")
    private List<Integer> nodes = List.of();

    @Option(
            names = "--duration",
            paramLabel = "DURATION",
            defaultValue = "5s",
            converter = DurationConverter.class,
            description = "Of each measurement, of which every point has two. Default: ${DEFAULT-VALUE}.")
    private Duration duration = Duration.ofSeconds(5);

    @Option(
            names = "--warm-up",
            paramLabel = "DURATION",
            defaultValue = "15s",
            converter = DurationConverter.class,
            description =
                    "Of each cluster before its first measurement; of the first one twice. Default: ${DEFAULT-VALUE}.")
    private Duration warmUp = Duration.ofSeconds(15);

    @Option(
            names = "--heap",
            paramLabel = "SIZE",
            defaultValue = "512m",
            description = "Java heap of each node. Default: ${DEFAULT-VALUE}.")
    private String heap = "512m";

    @Option(
            names = "--quick",
            description = "A look, not a measurement: 1s each, 3s of warm-up, two or three values each.")
    private boolean quick;

    @Option(
            names = "--dir",
            paramLabel = "FOLDER",
            description = "Where the clusters keep their data; removed afterwards. Default: .quorate/curves here.")
    private @Nullable Path directory;

    @Option(
            names = "--save",
            paramLabel = "FILE",
            description = "Write all measurements as JSON, also of a run that does not come to its end.")
    private @Nullable Path save;

    @Option(names = "--svg", paramLabel = "FILE", description = "Draw the curves.")
    private @Nullable Path svg;

    @Override
    protected ExitCode run() throws Exception {
        if (quick) {
            duration = Duration.ofSeconds(1);
            warmUp = Duration.ofSeconds(3);
            keys = List.of(10_000L, 100_000L);
            inFlight = List.of(1, 16, 256);
            sizes = List.of(16, 10_000);
            nodes = List.of(1, 3);
        }
        check();
        Map<Curve, List<CurvePoint>> curves = curves();
        CurvesResult result = new CurvesResult(curves);
        for (Map.Entry<CurvePoint, List<CurvePoint>> cluster : clusters(curves).entrySet()) {
            try {
                measure(cluster.getKey(), cluster.getValue(), result);
            } finally {
                // Each time: the largest clusters come last, and are the likeliest to fail.
                write(result);
            }
        }
        if (options().json()) {
            printJson(json(result));
        } else {
            print(result.markdown());
        }
        return ExitCode.OK;
    }

    private void check() {
        LoadOptions.require(
                keys.stream().allMatch(number -> number >= 1 && number <= MOST_KEYS), "--keys go from 1 to a billion");
        inFlight.forEach(LoadOptions::checkInFlight);
        LoadOptions.require(
                sizes.stream().allMatch(size -> size >= 1 && size <= LoadOptions.LARGEST_BY_DEFAULT),
                "--values go from 1 to " + LoadOptions.LARGEST_BY_DEFAULT
                        + ": key and value together are at most 10 KiB");
        LoadOptions.require(
                nodes.stream().allMatch(number -> number >= 1 && number <= MOST_NODES),
                "--nodes go from 1 to " + MOST_NODES);
    }

    private Map<Curve, List<CurvePoint>> curves() {
        Map<Curve, List<CurvePoint>> curves = new EnumMap<>(Curve.class);
        for (Curve curve : new TreeSet<>(only)) {
            curves.put(
                    curve,
                    curve.points(
                            switch (curve) {
                                case keys -> keys;
                                case inflight -> inFlight;
                                case sizes -> sizes;
                                case nodes -> nodes;
                            }));
        }
        return curves;
    }

    /** What is measured on which cluster; every point once, also those on several curves. The largest come last. */
    static Map<CurvePoint, List<CurvePoint>> clusters(Map<Curve, List<CurvePoint>> curves) {
        return curves.values().stream()
                .flatMap(List::stream)
                .distinct()
                .sorted(Comparator.comparingLong((CurvePoint point) -> point.keys() * point.valueSize() * point.nodes())
                        .thenComparingInt(CurvePoint::inFlight))
                .collect(Collectors.groupingBy(CurvePoint::cluster, LinkedHashMap::new, Collectors.toList()));
    }

    private void measure(CurvePoint cluster, List<CurvePoint> points, CurvesResult result)
            throws IOException, InterruptedException {
        Path root =
                terminal().workingDirectory().resolve(directory == null ? Path.of(".quorate", "curves") : directory);
        LocalCluster.Shape shape = new LocalCluster.Shape(cluster.nodes(), heap, false);
        try (RunningCluster running =
                RunningCluster.start(new ClusterFolder(root), shape, RunningCluster.launcher(terminal()), this::say)) {
            try (Target target = PipelineTarget.plain(
                    running.addresses(), options().timeout(), LoadOptions.value(cluster.valueSize()), true)) {
                say("writing " + cluster.keys() + " keys");
                Loads.fill(target, cluster.keys());
                running.awaitFlush();
                // At first the client is young as well.
                Duration young = result.isEmpty() ? warmUp.multipliedBy(2) : warmUp;
                say("warming up for " + DurationConverter.text(young));
                measured(target, running, cluster, Mix.HALF, young);
                for (CurvePoint point : points) {
                    Measurement reads = measured(target, running, point, Mix.READS, duration);
                    Measurement writes = measured(target, running, point, Mix.WRITES, duration);
                    result.add(point, reads, writes);
                    say(String.format(
                            Locale.ROOT,
                            "%s: %,.0f GET/s, %,.0f PUT/s%s%s",
                            point.text(),
                            reads.throughput(),
                            writes.throughput(),
                            failures(reads),
                            failures(writes)));
                }
            }
            running.stop();
            DiskUse.of(running, cluster.keys(), cluster.valueSize()).ifPresent(disk -> result.add(cluster, disk));
        }
    }

    private static Measurement measured(
            Target target, RunningCluster running, CurvePoint point, Mix mix, Duration duration)
            throws InterruptedException {
        return Loads.measured(
                Loads.closed(target, point.inFlight(), mix, KeyDistribution.uniform.over(point.keys()), 1),
                running.processes(),
                duration);
    }

    private static String failures(Measurement measurement) {
        return measurement.failures().isEmpty() ? "" : ", failures " + measurement.failures();
    }

    private void write(CurvesResult result) throws IOException, InterruptedException {
        if (save != null) {
            Files.writeString(terminal().workingDirectory().resolve(save), json(result) + "\n");
        }
        if (svg != null) {
            Files.writeString(terminal().workingDirectory().resolve(svg), result.svg());
        }
    }

    private JsonObject json(CurvesResult result) throws InterruptedException {
        JsonObject json = result.json();
        json.addProperty("durationSeconds", duration.toMillis() / 1e3);
        json.addProperty("warmUpSeconds", warmUp.toMillis() / 1e3);
        json.add("surroundings", Surroundings.json(terminal()));
        return json;
    }
}
