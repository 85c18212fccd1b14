package dev.quorate.cli.bench;

import java.util.Locale;
import java.util.stream.Collectors;

/**
 * One second of an overload.
 *
 * @param at when it ended, in seconds since the first phase began
 * @param seconds how long it was
 * @param residentBytes of all nodes together, when it ended
 * @param serverCpuMicros of all nodes, in it
 */
record OverloadSecond(
        OverloadTrial.Phase phase,
        double at,
        double seconds,
        Recording.Interval load,
        long residentBytes,
        long serverCpuMicros,
        long clientCpuMicros) {

    static final String HEADER =
            "second,phase,answered_per_s,p50_ms,p99_ms,dropped_per_s,failed_per_s,resident_mb,server_cpu,client_cpu,reasons";

    /** With success. */
    long answered() {
        return load.response().getTotalCount();
    }

    /** What the generator left out, because too many of its operations were waiting. */
    long left() {
        return load.failures().getOrDefault(OpenLoop.TOO_MANY_WAITING, 0L);
    }

    /** Begun, and not answered with success. */
    long failed() {
        return load.failures().values().stream().mapToLong(Long::longValue).sum() - left();
    }

    double p99Millis() {
        return load.response().getValueAtPercentile(99) / 1e6;
    }

    String csv() {
        return String.format(
                Locale.ROOT,
                "%.1f,%s,%.0f,%.1f,%.1f,%.0f,%.0f,%d,%.2f,%.2f,%s",
                at,
                phase.name().toLowerCase(Locale.ROOT),
                answered() / seconds,
                load.response().getValueAtPercentile(50) / 1e6,
                p99Millis(),
                left() / seconds,
                failed() / seconds,
                residentBytes / 1_000_000,
                serverCpuMicros / 1e6 / seconds,
                clientCpuMicros / 1e6 / seconds,
                load.failures().entrySet().stream()
                        .map(reason -> reason.getKey() + "=" + reason.getValue())
                        .collect(Collectors.joining(" ")));
    }
}
