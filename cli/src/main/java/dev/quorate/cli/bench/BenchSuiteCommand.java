package dev.quorate.cli.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.quorate.cli.dev.LocalCluster;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.DurationConverter;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.proto.kv.v1.ReadOptions;
import dev.quorate.proto.kv.v1.WriteOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * All figures that the project publishes, as ratios to an echo measured between them. Starts what it needs: an echo
 * server, a cluster of one node and one of three, all in processes of their own, and stops them again.
 */
@Command(
        name = "suite",
        description = "Measure everything beside the echo, and print one table.",
        footer = {
            "",
            "Each round measures the echo, then a group of cases, and so on: A B A B. Figures are medians over the",
            "rounds; a ratio is the median of each round's ratio to the echo of its own group.",
            "",
            "Examples:",
            "  kvctl bench suite --save figures.json",
            "  kvctl bench suite --quick --only 'one node, unary'",
            "  kvctl bench suite --short --compare docs/figures-short.json"
        })
public final class BenchSuiteCommand extends KvctlCommand {
    private static final long KEYS = 100_000;
    private static final int WARM_UP_USERS = 64;

    @Option(names = "--rounds", paramLabel = "NUMBER", defaultValue = "3", description = "Default: ${DEFAULT-VALUE}.")
    private int rounds = 3;

    @Option(
            names = "--duration",
            paramLabel = "DURATION",
            defaultValue = "5s",
            converter = DurationConverter.class,
            description = "Of each measurement. Default: ${DEFAULT-VALUE}.")
    private Duration duration = Duration.ofSeconds(5);

    @Option(
            names = "--warm-up",
            paramLabel = "DURATION",
            defaultValue = "30s",
            converter = DurationConverter.class,
            description = "Of each target before the first measurement. Default: ${DEFAULT-VALUE}.")
    private Duration warmUp = Duration.ofSeconds(30);

    @Option(
            names = "--value-sizes",
            paramLabel = "BYTES",
            split = ",",
            defaultValue = "100,1024",
            description = "Default: ${DEFAULT-VALUE}.")
    private List<Integer> sizes = List.of(100, 1024);

    @Option(
            names = "--in-flight",
            paramLabel = "NUMBER",
            split = ",",
            defaultValue = "1,64",
            description = "Default: ${DEFAULT-VALUE}.")
    private List<Integer> inFlight = List.of(1, 64);

    @Option(
            names = "--heap",
            paramLabel = "SIZE",
            defaultValue = "512m",
            description = "Java heap of each node. Default: ${DEFAULT-VALUE}.")
    private String heap = "512m";

    @Option(
            names = "--only",
            paramLabel = "REGEX",
            description = "Cases whose name contains a match, for example 'three nodes' or 'unary, 50/50'.")
    private @Nullable String only;

    @Option(names = "--quick", description = "A look, not a measurement: 1 round of 2s, 5s of warm-up, 100 bytes.")
    private boolean quick;

    @Option(
            names = "--short",
            description =
                    "Before each landing, in two minutes: 2 rounds of 1s, 8s of warm-up, 100 bytes, 64 in flight.")
    private boolean brief;

    @Option(
            names = "--compare",
            paramLabel = "FILE",
            description = "Print the ratios beside those that were saved before, best with the same options.")
    private @Nullable Path compare;

    @Option(
            names = "--dir",
            paramLabel = "FOLDER",
            description = "Where the clusters keep their data; removed afterwards. Default: .quorate/bench here.")
    private @Nullable Path directory;

    @Option(names = "--save", paramLabel = "FILE", description = "Write all measurements as JSON.")
    private @Nullable Path save;

    @Option(
            names = "--hdr",
            paramLabel = "FOLDER",
            description = "Write the service times of each case there, as HdrHistogram .hgrm files.")
    private @Nullable Path hdr;

