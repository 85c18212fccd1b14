package dev.quorate.cli.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.quorate.cli.bench.PanelPicture.Panel;
import dev.quorate.cli.bench.PanelPicture.Series;
import dev.quorate.cli.bench.PanelPicture.Value;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/** All that was measured for the curves so far; table, picture and file tell the same. */
final class CurvesResult {
    private static final String READS_COLOUR = "#0969da";
    private static final String WRITES_COLOUR = "#bc4c00";

    private record Figures(Measurement reads, Measurement writes) {
        private long failed() {
            return reads.failed() + writes.failed();
        }
    }

    private final Map<Curve, List<CurvePoint>> curves;
    private final Map<CurvePoint, Figures> measured = new LinkedHashMap<>();
    /** By {@link CurvePoint#cluster}. */
    private final Map<CurvePoint, DiskUse> disks = new LinkedHashMap<>();

    CurvesResult(Map<Curve, List<CurvePoint>> curves) {
        this.curves = curves;
    }

    boolean isEmpty() {
        return measured.isEmpty();
    }

    void add(CurvePoint point, Measurement reads, Measurement writes) {
        measured.put(point, new Figures(reads, writes));
    }

    void add(CurvePoint cluster, DiskUse disk) {
        disks.put(cluster, disk);
    }

    private String disk(CurvePoint point, ToDoubleFunction<DiskUse> ratio) {
        DiskUse disk = disks.get(point.cluster());
        return disk == null ? "" : String.format(Locale.ROOT, "%.2f", ratio.applyAsDouble(disk));
    }

    String markdown() {
        StringBuilder text = new StringBuilder();
        line(text, "Unless varied: %s. One measurement each.", CurvePoint.BASE.text());
        text.append('\n');
        line(
                text,
                "| | GET/s | GET p50 us | GET p99 us | PUT/s | PUT p50 us | PUT p99 us | server CPU us, GET / PUT |"
                        + " LMDB / stored | with log | failures |");
        line(text, "|---|---|---|---|---|---|---|---|---|---|---|");
        curves.forEach((curve, points) -> points.forEach(point -> {
            Figures figures = measured.get(point);
            if (figures != null) {
                Latencies reads = Latencies.of(figures.reads().service());
                Latencies writes = Latencies.of(figures.writes().service());
                line(
                        text,
                        "| %s: %s | %,.0f | %.0f | %.0f | %,.0f | %.0f | %.0f | %.1f / %.1f | %s | %s | %d |",
                        curve.text(),
                        LogAxis.text(curve.of(point)),
                        figures.reads().throughput(),
                        reads.p50(),
                        reads.p99(),
                        figures.writes().throughput(),
                        writes.p50(),
                        writes.p99(),
                        figures.reads().serverCpuMicros(),
                        figures.writes().serverCpuMicros(),
                        disk(point, DiskUse::lmdbRatio),
                        disk(point, DiskUse::ratio),
                        figures.failed());
            }
        }));
        return text.toString();
    }

    private static void line(StringBuilder text, String format, Object... values) {
        text.append(String.format(Locale.ROOT, format, values)).append('\n');
    }

    String svg() {
        return new PanelPicture(
                        new PanelPicture.Words(
                                "How cost grows",
                                "Unless varied: " + CurvePoint.BASE.text()
                                        + "; client and nodes on one machine, every write synced. All axes are logarithmic.",
                                "operations per second",
                                "p99, milliseconds"),
                        curves.entrySet().stream()
                                .map(entry -> panel(entry.getKey(), entry.getValue()))
                                .toList())
                .svg();
    }

    private Panel panel(Curve curve, List<CurvePoint> points) {
        List<CurvePoint> known = points.stream().filter(measured::containsKey).toList();
        return new Panel(
                curve.text(),
                points.stream().map(point -> (double) curve.of(point)).toList(),
                List.of(
                        series("GET", READS_COLOUR, curve, known, Figures::reads),
                        series("PUT", WRITES_COLOUR, curve, known, Figures::writes)));
    }

    private Series series(
            String name, String colour, Curve curve, List<CurvePoint> points, Function<Figures, Measurement> kind) {
        return new Series(
                name,
                colour,
                values(curve, points, point -> kind.apply(figures(point)).throughput()),
                values(
                        curve,
                        points,
                        point -> Latencies.of(kind.apply(figures(point)).service())
                                        .p99()
                                / 1e3));
    }

    private static List<Value> values(Curve curve, List<CurvePoint> points, ToDoubleFunction<CurvePoint> figure) {
        return points.stream()
                .map(point -> new Value(curve.of(point), figure.applyAsDouble(point)))
                .toList();
    }

    private Figures figures(CurvePoint point) {
        return Objects.requireNonNull(measured.get(point));
    }

    JsonObject json() {
        JsonObject json = new JsonObject();
        json.addProperty("format", 1);
        json.add("base", CurvePoint.BASE.json());
        JsonArray points = new JsonArray();
        measured.forEach((point, figures) -> {
            JsonObject entry = point.json();
            JsonArray on = new JsonArray();
            curves.forEach((curve, all) -> {
                if (all.contains(point)) {
                    on.add(curve.name());
                }
            });
            entry.add("curves", on);
            entry.add("get", figures.reads().json());
            entry.add("put", figures.writes().json());
            DiskUse disk = disks.get(point.cluster());
            if (disk != null) {
                entry.add("disk", disk.json());
            }
            points.add(entry);
        });
        json.add("points", points);
        return json;
    }
}
