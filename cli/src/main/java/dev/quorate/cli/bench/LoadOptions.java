package dev.quorate.cli.bench;

import com.google.gson.JsonObject;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.DurationConverter;
import dev.quorate.cli.terminal.ExitCode;
import java.time.Duration;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What is sent, how fast, and for how long. */
final class LoadOptions {
    @Option(
            names = "--in-flight",
            paramLabel = "NUMBER",
            defaultValue = "64",
            description = "Closed loop: users that each wait for their answer. Default: ${DEFAULT-VALUE}.")
    private int inFlight = 64;

    @Option(
            names = "--rate",
            paramLabel = "PER_SECOND",
            description = "Open loop: operations per second, begun whether or not earlier ones were answered.")
    private @Nullable Double rate;

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
            description = "Before measuring; young JVMs are several times slower. Default: ${DEFAULT-VALUE}.")
    private Duration warmUp = Duration.ofSeconds(30);

    @Option(
            names = "--duration",
            paramLabel = "DURATION",
            defaultValue = "10s",
            converter = DurationConverter.class,
            description = "Of the measurement. Default: ${DEFAULT-VALUE}.")
    private Duration duration = Duration.ofSeconds(10);

    @Option(
            names = "--seed",
            paramLabel = "NUMBER",
            defaultValue = "1",
            description = "Of the choice of keys and operations. Default: ${DEFAULT-VALUE}.")
    private long seed = 1;

    private static final int MOST_IN_FLIGHT = 10_000;
    private static final double HIGHEST_RATE = 10_000_000;
    private static final int LARGEST_VALUE = 1 << 20;
    /** What a node takes unless it is configured otherwise: key and value together are at most 10 KiB. */
    static final int LARGEST_BY_DEFAULT = (10 << 10) - BenchKey.BYTES;

    void check() {
        checkInFlight(inFlight);
        require(rate == null || (rate > 0 && rate <= HIGHEST_RATE), "--rate is above 0 and below 10 million");
        require(valueSize >= 0 && valueSize <= LARGEST_VALUE, "--value-size goes from 0 to " + LARGEST_VALUE);
    }

    static void checkInFlight(int users) {
        require(users >= 1 && users <= MOST_IN_FLIGHT, "--in-flight goes from 1 to " + MOST_IN_FLIGHT);
    }

    static void require(boolean condition, String message) {
        if (!condition) {
            throw new CommandFailure(ExitCode.USAGE, message, null);
        }
    }

    int inFlight() {
        return inFlight;
    }

    Duration warmUp() {
        return warmUp;
    }

    Duration duration() {
        return duration;
    }

    long seed() {
        return seed;
    }

    boolean openLoop() {
        return rate != null;
    }

    byte[] value() {
        return value(valueSize);
    }

    /** Bytes that no transport can shrink. */
    static byte[] value(int size) {
        byte[] value = new byte[size];
        new SplittableRandom(size).nextBytes(value);
        return value;
    }

    Load load(Target target, Mix mix, KeyDistribution.Chooser keys) {
        return rate == null
                ? Loads.closed(target, inFlight, mix, keys, seed)
                : new OpenLoop(target, Work.random(mix, keys, seed), rate);
    }

    JsonObject json() {
        JsonObject json = new JsonObject();
        json.addProperty("loop", rate == null ? "closed" : "open");
        if (rate == null) {
            json.addProperty("inFlight", inFlight);
        } else {
            json.addProperty("rate", rate);
        }
        json.addProperty("valueSize", valueSize);
        json.addProperty("warmUpSeconds", warmUp.toMillis() / 1e3);
        json.addProperty("seed", seed);
        return json;
    }
}
