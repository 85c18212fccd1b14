package dev.quorate.cli.bench;

import com.google.gson.JsonObject;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.connect.Endpoint;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.DurationConverter;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.proto.admin.v1.GetNodeStatusRequest;
import dev.quorate.proto.admin.v1.NodeServiceGrpc;
import dev.quorate.proto.kv.v1.ReadOptions;
import dev.quorate.proto.kv.v1.Topology;
import dev.quorate.proto.kv.v1.WriteOptions;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** One load on one cluster. */
@Command(
        name = "bench",
        description = "Measure a cluster under load.",
        subcommands = {
            BenchEchoCommand.class,
            BenchSuiteCommand.class,
            BenchOutageCommand.class,
            BenchOverloadCommand.class,
            BenchCurvesCommand.class,
            BenchColdCommand.class
        },
        footer = {
            "",
            "Without --rate, a fixed number of users wait for their answers (closed loop): finds the capacity. With",
            "--rate, operations begin on time whatever happens (open loop), and response time counts from the",
            "intended start: shows what users feel. Writes the bench's own keys, k000000000000000 and so on.",
            "",
            "Examples:",
            "  kvctl bench --mix get=95,put=5 --keys zipf",
            "  kvctl bench --rate 5000 --duration 60s --hdr latency.hgrm",
            "  kvctl bench --save before.json",
            "  kvctl bench --compare before.json --tolerance 10"
        })
public final class BenchCommand extends KvctlCommand {
    @Mixin
    private LoadOptions load;

    @Option(
            names = "--mix",
            paramLabel = "MIX",
            defaultValue = "get=50,put=50",
            converter = Mix.Converter.class,
            description = "Shares of get, put and del in percent. Default: ${DEFAULT-VALUE}.")
    private Mix mix = Mix.HALF;

    @Option(
            names = "--key-count",
            paramLabel = "NUMBER",
            defaultValue = "100000",
            description = "Default: ${DEFAULT-VALUE}.")
    private long keyCount = 100_000;

    @Option(
            names = "--keys",
            paramLabel = "HOW",
            defaultValue = "uniform",
            description = "uniform, zipf, or hot (nine of ten operations on a hundredth of the keys). Default:"
                    + " ${DEFAULT-VALUE}.")
    private KeyDistribution distribution = KeyDistribution.uniform;

    @Option(
            names = "--transport",
            paramLabel = "HOW",
            defaultValue = "unary",
            description = "unary: one gRPC call per operation. pipeline: the Java SDK over its streams. Default:"
                    + " ${DEFAULT-VALUE}.")
    private TransportKind transport = TransportKind.unary;

    @Option(
            names = "--bucket",
            paramLabel = "NAME",
            defaultValue = "default",
            description = "Default: ${DEFAULT-VALUE}.")
    private String bucket = "default";

    @Option(names = "--r", paramLabel = "NUMBER", description = "Read quorum. Default: the bucket's.")
    private @Nullable Integer r;

    @Option(names = "--w", paramLabel = "NUMBER", description = "Write quorum. Default: the bucket's.")
    private @Nullable Integer w;

    @Option(names = "--no-load", description = "Do not write all keys first; reads then may find nothing.")
    private boolean noLoad;

    @Option(
            names = "--hdr",
            paramLabel = "FILE",
            description = "Write the response times as an HdrHistogram .hgrm file.")
    private @Nullable Path hdr;

    @Option(names = "--save", paramLabel = "FILE", description = "Write the result as JSON.")
    private @Nullable Path save;

    @Option(names = "--compare", paramLabel = "FILE", description = "Compare with a result saved before.")
    private @Nullable Path compare;

    @Option(
            names = "--tolerance",
            paramLabel = "PERCENT",
            defaultValue = "15",
            description = "With --compare: how much worse still exits with 0. Default: ${DEFAULT-VALUE}.")
    private double tolerance = 15;

    private static final long MOST_KEYS = 1_000_000_000;

    @Override
    protected ExitCode run() throws Exception {
        load.check();
        LoadOptions.require(keyCount >= 1 && keyCount <= MOST_KEYS, "--key-count goes from 1 to a billion");
        // Read before anything is measured: a name with a typo should not cost a minute.
        JsonObject before = compare == null
                ? null
                : Comparison.read(terminal().workingDirectory().resolve(compare));
        Measurement measurement;
        try (Target target = target(nodes())) {
            if (mix.reads() && !noLoad) {
                say("writing " + keyCount + " keys");
                Loads.fill(target, keyCount);
            }
            Loads.awaitAnswer(target);
            Load running = load.load(target, mix, distribution.over(keyCount));
            running.start();
            say("warming up for " + DurationConverter.text(load.warmUp()));
            ServerProcesses servers = servers();
            Measurement.take(running, servers, load.warmUp());
            say("measuring for " + DurationConverter.text(load.duration()));
            measurement = Measurement.take(running, servers, load.duration());
            running.stop();
        }
        JsonObject result = result(measurement);
        if (hdr != null) {
            HistogramFile.write(
                    measurement.response(), terminal().workingDirectory().resolve(hdr));
        }
        if (save != null) {
            Files.writeString(terminal().workingDirectory().resolve(save), result + "\n");
        }
        if (options().json()) {
            printJson(result);
        } else {
            print(Figures.text(measurement, load.openLoop()));
        }
        if (measurement.operations() == 0) {
            throw new CommandFailure(ExitCode.UNAVAILABLE, "no operation succeeded: " + measurement.failures(), null);
        }
        return before == null ? ExitCode.OK : compared(before, result);
    }

