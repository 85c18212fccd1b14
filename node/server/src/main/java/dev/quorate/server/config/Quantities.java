package dev.quorate.server.config;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes such as {@code 64MiB} and durations such as {@code 2s}: a number without a unit is refused, since nobody agrees on which it is. */
final class Quantities {
    private static final Pattern FORM = Pattern.compile("([0-9]{1,18})\\s*([A-Za-z]+)");
    private static final Map<String, Long> SIZES =
            units("B", 1L, "KiB", 1L << 10, "MiB", 1L << 20, "GiB", 1L << 30, "TiB", 1L << 40);
    private static final Map<String, Long> NANOS =
            units("ms", 1_000_000L, "s", 1_000_000_000L, "m", 60_000_000_000L, "h", 3_600_000_000_000L);

    private Quantities() {}

    static long size(String text) {
        return parse(text, SIZES, "a size such as 64MiB (units: B, KiB, MiB, GiB, TiB)");
    }

    static Duration duration(String text) {
        return Duration.ofNanos(parse(text, NANOS, "a duration such as 2s (units: ms, s, m, h)"));
    }

    /** In the largest unit that writes it exactly. */
    static String writeSize(long bytes) {
        return write(bytes, SIZES, "B");
    }

    static String write(Duration duration) {
        return write(duration.toNanos(), NANOS, "ms");
    }

    private static long parse(String text, Map<String, Long> units, String expected) {
        Matcher parts = FORM.matcher(text);
        Long unit = parts.matches() ? units.get(parts.group(2)) : null;
        if (unit == null) {
            throw new IllegalArgumentException("'" + text + "' is not " + expected);
        }
        try {
            return Math.multiplyExact(Long.parseLong(parts.group(1)), unit);
        } catch (ArithmeticException tooLarge) {
            throw new IllegalArgumentException("'" + text + "' is too large", tooLarge);
        }
    }

    private static String write(long amount, Map<String, Long> units, String smallest) {
        String best = smallest;
        for (Map.Entry<String, Long> unit : units.entrySet()) {
            if (amount != 0 && amount % unit.getValue() == 0) {
                best = unit.getKey();
            }
        }
        return amount / units.getOrDefault(best, 1L) + best;
    }

    private static Map<String, Long> units(Object... namesAndFactors) {
        Map<String, Long> units = new LinkedHashMap<>();
        for (int i = 0; i < namesAndFactors.length; i += 2) {
            units.put((String) namesAndFactors[i], (Long) namesAndFactors[i + 1]);
        }
        return units;
    }
}
