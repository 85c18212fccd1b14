package dev.quorate.cli.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One cell of the suite's table. */
record SuiteCase(Subject subject, Mix mix, int valueSize, int inFlight) {

    /** What is under load, and by which way. */
    enum Subject {
        ECHO("echo"),
        ONE_UNARY("one node, unary"),
        ONE_PIPELINE("one node, pipeline"),
        THREE_UNARY("three nodes R=W=2, unary"),
        THREE_PIPELINE("three nodes R=W=2, pipeline");

        private final String text;

        Subject(String text) {
            this.text = text;
        }

        String text() {
            return text;
        }
    }

    String name() {
        return subject == Subject.ECHO
                ? "echo, " + valueSize + " B, " + inFlight + " in flight"
                : subject.text() + ", " + operation() + ", " + valueSize + " B, " + inFlight + " in flight";
    }

    String operation() {
        if (subject == Subject.ECHO) {
            return "echo";
        }
        return mix.equals(Mix.READS) ? "GET" : mix.equals(Mix.WRITES) ? "PUT" : "50/50";
    }

    /** Cases that share one measurement of the echo: few enough that the machine is the same for all of them. */
    static List<List<SuiteCase>> groups(int valueSize, List<Integer> inFlight, @Nullable Pattern wanted) {
        List<List<SuiteCase>> groups = new ArrayList<>();
        for (int users : inFlight) {
            for (Subject subject : Subject.values()) {
                if (subject == Subject.ECHO) {
                    continue;
                }
                List<SuiteCase> group = new ArrayList<>();
                for (Mix mix : List.of(Mix.READS, Mix.WRITES, Mix.HALF)) {
                    SuiteCase each = new SuiteCase(subject, mix, valueSize, users);
                    if (wanted == null || wanted.matcher(each.name()).find()) {
                        group.add(each);
                    }
                }
                if (!group.isEmpty()) {
                    groups.add(group);
                }
            }
        }
        return groups;
    }
}