    private ExitCode compared(JsonObject before, JsonObject result) {
        Comparison comparison = Comparison.of(before, result);
        say(comparison.text());
        return comparison.worseThan(tolerance) ? ExitCode.FAILURE : ExitCode.OK;
    }

    private List<String> nodes() {
        return Endpoint.of(options()).stream().map(Endpoint::toString).toList();
    }

    private Target target(List<String> nodes) {
        boolean missingIsFailure = !noLoad && mix.deletePercent() == 0;
        if (transport == TransportKind.pipeline) {
            dev.quorate.sdk.ReadOptions reads = dev.quorate.sdk.ReadOptions.DEFAULT;
            dev.quorate.sdk.WriteOptions writes = dev.quorate.sdk.WriteOptions.DEFAULT;
            return new PipelineTarget(
                    nodes,
                    options().timeout(),
                    bucket,
                    load.value(),
                    missingIsFailure,
                    r == null ? reads : reads.withR(r),
                    w == null ? writes : writes.withW(w));
        }
        ReadOptions.Builder reads = ReadOptions.newBuilder();
        WriteOptions.Builder writes = WriteOptions.newBuilder();
        if (r != null) {
            reads.setR(r);
        }
        if (w != null) {
            writes.setW(w);
        }
        return new UnaryTarget(
                nodes, options().timeout(), bucket, load.value(), missingIsFailure, reads.build(), writes.build());
    }

    /** The nodes' processes, as they name them, if they run on this machine; none otherwise. */
    private ServerProcesses servers() {
        List<Long> pids = new ArrayList<>();
        try (AdminConnection admin = AdminConnection.of(options())) {
            for (Topology.Node node : admin.topology().getNodesList()) {
                if (!InetAddress.getByName(
                                Endpoint.parse(node.getClientAddress()).host())
                        .isLoopbackAddress()) {
                    return new ServerProcesses(List.of());
                }
                pids.add(admin.callAt(
                                node.getAdminAddress(),
                                (channel, deadline) -> NodeServiceGrpc.newBlockingStub(channel)
                                        .withDeadline(deadline)
                                        .getNodeStatus(GetNodeStatusRequest.getDefaultInstance()))
                        .getPid());
            }
            return new ServerProcesses(pids);
        } catch (CommandFailure | UnknownHostException e) {
            say("without the servers' processor time: " + e.getMessage());
            return new ServerProcesses(List.of());
        }
    }

    private JsonObject result(Measurement measurement) throws InterruptedException {
        JsonObject result = new JsonObject();
        result.addProperty("format", 1);
        JsonObject settings = load.json();
        settings.addProperty("mix", mix.toString());
        settings.addProperty("keys", distribution.name());
        settings.addProperty("keyCount", keyCount);
        settings.addProperty("transport", transport.name());
        settings.addProperty("nodes", String.join(",", nodes()));
        result.add("settings", settings);
        for (Map.Entry<String, com.google.gson.JsonElement> entry :
                measurement.json().entrySet()) {
            result.add(entry.getKey(), entry.getValue());
        }
        result.add("surroundings", Surroundings.json(terminal()));
        return result;
    }

    /** What {@code bench} and {@code bench echo} print alike. */
    static final class Figures {
        private Figures() {}

        static String text(Measurement measurement, boolean openLoop) {
            StringBuilder text = new StringBuilder();
            text.append(String.format(Locale.ROOT, "throughput   %,.0f operations/s%n", measurement.throughput()));
            if (openLoop) {
                line(text, "response", Latencies.of(measurement.response()));
            }
            line(text, "service", Latencies.of(measurement.service()));
            if (measurement.serverCpuMicros() >= 0) {
                text.append(String.format(
                        Locale.ROOT,
                        "cpu          servers %.1f us, client %.1f us per operation%n",
                        measurement.serverCpuMicros(),
                        measurement.clientCpuMicros()));
            }
            text.append(
                    measurement.failures().isEmpty()
                            ? "failures     none\n"
                            : "failures     " + measurement.failures() + "\n");
            return text.toString();
        }

        private static void line(StringBuilder text, String name, Latencies latencies) {
            text.append(String.format(
                    Locale.ROOT,
                    "%-12s p50 %.0f us, p90 %.0f us, p99 %.0f us, p99.9 %.0f us, max %.0f us%n",
                    name,
                    latencies.p50(),
                    latencies.p90(),
                    latencies.p99(),
                    latencies.p999(),
                    latencies.max()));
        }
    }
}
