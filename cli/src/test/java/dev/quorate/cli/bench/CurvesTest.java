package dev.quorate.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class CurvesTest {
    private static Map<Curve, List<CurvePoint>> curves() {
        Map<Curve, List<CurvePoint>> curves = new EnumMap<>(Curve.class);
        curves.put(Curve.keys, Curve.keys.points(List.of(1_000_000L, 100_000L)));
        curves.put(Curve.inflight, Curve.inflight.points(List.of(64, 1)));
        curves.put(Curve.sizes, Curve.sizes.points(List.of(100, 16)));
        curves.put(Curve.nodes, Curve.nodes.points(List.of(3, 1)));
        return curves;
    }

    private static Measurement measurement(long operations, long micros) {
        Histogram histogram = new Histogram(3);
        histogram.recordValueWithCount(micros * 1000, operations);
        return new Measurement(operations, 2.0, histogram, histogram, new TreeMap<>(), 12.34, 5.67);
    }

    @Test
    void aCurveVariesOneThingInOrder() {
        assertThat(Curve.nodes.points(List.of(3, 1, 3)))
                .containsExactly(CurvePoint.BASE, new CurvePoint(100_000, 64, 100, 3));
        for (Curve curve : Curve.values()) {
            assertThat(curve.of(curve.at(7))).isEqualTo(7);
            assertThat(curve.at(curve.of(CurvePoint.BASE))).isEqualTo(CurvePoint.BASE);
        }
    }

    @Test
    void everyPointIsMeasuredOnceAndTheLargestClusterLast() {
        Map<CurvePoint, List<CurvePoint>> clusters = BenchCurvesCommand.clusters(curves());
        assertThat(clusters.keySet())
                .containsExactly(
                        new CurvePoint(100_000, 64, 16, 1),
                        CurvePoint.BASE,
                        new CurvePoint(100_000, 64, 100, 3),
                        new CurvePoint(1_000_000, 64, 100, 1));
        assertThat(clusters.get(CurvePoint.BASE)).containsExactly(new CurvePoint(100_000, 1, 100, 1), CurvePoint.BASE);
        assertThat(clusters.values().stream().flatMap(List::stream)).hasSize(5).doesNotHaveDuplicates();
    }

    @Test
    void tableFileAndPictureTellWhatWasMeasuredSoFar() {
        CurvesResult result = new CurvesResult(curves());
        result.add(CurvePoint.BASE, measurement(2000, 100), measurement(1000, 300));
        result.add(CurvePoint.BASE, new DiskUse(11_600_000, 23_200_000, 116_000_000));
        String row = "| 1,000 | 100 | 100 | 500 | 300 | 300 | 12.3 / 12.3 | 2.00 | 12.00 | 0 |";
        assertThat(result.markdown())
                .contains("| keys: 100k " + row, "| operations in flight: 64 " + row, "| nodes: 1 " + row)
                .doesNotContain("| keys: 1M");
        JsonObject json = result.json();
        assertThat(json.getAsJsonArray("points")).hasSize(1);
        JsonObject point = json.getAsJsonArray("points").get(0).getAsJsonObject();
        assertThat(point.getAsJsonArray("curves")).hasSize(4);
        assertThat(point.getAsJsonObject("disk").get("lmdbBytes").getAsLong()).isEqualTo(23_200_000);
        assertThat(result.svg()).contains(">1M<", ">bytes per value<");
    }

    @Test
    void kibibytesOfDuAreBytes() {
        assertThat(DiskUse.parse("132\t.")).isEqualTo(132 * 1024);
    }
}