    @Override
    protected ExitCode run() throws Exception {
        LoadOptions.require(!quick || !brief, "--quick and --short are two different looks: give one");
        if (brief) {
            rounds = 2;
            duration = Duration.ofSeconds(1);
            warmUp = Duration.ofSeconds(8);
            sizes = List.of(100);
            inFlight = List.of(64);
        }
        if (quick) {
            rounds = 1;
            duration = Duration.ofSeconds(2);
            warmUp = Duration.ofSeconds(5);
            sizes = List.of(100);
        }
        LoadOptions.require(rounds >= 1, "--rounds is at least 1");
        Pattern wanted = pattern();
        // Read before anything is measured: a name with a typo should not cost minutes.
        SuiteComparison before = compare == null
                ? null
                : SuiteComparison.read(terminal().workingDirectory().resolve(compare));
        Path root = terminal().workingDirectory().resolve(directory == null ? Path.of(".quorate", "bench") : directory);
        ClusterFolder one = new ClusterFolder(root.resolve("one"));
        ClusterFolder three = new ClusterFolder(root.resolve("three"));
        Path launcher = RunningCluster.launcher(terminal());
        SuiteResult result = new SuiteResult(rounds);
        try (EchoProcess echo = EchoProcess.start();
                RunningCluster single =
                        RunningCluster.start(one, new LocalCluster.Shape(1, heap, false), launcher, this::say);
                RunningCluster triple =
                        RunningCluster.start(three, new LocalCluster.Shape(3, heap, false), launcher, this::say)) {
            result.startToReady(single.startToReady());
            result.idleMemory(triple.processes().memory());
            for (int size : sizes) {
                try (Targets targets = new Targets(
                        echo, single, triple, LoadOptions.value(size), options().timeout())) {
                    measure(targets, size, wanted, result);
                }
            }
            result.loadedMemory(triple.processes().memory());
        }
        JsonObject json = result.json();
        json.add("surroundings", Surroundings.json(terminal()));
        if (save != null) {
            Files.writeString(terminal().workingDirectory().resolve(save), json + "\n");
        }
        if (hdr != null) {
            result.writeHistograms(terminal().workingDirectory().resolve(hdr));
        }
        if (options().json()) {
            printJson(json);
        } else {
            print(result.markdown());
            if (before != null) {
                print(before.markdown(result.summaries()));
            }
        }
        return ExitCode.OK;
    }

    private @Nullable Pattern pattern() {
        try {
            return only == null ? null : Pattern.compile(only);
        } catch (PatternSyntaxException e) {
            throw new CommandFailure(ExitCode.USAGE, "--only: " + e.getMessage(), null, e);
        }
    }

    private void measure(Targets targets, int size, @Nullable Pattern wanted, SuiteResult result)
            throws InterruptedException {
        List<List<SuiteCase>> groups = SuiteCase.groups(size, inFlight, wanted);
        if (groups.isEmpty()) {
            return;
        }
        say("value size " + size + ": writing " + KEYS + " keys to each cluster");
        Loads.fill(targets.of(SuiteCase.Subject.ONE_PIPELINE), KEYS);
        Loads.fill(targets.of(SuiteCase.Subject.THREE_PIPELINE), KEYS);
        KeyDistribution.Chooser keys = KeyDistribution.uniform.over(KEYS);
        for (SuiteCase.Subject subject : SuiteCase.Subject.values()) {
            boolean used = subject == SuiteCase.Subject.ECHO
                    || groups.stream().flatMap(List::stream).anyMatch(each -> each.subject() == subject);
            if (used) {
                say("warming up " + subject.text());
                run(targets, new SuiteCase(subject, Mix.HALF, size, WARM_UP_USERS), keys, warmUp);
            }
        }
        for (int round = 1; round <= rounds; round++) {
            for (List<SuiteCase> group : groups) {
                SuiteCase first = group.get(0);
                SuiteCase echo = new SuiteCase(SuiteCase.Subject.ECHO, Mix.READS, size, first.inFlight());
                Measurement ceiling = run(targets, echo, keys, duration);
                result.add(echo, ceiling, ceiling);
                say(progress(round, echo, ceiling));
                for (SuiteCase each : group) {
                    Measurement measurement = run(targets, each, keys, duration);
                    result.add(each, measurement, ceiling);
                    say(progress(round, each, measurement));
                }
            }
        }
    }

    private String progress(int round, SuiteCase what, Measurement measurement) {
        String failures = measurement.failures().isEmpty() ? "" : ", failures " + measurement.failures();
        return "round " + round + "/" + rounds + ": " + what.name() + ": " + Math.round(measurement.throughput())
                + " operations/s" + failures;
    }

    private static Measurement run(Targets targets, SuiteCase what, KeyDistribution.Chooser keys, Duration measured)
            throws InterruptedException {
        return Loads.measured(
                Loads.closed(targets.of(what.subject()), what.inFlight(), what.mix(), keys, 1),
                targets.processes(what.subject()),
                measured);
    }

    /** One client for each subject, all for values of one size. */
    private static final class Targets implements AutoCloseable {
        private final Map<SuiteCase.Subject, Target> targets = new LinkedHashMap<>();
        private final Map<SuiteCase.Subject, ServerProcesses> processes = new LinkedHashMap<>();

        Targets(EchoProcess echo, RunningCluster one, RunningCluster three, byte[] value, Duration timeout) {
            targets.put(SuiteCase.Subject.ECHO, new EchoTarget(echo.address(), timeout, value));
            targets.put(SuiteCase.Subject.ONE_UNARY, unary(one, value, timeout));
            targets.put(SuiteCase.Subject.ONE_PIPELINE, pipeline(one, value, timeout));
            targets.put(SuiteCase.Subject.THREE_UNARY, unary(three, value, timeout));
            targets.put(SuiteCase.Subject.THREE_PIPELINE, pipeline(three, value, timeout));
            processes.put(SuiteCase.Subject.ECHO, new ServerProcesses(List.of(echo.pid())));
            processes.put(SuiteCase.Subject.ONE_UNARY, one.processes());
            processes.put(SuiteCase.Subject.ONE_PIPELINE, one.processes());
            processes.put(SuiteCase.Subject.THREE_UNARY, three.processes());
            processes.put(SuiteCase.Subject.THREE_PIPELINE, three.processes());
        }

