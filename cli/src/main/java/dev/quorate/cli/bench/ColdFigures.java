package dev.quorate.cli.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What was seen in one phase.
 *
 * @param reads where the node read LMDB
 * @param warmRecent of the trickle of reads of keys that were in memory tables
 * @param warmStored of the trickle of reads of keys that LMDB had in memory
 * @param majorFaults of the node
 * @param diskReadBytes of the node, read ahead or asked for
 * @param residentBefore bytes of LMDB's file in memory; empty where the system does not tell
 */
record ColdFigures(
        ColdPhase phase,
        ReadsMode reads,
        Measurement main,
        Measurement warmRecent,
        Measurement warmStored,
        long majorFaults,
        long diskReadBytes,
        Optional<Long> residentBefore,
        Optional<Long> residentAfter) {

    /** Where a node reads LMDB: its setting {@code storage.reads}. */
    enum ReadsMode {
        auto,
        loop,
        pool
    }

    private double perOperation(double sum) {
        return main.operations() == 0 ? 0 : sum / main.operations();
    }

    /** Of an operation of any kind: a trickle of warm reads beside a few cold ones is not nothing. */
    double serverCpuMicros() {
        long all = main.operations() + warmRecent.operations() + warmStored.operations();
        return all == 0 ? 0 : main.serverCpuMicros() * main.operations() / all;
    }

    long failed() {
        return main.failed() + warmRecent.failed() + warmStored.failed();
    }

    String name() {
        return "reads " + reads + ", " + phase.text();
    }

    String text() {
        return String.format(
                Locale.ROOT,
                "%s: %,.0f operations/s, %.2f major faults each%s",
                name(),
                main.throughput(),
                perOperation(majorFaults),
                main.failures().isEmpty() ? "" : ", failures " + main.failures());
    }

    static String markdown(List<ColdFigures> all, long fileBytes) {
        StringBuilder text =
                new StringBuilder("| | operations/s | p50 us | p99 us | p99.9 us | major faults/op | disk KiB/op"
                        + " | server CPU us/op | file in memory | p99 us of warm keys, memory tables | of warm keys, LMDB | failures |\n"
                        + "|---|---|---|---|---|---|---|---|---|---|---|---|\n");
        all.forEach(each -> text.append(each.row(fileBytes)).append('\n'));
        return text.toString();
    }

    private String row(long fileBytes) {
        Latencies latencies = Latencies.of(main.service());
        return String.format(
                Locale.ROOT,
                "| %s | %,.0f | %.0f | %.0f | %.0f | %.2f | %,.1f | %.1f | %s to %s | %.0f | %.0f | %d |",
                name(),
                main.throughput(),
                latencies.p50(),
                latencies.p99(),
                latencies.p999(),
                perOperation(majorFaults),
                perOperation(diskReadBytes) / 1024,
                serverCpuMicros(),
                percent(residentBefore, fileBytes),
                percent(residentAfter, fileBytes),
                Latencies.of(warmRecent.response()).p99(),
                Latencies.of(warmStored.response()).p99(),
                failed());
    }

    static String percent(Optional<Long> resident, long fileBytes) {
        return resident.map(bytes -> Math.min(100, Math.round(100.0 * bytes / Math.max(1, fileBytes))) + " %")
                .orElse("?");
    }

    static JsonArray json(List<ColdFigures> all) {
        JsonArray array = new JsonArray();
        all.forEach(each -> array.add(each.json()));
        return array;
    }

    private JsonObject json() {
        JsonObject json = new JsonObject();
        json.addProperty("reads", reads.name());
        json.addProperty("state", phase.state().name());
        json.addProperty("keys", phase.keys().name());
        json.addProperty("inFlight", phase.inFlight());
        json.add("main", main.json());
        json.add("warmInMemoryTables", warmRecent.json());
        json.add("warmInLmdb", warmStored.json());
        json.addProperty("majorFaults", majorFaults);
        json.addProperty("diskReadBytes", diskReadBytes);
        json.addProperty("serverCpuMicrosPerOperationOfAnyKind", Math.round(serverCpuMicros() * 10) / 10.0);
        residentBefore.ifPresent(bytes -> json.addProperty("residentBytesBefore", bytes));
        residentAfter.ifPresent(bytes -> json.addProperty("residentBytesAfter", bytes));
        return json;
    }
}
