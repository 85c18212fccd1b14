package dev.quorate.cli.bench;

import com.google.gson.JsonObject;
import java.util.Locale;
import java.util.SortedMap;

/**
 * What one outage of one node cost and how it ended. Seconds count from when the node was taken away, or served clients again.
 *
 * @param failedBy requests that failed, by reason
 * @param lastFailureSecond the last second after the node was taken away, or came back, in which a request failed; 0 if none did
 * @param mostHints that waited at any time in all nodes together
 * @param caughtUpSeconds until no hint waited and nobody was recovering
 * @param equalSeconds until all owners of the sampled keys held the same, which was looked at only after the load had ended
 * @param replayCpuSeconds of all nodes while it caught up, clients included
 */
record OutageRound(
        double rate,
        Latencies quiet,
        Latencies outage,
        Latencies starting,
        Latencies replay,
        long operations,
        SortedMap<String, Long> failedBy,
        int lastFailureSecond,
        long mostHints,
        double caughtUpSeconds,
        double equalSeconds,
        long repairBytes,
        double replayCpuSeconds) {

    long failures() {
        return failedBy.values().stream().mapToLong(Long::longValue).sum();
    }

    double replayRatio() {
        return replay.p99() / quiet.p99();
    }

    JsonObject json() {
        JsonObject json = new JsonObject();
        json.addProperty("rate", Math.round(rate));
        json.add("quiet", quiet.json());
        json.add("outage", outage.json());
        json.add("starting", starting.json());
        json.add("replay", replay.json());
        json.addProperty("operations", operations);
        json.addProperty("failures", failures());
        JsonObject reasons = new JsonObject();
        failedBy.forEach(reasons::addProperty);
        json.add("failedBy", reasons);
        json.addProperty("lastFailureSecond", lastFailureSecond);
        json.addProperty("mostHints", mostHints);
        json.addProperty("caughtUpSeconds", Math.round(caughtUpSeconds * 10) / 10.0);
        json.addProperty("equalSeconds", Math.round(equalSeconds * 10) / 10.0);
        json.addProperty("repairBytes", repairBytes);
        json.addProperty("replayCpuSeconds", Math.round(replayCpuSeconds * 10) / 10.0);
        return json;
    }

    String text() {
        return String.format(
                Locale.ROOT,
                "p99 quiet %.1f ms, in the outage %.1f ms, in the replay %.1f ms (%.2f times quiet); %d of %d failed%s, the last in"
                        + " second %d; at most %d hints, caught up after %.1f s, replicas equal after %.1f s",
                quiet.p99() / 1e3,
                outage.p99() / 1e3,
                replay.p99() / 1e3,
                replayRatio(),
                failures(),
                operations + failures(),
                failedBy.isEmpty() ? "" : " " + failedBy,
                lastFailureSecond,
                mostHints,
                caughtUpSeconds,
                equalSeconds);
    }
}
