package dev.quorate.server.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;

/**
 * One mapping of the file while it is read. Every getter notes its key, so that {@link #end} knows which of the keys written
 * nobody asked for. A bad value becomes a problem with its line, and the default stands in so that reading goes on and finds
 * the others.
 *
 * <p>A scalar outside lists can be overridden by an environment variable: {@code storage.memoryTable} by {@code
 * QUORATE_STORAGE_MEMORY_TABLE}.
 */
final class YamlSection {
    static final String ENVIRONMENT_PREFIX = "QUORATE_";

    /** What is shared by all sections of one file. */
    static final class Reading {
        final String file;
        final Map<String, String> environment;
        final List<String> problems = new ArrayList<>();
        /** Variables that some setting answers to, to tell the others from typing errors. */
        final Set<String> variablesKnown = new TreeSet<>();

        Reading(String file, Map<String, String> environment) {
            this.file = file;
            this.environment = environment;
        }

        void problem(int line, String text) {
            problems.add(file + ":" + line + ": " + text);
        }
    }

    private record Entry(Node value, int line) {}

    private final Reading reading;
    private final String path;
    private final int line;
    private final boolean overridable;
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private final Set<String> asked = new TreeSet<>();

    private YamlSection(Reading reading, String path, @Nullable Node node, int line, boolean overridable) {
        this.reading = reading;
        this.path = path;
        this.line = line;
        this.overridable = overridable;
        if (node instanceof MappingNode mapping) {
            for (NodeTuple tuple : mapping.getValue()) {
                add(tuple);
            }
        } else if (node != null && !isEmpty(node)) {
            reading.problem(
                    lineOf(node), (path.isEmpty() ? "the file" : path) + " must be a mapping of names to values");
        }
    }

    static YamlSection root(Reading reading, @Nullable Node node) {
        return new YamlSection(reading, "", node, node == null ? 1 : lineOf(node), true);
    }

