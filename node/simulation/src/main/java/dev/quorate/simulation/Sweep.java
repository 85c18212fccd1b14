package dev.quorate.simulation;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Adds up the reports of many seeds. */
public final class Sweep {
    private static final int FAILURES_KEPT = 20;

    private final Situations situations = new Situations();
    private final Map<Fault.Kind, Long> faults = new EnumMap<>(Fault.Kind.class);
    private final List<RunReport> failures = new ArrayList<>();
    private long seeds;
    private long failedSeeds;
    private long violations;
    private long operations;
    private long events;
    private long messages;
    private long faultCount;
    private long faultKinds;
    private long simulatedNanos;
    private long crashesThatLostData;
    private long seedsThatLostData;

    public void add(RunReport report) {
        seeds++;
        operations += report.operations();
        events += report.events();
        messages += report.messages();
        simulatedNanos += report.simulatedNanos();
        crashesThatLostData += report.crashesThatLostData();
        seedsThatLostData += report.crashesThatLostData() > 0 ? 1 : 0;
        faultKinds += report.faults().size();
        report.faults().forEach((kind, count) -> {
            faults.merge(kind, (long) count, Long::sum);
            faultCount += count;
        });
        situations.addAll(report.situations());
        violations += report.violations().size();
        if (report.failed()) {
            failedSeeds++;
            if (failures.size() < FAILURES_KEPT) {
                failures.add(report);
            }
        }
    }

    public long seeds() {
        return seeds;
    }

    public long failedSeeds() {
        return failedSeeds;
    }

    /** The first failures. */
    public List<RunReport> failures() {
        return List.copyOf(failures);
    }

    public Situations situations() {
        return situations;
    }

    public double operationsPerSeed() {
        return perSeed(operations);
    }

    public double faultsPerSeed() {
        return perSeed(faultCount);
    }

    public double faultKindsPerSeed() {
        return perSeed(faultKinds);
    }

    public double shareOfSeedsThatLostUnsyncedData() {
        return perSeed(seedsThatLostData);
    }

    private double perSeed(long total) {
        return seeds == 0 ? 0 : (double) total / seeds;
    }

    /** For people. */
    public String table(double seconds) {
        StringBuilder text = new StringBuilder();
        line(text, "seeds", "%,d", seeds);
        line(text, "violations", "%,d in %,d seeds", violations, failedSeeds);
        line(text, "simulated cluster-hours", "%,.1f", simulatedNanos / 3.6e12);
        line(text, "client operations", "%,d (%.0f a seed)", operations, operationsPerSeed());
        line(text, "messages between nodes", "%,d", messages);
        line(text, "events", "%,d", events);
        line(text, "faults", "%,d (%.1f of %.1f kinds a seed)", faultCount, faultsPerSeed(), faultKindsPerSeed());
        faults.forEach((kind, count) -> line(text, "  " + lower(kind.name()), "%,d", count));
        line(
                text,
                "crashes that lost unsynced data",
                "%,d in %.0f %% of the seeds",
                crashesThatLostData,
                100 * shareOfSeedsThatLostUnsyncedData());
        text.append("what happened along the way\n");
        situations.counts().forEach((situation, count) -> line(text, "  " + situation.meaning(), "%,d", count));
        line(text, "speed", "%.0f seeds/s, %,.0f events/s", seeds / seconds, events / seconds);
        return text.toString();
    }

    private static String lower(String name) {
        return name.toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static void line(StringBuilder text, String name, String format, Object... values) {
        text.append(String.format(Locale.ROOT, "%-76s ", name))
                .append(String.format(Locale.ROOT, format, values))
                .append('\n');
    }
}
