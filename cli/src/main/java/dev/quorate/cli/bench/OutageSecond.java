package dev.quorate.cli.bench;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * One second of an outage.
 *
 * @param at when it ended, in seconds since the load began
 * @param hints that waited in all nodes together
 * @param cpuMicros of each node since its process began; 0 for one that does not run
 */
record OutageSecond(Phase phase, double at, Recording.Interval load, long hints, List<Long> cpuMicros) {
    /** In the order of time. */
    enum Phase {
        BEGIN,
        QUIET,
        AWAY,
        STARTING,
        REPLAY
    }

    /** The names of the columns, and their number. */
    static String header(int nodes) {
        StringBuilder header = new StringBuilder("round,second,phase,operations,p50_ms,p99_ms,max_ms,failed,hints");
        for (int node = 1; node <= nodes; node++) {
            header.append(",n").append(node).append("_cpu_ms");
        }
        return header.append(",reasons").toString();
    }

    /** @param before the second before this one, for the processor time between them; itself for the first */
    String csv(int round, OutageSecond before) {
        Latencies response = Latencies.of(load.response());
        StringBuilder line = new StringBuilder(String.format(
                Locale.ROOT,
                "%d,%.1f,%s,%d,%.1f,%.1f,%.1f,%d,%d",
                round,
                at,
                phase.name().toLowerCase(Locale.ROOT),
                load.response().getTotalCount(),
                response.p50() / 1e3,
                response.p99() / 1e3,
                response.max() / 1e3,
                load.failures().values().stream().mapToLong(Long::longValue).sum(),
                hints));
        for (int node = 0; node < cpuMicros.size(); node++) {
            // A process that has ended, or begun anew, counts from nothing again.
            long since = cpuMicros.get(node) - before.cpuMicros().get(node);
            line.append(',').append((since < 0 ? cpuMicros.get(node) : since) / 1000);
        }
        return line.append(',')
                .append(load.failures().entrySet().stream()
                        .map(reason -> reason.getKey() + "=" + reason.getValue())
                        .collect(Collectors.joining(" ")))
                .toString();
    }

    static SortedMap<String, Long> sum(List<SortedMap<String, Long>> failures) {
        SortedMap<String, Long> sum = new TreeMap<>();
        for (SortedMap<String, Long> each : failures) {
            for (Map.Entry<String, Long> reason : each.entrySet()) {
                sum.merge(reason.getKey(), reason.getValue(), Long::sum);
            }
        }
        return sum;
    }
}