        private static Target unary(RunningCluster cluster, byte[] value, Duration timeout) {
            return new UnaryTarget(
                    cluster.addresses(),
                    timeout,
                    "default",
                    value,
                    true,
                    ReadOptions.getDefaultInstance(),
                    WriteOptions.getDefaultInstance());
        }

        private static Target pipeline(RunningCluster cluster, byte[] value, Duration timeout) {
            return PipelineTarget.plain(cluster.addresses(), timeout, value, true);
        }

        Target of(SuiteCase.Subject subject) {
            return Objects.requireNonNull(targets.get(subject));
        }

        ServerProcesses processes(SuiteCase.Subject subject) {
            return Objects.requireNonNull(processes.get(subject));
        }

        @Override
        public void close() {
            targets.values().forEach(Target::close);
        }
    }

    /** Kept together so that the table and the file tell the same. */
    static final class SuiteResult {
        private final int rounds;
        private final Map<SuiteCase, List<Round>> measured = new LinkedHashMap<>();
        private Duration startToReady = Duration.ZERO;
        private ServerProcesses.Memory idle = ServerProcesses.Memory.NONE;
        private ServerProcesses.Memory loaded = ServerProcesses.Memory.NONE;

        private record Round(Measurement measurement, double ratio) {}

        SuiteResult(int rounds) {
            this.rounds = rounds;
        }

        void startToReady(Duration took) {
            startToReady = took;
        }

        void idleMemory(ServerProcesses.Memory memory) {
            idle = memory;
        }

        void loadedMemory(ServerProcesses.Memory memory) {
            loaded = memory;
        }

        void add(SuiteCase what, Measurement measurement, Measurement ceiling) {
            measured.computeIfAbsent(what, any -> new ArrayList<>())
                    .add(new Round(measurement, measurement.throughput() / ceiling.throughput()));
        }

        private Summary summary(SuiteCase what, List<Round> all) {
            return new Summary(
                    what,
                    Spread.of(all.stream()
                            .map(round -> round.measurement().throughput())
                            .toList()),
                    Spread.of(all.stream().map(Round::ratio).toList()),
                    Spread.of(all.stream()
                            .map(round ->
                                    Latencies.of(round.measurement().service()).p50())
                            .toList()),
                    Spread.of(all.stream()
                            .map(round ->
                                    Latencies.of(round.measurement().service()).p99())
                            .toList()),
                    Spread.of(all.stream()
                            .map(round -> round.measurement().serverCpuMicros())
                            .toList()),
                    all.stream()
                            .mapToLong(round -> round.measurement().failed())
                            .sum());
        }

        private List<Summary> summaries() {
            return measured.entrySet().stream()
                    .map(entry -> summary(entry.getKey(), entry.getValue()))
                    .toList();
        }

        String markdown() {
            return SuiteTable.markdown(summaries(), rounds, startToReady, idle, loaded);
        }

        /** One file for each case, over all its rounds. */
        void writeHistograms(Path folder) throws IOException {
            Files.createDirectories(folder);
            for (Map.Entry<SuiteCase, List<Round>> entry : measured.entrySet()) {
                Histogram all = new Histogram(Recording.DIGITS);
                entry.getValue().forEach(round -> all.add(round.measurement().service()));
                String name = entry.getKey().name().replaceAll("[^A-Za-z0-9]+", "-");
                HistogramFile.write(all, folder.resolve(name + ".hgrm"));
            }
        }

        JsonObject json() {
            JsonObject json = new JsonObject();
            json.addProperty("format", 1);
            json.addProperty("rounds", rounds);
            json.addProperty("startToReadyMillis", startToReady.toMillis());
            json.addProperty("threeNodesIdleBytes", idle.bytes());
            json.addProperty("threeNodesIdleFileBytes", idle.ofFiles());
            json.addProperty("threeNodesLoadedBytes", loaded.bytes());
            json.addProperty("threeNodesLoadedFileBytes", loaded.ofFiles());
            JsonArray cases = new JsonArray();
            measured.forEach((what, all) -> {
                JsonObject entry = summary(what, all).json();
                JsonArray each = new JsonArray();
                all.forEach(round -> each.add(round.measurement().json()));
                entry.add("rounds", each);
                cases.add(entry);
            });
            json.add("cases", cases);
            return json;
        }
    }
}
