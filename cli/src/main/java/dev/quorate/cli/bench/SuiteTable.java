package dev.quorate.cli.bench;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/** The suite's results in Markdown: every case, then those for which the project has set itself targets. */
final class SuiteTable {
    private static final int TARGET_SIZE = 100;
    private static final int TARGET_USERS = 64;

    private SuiteTable() {}

    static String markdown(
            List<Summary> summaries,
            int rounds,
            Duration startToReady,
            ServerProcesses.Memory idle,
            ServerProcesses.Memory loaded) {
        StringBuilder text = new StringBuilder();
        line(
                text,
                "Medians of %d rounds, lowest to highest in parentheses; client and all servers on this machine; sync"
                        + " durability.",
                rounds);
        text.append('\n');
        line(text, "| | operations/s | ratio to echo | p50 us | p99 us | server CPU us/op | failures |");
        line(text, "|---|---|---|---|---|---|---|");
        for (Summary summary : summaries) {
            line(
                    text,
                    "| %s | %,.0f (%,.0f-%,.0f) | %.2f (%.2f-%.2f) | %.0f | %.0f | %.1f | %d |",
                    summary.what().name(),
                    summary.throughput().median(),
                    summary.throughput().lowest(),
                    summary.throughput().highest(),
                    summary.ratio().median(),
                    summary.ratio().lowest(),
                    summary.ratio().highest(),
                    summary.p50Micros().median(),
                    summary.p99Micros().median(),
                    summary.serverCpuMicros().median(),
                    summary.failures());
        }
        text.append('\n');
        line(text, "| target | measured | must | goal |");
        line(text, "|---|---|---|---|");
        ratio(text, summaries, "GET, unary / echo", SuiteCase.Subject.ONE_UNARY, Mix.READS, "0.80", "0.95");
        ratio(text, summaries, "PUT, unary / echo", SuiteCase.Subject.ONE_UNARY, Mix.WRITES, "0.45", "0.65");
        ratio(text, summaries, "50/50, unary / echo", SuiteCase.Subject.ONE_UNARY, Mix.HALF, "0.60", "0.80");
        ratio(text, summaries, "GET over Pipeline / unary echo", SuiteCase.Subject.ONE_PIPELINE, Mix.READS, "2.0", "4");
        ratio(
                text,
                summaries,
                "PUT over Pipeline / unary echo",
                SuiteCase.Subject.ONE_PIPELINE,
                Mix.WRITES,
                "1.0",
                "2");
        ratio(
                text,
                summaries,
                "three nodes R=W=2, 50/50, unary / echo",
                SuiteCase.Subject.THREE_UNARY,
                Mix.HALF,
                "0.25",
                "0.40");
        ratio(
                text,
                summaries,
                "three nodes R=W=2, 50/50, pipeline / unary echo",
                SuiteCase.Subject.THREE_PIPELINE,
                Mix.HALF,
                "0.25",
                "0.40");
        figure(
                text,
                summaries,
                "three nodes R=W=2, server CPU per operation, 50/50, unary, us",
                SuiteCase.Subject.THREE_UNARY,
                Mix.HALF,
                TARGET_USERS,
                summary -> summary.serverCpuMicros().median(),
                "60",
                "30");
        figure(
                text,
                summaries,
                "three nodes R=W=2, server CPU per operation, 50/50, pipeline, us",
                SuiteCase.Subject.THREE_PIPELINE,
                Mix.HALF,
                TARGET_USERS,
                summary -> summary.serverCpuMicros().median(),
                "60",
                "30");
        figure(
                text,
                summaries,
                "PUT, 1 in flight, p50, us",
                SuiteCase.Subject.ONE_UNARY,
                Mix.WRITES,
                1,
                summary -> summary.p50Micros().median(),
                "300",
                "220");
        line(text, "| start to ready, one node, s | %.2f | 1.0 | 0.5 |", startToReady.toMillis() / 1e3);
        line(
                text,
                "| resident memory, three nodes idle / loaded, GB | %.2f / %.2f | 0.5 / 1.5 | 0.3 / 0.8 |",
                idle.bytes() / 1e9,
                loaded.bytes() / 1e9);
        line(
                text,
                "| of it pages of mapped files, which the system can drop, GB | %.2f / %.2f | | |",
                idle.ofFiles() / 1e9,
                loaded.ofFiles() / 1e9);
        return text.toString();
    }

    private static void ratio(
            StringBuilder text,
            List<Summary> summaries,
            String name,
            SuiteCase.Subject subject,
            Mix mix,
            String must,
            String goal) {
        find(summaries, subject, mix, TARGET_USERS)
                .ifPresent(summary -> line(
                        text, "| %s | %.2f | %s | %s |", name, summary.ratio().median(), must, goal));
    }

    private static void figure(
            StringBuilder text,
            List<Summary> summaries,
            String name,
            SuiteCase.Subject subject,
            Mix mix,
            int users,
            ToDoubleFunction<Summary> figure,
            String must,
            String goal) {
        find(summaries, subject, mix, users)
                .ifPresent(summary ->
                        line(text, "| %s | %.0f | %s | %s |", name, figure.applyAsDouble(summary), must, goal));
    }

    private static Optional<Summary> find(List<Summary> summaries, SuiteCase.Subject subject, Mix mix, int users) {
        SuiteCase wanted = new SuiteCase(subject, mix, TARGET_SIZE, users);
        return summaries.stream()
                .filter(summary -> summary.what().equals(wanted))
                .findFirst();
    }

    private static void line(StringBuilder text, String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
    }
}
