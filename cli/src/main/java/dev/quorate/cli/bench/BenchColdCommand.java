package dev.quorate.cli.bench;

import com.google.gson.JsonObject;
import dev.quorate.cli.bench.ColdFigures.ReadsMode;
import dev.quorate.cli.dev.LocalCluster;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.terminal.DurationConverter;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** What reads cost that have to wait for the disk, and what they cost reads that have not. */
@Command(
        name = "cold",
        description = "Measure reads of values that are on the disk and not in memory.",
        footer = {
            "",
            "Starts a node of its own, writes, and before each cold measurement stops it, drops LMDB's file from the page cache, starts",
            "it again and warms up its code with a few keys. Then everything is read once, and measured warm. Beside each measurement",
            "go two trickles of reads of warm keys: of some in memory tables, and of some that LMDB has in memory.",
            "What the system reads ahead is dropped again ten times a second while it is cold, as where data exceeds memory: but for",
            "that, a disk that reads far ahead has all of it in memory after a few reads. Linux, with GNU's dd.",
            "",
            "Examples:",
            "  kvctl bench cold --save cold.json",
            "  kvctl bench cold --reads auto --keep-read-ahead",
            "  kvctl bench cold --quick"
        })
public final class BenchColdCommand extends KvctlCommand {
    private static final long MOST_KEYS = 1_000_000_000;
    private static final double HIGHEST_RATE = 10_000;

    @Option(
            names = "--reads",
            paramLabel = "HOW",
            split = ",",
            defaultValue = "loop,pool",
            description = "Where the node reads LMDB, its setting storage.reads, of ${COMPLETION-CANDIDATES}. Default:"
                    + " ${DEFAULT-VALUE}.")
    private List<ReadsMode> reads = List.of();

    @Option(
            names = "--key-count",
            paramLabel = "NUMBER",
            defaultValue = "1000000",
            description = "Default: ${DEFAULT-VALUE}.")
    private long keys = 1_000_000;

    @Option(
            names = "--value-size",
            paramLabel = "BYTES",
            defaultValue = "1000",
            description = "Default: ${DEFAULT-VALUE}.")
    private int valueSize = 1_000;

    @Option(
            names = "--in-flight",
            paramLabel = "NUMBER",
            split = ",",
            defaultValue = "1,64",
            description = "Default: ${DEFAULT-VALUE}.")
    private List<Integer> inFlight = List.of();

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
            defaultValue = "10s",
            converter = DurationConverter.class,
            description = "Of the node's code, before each cold measurement. Default: ${DEFAULT-VALUE}.")
    private Duration warmUp = Duration.ofSeconds(10);

    @Option(
            names = "--warm-rate",
            paramLabel = "PER_SECOND",
            defaultValue = "200",
            description = "Of each of the two trickles of reads of warm keys. Default: ${DEFAULT-VALUE}.")
    private double warmRate = 200;

    @Option(
            names = "--keep-read-ahead",
            description = "Keep in memory what the system reads ahead, as when a node starts whose data fits there.")
    private boolean keepReadAhead;

    @Option(
            names = "--heap",
            paramLabel = "SIZE",
            defaultValue = "512m",
            description = "Java heap of the node. Default: ${DEFAULT-VALUE}.")
    private String heap = "512m";

    @Option(names = "--quick", description = "A look, not a measurement: 100000 keys, 1s each, 3s of warm-up.")
    private boolean quick;

    @Option(
            names = "--dir",
            paramLabel = "FOLDER",
            description = "Where the node keeps its data; removed afterwards. Default: .quorate/cold here.")
    private @Nullable Path directory;

    @Option(names = "--save", paramLabel = "FILE", description = "Write all measurements as JSON.")
    private @Nullable Path save;

    @Override
    protected ExitCode run() throws Exception {
        if (quick) {
            keys = 100_000;
            duration = Duration.ofSeconds(1);
            warmUp = Duration.ofSeconds(3);
        }
        check();
        Path root = terminal().workingDirectory().resolve(directory == null ? Path.of(".quorate", "cold") : directory);
        LocalCluster.Shape shape = new LocalCluster.Shape(1, heap, false);
        List<ColdFigures> figures = new ArrayList<>();
        long fileBytes;
        Optional<Long> readAheadKib;
        try (RunningCluster running =
                RunningCluster.start(new ClusterFolder(root), shape, RunningCluster.launcher(terminal()), this::say)) {
            ColdTrial trial = new ColdTrial(
                    running,
                    new ColdTrial.Plan(
                            keys,
                            valueSize,
                            duration,
                            warmUp,
                            warmRate,
                            keepReadAhead,
                            options().timeout()),
                    this::say);
            say("writing " + keys + " keys");
            trial.fill();
            List<ColdPhase> phases = ColdPhase.all(List.copyOf(new TreeSet<>(inFlight)));
            for (ReadsMode each : new TreeSet<>(reads)) {
                figures.addAll(trial.run(each, phases));
            }
            fileBytes = trial.fileBytes();
            readAheadKib = PageCache.readAheadKib(trial.file());
        }
        JsonObject json = json(figures, fileBytes, readAheadKib);
        if (save != null) {
            Files.writeString(terminal().workingDirectory().resolve(save), json + "\n");
        }
        if (options().json()) {
            printJson(json);
        } else {
            print(heading(fileBytes, readAheadKib) + "\n\n" + ColdFigures.markdown(figures, fileBytes));
        }
        return ExitCode.OK;
    }

    private void check() {
        LoadOptions.require(keys >= 1 && keys <= MOST_KEYS, "--key-count goes from 1 to a billion");
        LoadOptions.require(
                valueSize >= 0 && valueSize <= LoadOptions.LARGEST_BY_DEFAULT,
                "--value-size goes from 0 to " + LoadOptions.LARGEST_BY_DEFAULT
                        + ": key and value together are at most 10 KiB");
        inFlight.forEach(LoadOptions::checkInFlight);
        LoadOptions.require(warmRate > 0 && warmRate <= HIGHEST_RATE, "--warm-rate is above 0 and at most 10 thousand");
    }

    private String heading(long fileBytes, Optional<Long> readAheadKib) {
        return String.format(
                Locale.ROOT,
                "One node, %s keys of %d B, %,d MB in LMDB; the disk's read-ahead is %s and was %s.",
                LogAxis.text(keys),
                valueSize,
                fileBytes / 1_000_000,
                readAheadKib.map(kib -> kib + " KiB").orElse("unknown"),
                keepReadAhead ? "kept" : "dropped while it was cold");
    }

    private JsonObject json(List<ColdFigures> figures, long fileBytes, Optional<Long> readAheadKib)
            throws InterruptedException {
        JsonObject json = new JsonObject();
        json.addProperty("format", 1);
        json.addProperty("keyCount", keys);
        json.addProperty("valueSize", valueSize);
        json.addProperty("durationSeconds", duration.toMillis() / 1e3);
        json.addProperty("warmUpSeconds", warmUp.toMillis() / 1e3);
        json.addProperty("warmRate", warmRate);
        json.addProperty("keepReadAhead", keepReadAhead);
        json.addProperty("dataFileBytes", fileBytes);
        readAheadKib.ifPresent(kib -> json.addProperty("readAheadKib", kib));
        json.add("phases", ColdFigures.json(figures));
        json.add("surroundings", Surroundings.json(terminal()));
        return json;
    }
}
