package dev.quorate.cli.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Where values lie on a logarithmic axis of a picture, in its own units. All values are above zero.
 *
 * @param from where {@code lowest} lies; below it, as pictures count, when the axis goes up
 */
record LogAxis(double lowest, double highest, double from, double to) {
    private static final double[] STEPS = {1, 2, 5};
    /** With more decades than this, only powers of ten have room. */
    private static final int MOST_FINE_DECADES = 3;

    LogAxis {
        if (!(lowest > 0 && highest > lowest)) {
            throw new IllegalArgumentException("a logarithmic axis from " + lowest + " to " + highest);
        }
    }

    /** Begins and ends with a tick, so that every value lies between two of them. */
    static LogAxis around(List<Double> values, double from, double to) {
        double least = min(values);
        double most = max(values);
        double below = Double.MIN_NORMAL;
        double above = Double.MAX_VALUE;
        for (double step : STEPS) {
            double atMost = step * Math.pow(10, Math.floor(Math.log10(least / step) + 1e-9));
            double atLeast = step * Math.pow(10, Math.ceil(Math.log10(most / step) - 1e-9));
            below = Math.max(below, atMost);
            above = Math.min(above, atLeast);
        }
        return new LogAxis(below, above > below ? above : 10 * below, from, to);
    }

    /** Ends at the outermost values; a single one lies in the middle. */
    static LogAxis between(List<Double> values, double from, double to) {
        double least = min(values);
        double most = max(values);
        return most > least ? new LogAxis(least, most, from, to) : new LogAxis(least / 2, most * 2, from, to);
    }

    private static double min(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).min().orElse(1);
    }

    private static double max(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).max().orElse(10);
    }

    double at(double value) {
        return from + (to - from) * Math.log(value / lowest) / Math.log(highest / lowest);
    }

    /** Powers of ten, and twice and five times those where they have room. */
    List<Double> ticks() {
        boolean fine = Math.log10(highest / lowest) < MOST_FINE_DECADES + 0.01;
        List<Double> ticks = new ArrayList<>();
        for (int exponent = (int) Math.floor(Math.log10(lowest));
                Math.pow(10, exponent) <= highest * 1.001;
                exponent++) {
            for (double step : fine ? STEPS : new double[] {1}) {
                double tick = step * Math.pow(10, exponent);
                if (tick > lowest * 0.999 && tick < highest * 1.001) {
                    ticks.add(tick);
                }
            }
        }
        return ticks;
    }

    /** Short: 500, 20k, 1M, 0.5. */
    static String text(double value) {
        if (value >= 999_999.5) {
            return plain(value / 1e6) + "M";
        }
        return value >= 999.95 ? plain(value / 1e3) + "k" : plain(value);
    }

    private static String plain(double value) {
        String text = String.format(Locale.ROOT, "%.1f", value);
        return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
    }
}
