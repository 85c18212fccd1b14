package dev.quorate.cli.bench;

import java.util.List;

/** What is varied, all else being as at the base point. */
enum Curve {
    keys("keys"),
    inflight("operations in flight"),
    sizes("bytes per value"),
    nodes("nodes");

    private final String text;

    Curve(String text) {
        this.text = text;
    }

    String text() {
        return text;
    }

    CurvePoint at(long value) {
        CurvePoint base = CurvePoint.BASE;
        return switch (this) {
            case keys -> new CurvePoint(value, base.inFlight(), base.valueSize(), base.nodes());
            case inflight -> new CurvePoint(base.keys(), Math.toIntExact(value), base.valueSize(), base.nodes());
            case sizes -> new CurvePoint(base.keys(), base.inFlight(), Math.toIntExact(value), base.nodes());
            case nodes -> new CurvePoint(base.keys(), base.inFlight(), base.valueSize(), Math.toIntExact(value));
        };
    }

    long of(CurvePoint point) {
        return switch (this) {
            case keys -> point.keys();
            case inflight -> point.inFlight();
            case sizes -> point.valueSize();
            case nodes -> point.nodes();
        };
    }

    /** The curve's points, from the least value to the greatest. */
    List<CurvePoint> points(List<? extends Number> values) {
        return values.stream()
                .map(Number::longValue)
                .distinct()
                .sorted()
                .map(this::at)
                .toList();
    }
}
