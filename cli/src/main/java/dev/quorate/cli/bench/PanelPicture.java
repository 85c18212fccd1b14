package dev.quorate.cli.bench;

import dev.quorate.cli.bench.Svg.Anchor;
import dev.quorate.cli.bench.Svg.Point;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * Small panels side by side: above, how much is done; below, how long it takes. All panels of a row share their vertical axis, so that curves
 * can be compared from panel to panel; all axes are logarithmic.
 */
final class PanelPicture {
    /** One curve; points without a value above zero are left out. */
    record Series(String name, String colour, List<Value> upper, List<Value> lower) {
        Series {
            upper = List.copyOf(upper);
            lower = List.copyOf(lower);
        }
    }

    record Value(double x, double y) {}

    /**
     * One panel of both rows.
     *
     * @param ticks where values were measured
     */
    record Panel(String title, List<Double> ticks, List<Series> series) {
        Panel {
            ticks = List.copyOf(ticks);
            series = List.copyOf(series);
        }
    }

    /** What is told in words. */
    record Words(String title, String subtitle, String upperAxis, String lowerAxis) {}

    private static final int LEFT = 76;
    private static final int TOP = 92;
    private static final int PANEL_WIDTH = 200;
    private static final int PANEL_HEIGHT = 190;
    private static final int GAP = 18;
    private static final int BOTTOM = 62;
    /** Between the border of a panel and its outermost points. */
    private static final int INSET = 14;
    /** Ticks closer than this to the one before them go without their text. */
    private static final int TICK_ROOM = 30;

    private static final String BACKGROUND = "#ffffff";
    private static final String INK = "#1f2328";
    private static final String FAINT_INK = "#59636e";
    private static final String GRID = "#e4e7eb";
    private static final String BORDER = "#afb8c1";

    private final Words words;
    private final List<Panel> panels;

    PanelPicture(Words words, List<Panel> panels) {
        this.words = words;
        this.panels = List.copyOf(panels);
    }

    String svg() {
        int width = LEFT + panels.size() * (PANEL_WIDTH + GAP) - GAP + 20;
        int lowerTop = TOP + PANEL_HEIGHT + GAP;
        int height = lowerTop + PANEL_HEIGHT + BOTTOM;
        Svg svg = new Svg(width, height, words.title() + ". " + words.subtitle());
        svg.rectangle(new Point(0, 0), width, height, BACKGROUND, BACKGROUND);
        svg.text(new Point(20, 30), Anchor.start, 18, INK, words.title());
        svg.text(new Point(20, 51), Anchor.start, 12, FAINT_INK, words.subtitle());
        legend(svg, width);
        row(svg, TOP, words.upperAxis(), Series::upper);
        row(svg, lowerTop, words.lowerAxis(), Series::lower);
        for (int i = 0; i < panels.size(); i++) {
            ticks(svg, panels.get(i), left(i), lowerTop + PANEL_HEIGHT);
            svg.text(
                    new Point(left(i) + PANEL_WIDTH / 2.0, height - 16),
                    Anchor.middle,
                    13,
                    INK,
                    panels.get(i).title());
        }
        return svg.toString();
    }

    private static double left(int panel) {
        return LEFT + (double) panel * (PANEL_WIDTH + GAP);
    }

    private void legend(Svg svg, int width) {
        if (panels.isEmpty()) {
            return;
        }
        double x = width - 20.0;
        List<Series> series = panels.get(0).series();
        for (int i = series.size() - 1; i >= 0; i--) {
            Series each = series.get(i);
            svg.text(new Point(x, 76), Anchor.end, 13, INK, each.name());
            x -= 10 + 9.0 * each.name().length();
            svg.line(List.of(new Point(x - 22, 72), new Point(x, 72)), each.colour(), 2);
            svg.dot(new Point(x - 11, 72), 3.5, each.colour());
            x -= 40;
        }
    }

    private void row(Svg svg, double top, String label, Function<Series, List<Value>> values) {
        List<Double> all = new ArrayList<>();
        panels.forEach(panel ->
                panel.series().forEach(series -> drawable(values.apply(series)).forEach(value -> all.add(value.y()))));
        LogAxis up = LogAxis.around(all, top + PANEL_HEIGHT, top);
        svg.upright(new Point(20, top + PANEL_HEIGHT / 2.0), 13, INK, label);
        for (double tick : up.ticks()) {
            svg.text(new Point(LEFT - 8.0, up.at(tick) + 4), Anchor.end, 11, FAINT_INK, LogAxis.text(tick));
        }
        for (int i = 0; i < panels.size(); i++) {
            Panel panel = panels.get(i);
            LogAxis across = across(panel, left(i));
            for (double tick : up.ticks()) {
                svg.line(
                        List.of(new Point(left(i), up.at(tick)), new Point(left(i) + PANEL_WIDTH, up.at(tick))),
                        GRID,
                        1);
            }
            for (double tick : panel.ticks()) {
                svg.line(
                        List.of(new Point(across.at(tick), top), new Point(across.at(tick), top + PANEL_HEIGHT)),
                        GRID,
                        1);
            }
            svg.rectangle(new Point(left(i), top), PANEL_WIDTH, PANEL_HEIGHT, "none", BORDER);
            for (Series series : panel.series()) {
                List<Point> points = drawable(values.apply(series)).stream()
                        .map(value -> new Point(across.at(value.x()), up.at(value.y())))
                        .toList();
                svg.line(points, series.colour(), 2);
                points.forEach(point -> svg.dot(point, 3.5, series.colour()));
            }
        }
    }

    /** What was not measured has no logarithm. */
    private static List<Value> drawable(List<Value> values) {
        return values.stream().filter(value -> value.y() > 0).toList();
    }

    private static LogAxis across(Panel panel, double left) {
        return LogAxis.between(panel.ticks(), left + INSET, left + PANEL_WIDTH - INSET);
    }

    private static void ticks(Svg svg, Panel panel, double left, double bottom) {
        LogAxis across = across(panel, left);
        double last = Double.NEGATIVE_INFINITY;
        for (double tick : panel.ticks()) {
            double x = across.at(tick);
            if (x - last >= TICK_ROOM) {
                svg.text(new Point(x, bottom + 17), Anchor.middle, 11, FAINT_INK, LogAxis.text(tick));
                last = x;
            }
        }
    }
}