    private void add(NodeTuple tuple) {
        int at = lineOf(tuple.getKeyNode());
        if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
            reading.problem(at, "a name is expected here");
            return;
        }
        Entry before = entries.putIfAbsent(key.getValue(), new Entry(tuple.getValueNode(), at));
        if (before != null) {
            reading.problem(at, name(key.getValue()) + " is written twice, first in line " + before.line());
        }
    }

    boolean has(String key) {
        asked.add(key);
        return entries.containsKey(key);
    }

    /** Whether the environment says it. */
    boolean isOverridden(String key) {
        return overridable && reading.environment.containsKey(variable(key));
    }

    /** The line of a key, or of the section when the key is absent. */
    int lineOf(String key) {
        Entry entry = entries.get(key);
        return entry == null ? line : entry.line();
    }

    /** Reports a problem at a key. */
    void problem(String key, String text) {
        reading.problem(lineOf(key), text);
    }

    YamlSection section(String key) {
        asked.add(key);
        Entry entry = entries.get(key);
        return new YamlSection(
                reading,
                name(key),
                entry == null ? null : entry.value(),
                entry == null ? line : entry.line(),
                overridable);
    }

    /** Whether the key holds a plain value rather than a mapping or list. */
    boolean isScalar(String key) {
        Entry entry = entries.get(key);
        return entry != null && entry.value() instanceof ScalarNode;
    }

    /** The items of a list of mappings; empty when absent. */
    List<YamlSection> sections(String key) {
        asked.add(key);
        Entry entry = entries.get(key);
        if (entry == null || isEmpty(entry.value())) {
            return List.of();
        }
        if (!(entry.value() instanceof SequenceNode sequence)) {
            reading.problem(entry.line(), name(key) + " must be a list: lines that begin with '- '");
            return List.of();
        }
        List<YamlSection> items = new ArrayList<>();
        for (Node item : sequence.getValue()) {
            items.add(new YamlSection(reading, name(key) + "[" + items.size() + "]", item, lineOf(item), false));
        }
        return items;
    }

    /** Several plain values: a list, or one value with commas, as the environment has to write it. A bad one is left out. */
    <T> List<T> values(String key, Function<String, T> parser) {
        asked.add(key);
        Entry entry = entries.get(key);
        if (!isOverridden(key) && entry != null && entry.value() instanceof SequenceNode sequence) {
            reading.variablesKnown.add(variable(key));
            List<T> values = new ArrayList<>();
            for (Node item : sequence.getValue()) {
                if (!(item instanceof ScalarNode scalar)) {
                    reading.problem(lineOf(item), name(key) + " must be a list of plain values");
                    continue;
                }
                try {
                    values.add(parser.apply(scalar.getValue()));
                } catch (IllegalArgumentException bad) {
                    reading.problem(lineOf(item), name(key) + ": " + bad.getMessage());
                }
            }
            return values;
        }
        return value(key, List.of(), text -> {
            List<T> values = new ArrayList<>();
            for (String one : text.split(",")) {
                values.add(parser.apply(one.strip()));
            }
            return values;
        });
    }

    /** A value that the parser accepts, which throws IllegalArgumentException with words for a person otherwise. */
    <T> T value(String key, T whenAbsent, Function<String, T> parser) {
        asked.add(key);
        String variable = variable(key);
        if (overridable) {
            reading.variablesKnown.add(variable);
            String override = reading.environment.get(variable);
            if (override != null) {
                try {
                    return parser.apply(override);
                } catch (IllegalArgumentException bad) {
                    reading.problems.add("environment variable " + variable + ": " + bad.getMessage());
                    return whenAbsent;
                }
            }
        }
        Entry entry = entries.get(key);
        if (entry == null) {
            return whenAbsent;
        }
        if (!(entry.value() instanceof ScalarNode scalar) || isEmpty(entry.value())) {
            reading.problem(entry.line(), name(key) + " needs a plain value");
            return whenAbsent;
        }
        try {
            return parser.apply(scalar.getValue());
        } catch (IllegalArgumentException bad) {
            reading.problem(entry.line(), name(key) + ": " + bad.getMessage());
            return whenAbsent;
        }
    }

    /** As {@link #value}, and a problem when the key is absent. */
    <T> T required(String key, T standIn, Function<String, T> parser) {
        if (!entries.containsKey(key) && !isOverridden(key)) {
            asked.add(key);
            reading.problem(line, name(key) + " is missing");
            return standIn;
        }
        return value(key, standIn, parser);
    }

    String text(String key, String whenAbsent) {
        return value(key, whenAbsent, text -> text);
    }

    int integer(String key, int whenAbsent, int least, int most) {
        return value(key, whenAbsent, text -> {
            if (!text.matches("-?[0-9]{1,9}")) {
                throw new IllegalArgumentException("'" + text + "' is not a whole number");
            }
            int number = Integer.parseInt(text);
            if (number < least || number > most) {
                throw new IllegalArgumentException(number + " is not " + least + " to " + most);
            }
            return number;
        });
    }

    double decimal(String key, double whenAbsent, double least, double most) {
        return value(key, whenAbsent, text -> {
            if (!text.matches("[0-9]{1,9}(\\.[0-9]{1,9})?")) {
                throw new IllegalArgumentException("'" + text + "' is not a number such as 0.5");
            }
            double number = Double.parseDouble(text);
            if (number < least || number > most) {
                throw new IllegalArgumentException(number + " is not " + least + " to " + most);
            }
            return number;
        });
    }

    boolean flag(String key, boolean whenAbsent) {
        return value(key, whenAbsent, text -> switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException("'" + text + "' is neither true nor false");
        });
    }

    long size(String key, long whenAbsent, long least, long most) {
        return value(key, whenAbsent, text -> {
            long bytes = Quantities.size(text);
            if (bytes < least || bytes > most) {
                throw new IllegalArgumentException(
                        "'" + text + "' is not " + Quantities.writeSize(least) + " to " + Quantities.writeSize(most));
            }
            return bytes;
        });
    }

    Duration duration(String key, Duration whenAbsent, Duration least, Duration most) {
        return value(key, whenAbsent, text -> {
            Duration duration = Quantities.duration(text);
            if (duration.compareTo(least) < 0 || duration.compareTo(most) > 0) {
                throw new IllegalArgumentException(
                        "'" + text + "' is not " + Quantities.write(least) + " to " + Quantities.write(most));
            }
            return duration;
        });
    }

    /** Written in lower case with hyphens: {@code overwrite-seen}. */
    <E extends Enum<E>> E choice(String key, E whenAbsent, Class<E> type) {
        return value(key, whenAbsent, text -> {
            List<String> names = new ArrayList<>();
            for (E constant : type.getEnumConstants()) {
                String written = writtenAs(constant);
                if (written.equals(text)) {
                    return constant;
                }
                names.add(written);
            }
            throw new IllegalArgumentException("'" + text + "' is none of " + String.join(", ", names));
        });
    }

    static String writtenAs(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Reports what is written here and means nothing. */
    void end() {
        entries.forEach((key, entry) -> {
            if (!asked.contains(key)) {
                String hint = Suggestion.closest(key, asked)
                        .map(close -> "; did you mean '" + close + "'?")
                        .orElse("; known here: " + String.join(", ", asked));
                reading.problem(entry.line(), name(key) + " is not a setting" + hint);
            }
        });
    }

    private String name(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    private String variable(String key) {
        String words = name(key).replaceAll("([a-z0-9])([A-Z])", "$1_$2").replace('.', '_');
        return ENVIRONMENT_PREFIX + words.toUpperCase(Locale.ROOT);
    }

    private static boolean isEmpty(Node node) {
        return node instanceof ScalarNode scalar && scalar.getValue().isEmpty() && scalar.isPlain();
    }

    private static int lineOf(Node node) {
        return node.getStartMark().map(mark -> mark.getLine() + 1).orElse(1);
    }
}
