package dev.quorate.cli.bench;

import com.google.gson.JsonObject;
import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.SortedMap;
import java.util.concurrent.TimeUnit;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;

/**
 * What was seen in one stretch of a load.
 *
 * @param serverCpuMicros of all servers per successful operation; negative when their processes are not known
 * @param response from the intended start, and the same as {@code service} in a closed loop
 */
record Measurement(
        long operations,
        double seconds,
        Histogram service,
        Histogram response,
        SortedMap<String, Long> failures,
        double serverCpuMicros,
        double clientCpuMicros) {

    private static final @Nullable OperatingSystemMXBean SYSTEM =
            ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean bean ? bean : null;

    /** Lets a running load go on for a while and measures that while only. */
    static Measurement take(Load load, ServerProcesses servers, Duration duration) throws InterruptedException {
        Begun begun = begin(load, servers);
        TimeUnit.NANOSECONDS.sleep(duration.toNanos());
        return begun.end();
    }

    /** For several loads at once, each of which is begun before any is ended. */
    static Begun begin(Load load, ServerProcesses servers) {
        load.recording().forget();
        return new Begun(load, servers, servers.cpuMicros(), clientCpuNanos(), System.nanoTime());
    }

    /** A stretch that lasts until it is ended, once. */
    record Begun(Load load, ServerProcesses servers, long serverCpuMicros, long clientCpuNanos, long beganNanos) {

        Measurement end() {
            Recording.Interval interval = load.recording().take();
            double seconds = (System.nanoTime() - beganNanos) / 1e9;
            long clientNanos = Measurement.clientCpuNanos() - clientCpuNanos;
            long serverMicros = servers.cpuMicros() - serverCpuMicros;
            long operations = interval.service().getTotalCount();
            double each = operations == 0 ? 0 : 1.0 / operations;
            return new Measurement(
                    operations,
                    seconds,
                    interval.service(),
                    interval.response(),
                    interval.failures(),
                    servers.known() ? serverMicros * each : -1,
                    clientNanos / 1e3 * each);
        }
    }

    private static long clientCpuNanos() {
        return SYSTEM == null ? 0 : SYSTEM.getProcessCpuTime();
    }

    double throughput() {
        return operations / seconds;
    }

    long failed() {
        return failures.values().stream().mapToLong(Long::longValue).sum();
    }

    JsonObject json() {
        JsonObject json = new JsonObject();
        json.addProperty("operations", operations);
        json.addProperty("seconds", Math.round(seconds * 1000) / 1000.0);
        json.addProperty("throughput", Math.round(throughput() * 10) / 10.0);
        JsonObject failed = new JsonObject();
        failures.forEach(failed::addProperty);
        json.add("failures", failed);
        json.add("serviceMicros", Latencies.of(service).json());
        json.add("responseMicros", Latencies.of(response).json());
        if (serverCpuMicros >= 0) {
            json.addProperty("serverCpuMicrosPerOperation", Math.round(serverCpuMicros * 10) / 10.0);
        }
        json.addProperty("clientCpuMicrosPerOperation", Math.round(clientCpuMicros * 10) / 10.0);
        return json;
    }
}
