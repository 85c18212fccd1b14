package dev.quorate.server.config;

import java.util.List;

/** The configuration cannot be used. Each problem is one line for the person who has to mend it; all of them are told at once. */
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<String> problems;

    public ConfigException(List<String> problems) {
        super(String.join("\n", problems));
        this.problems = List.copyOf(problems);
    }

    public List<String> problems() {
        return problems;
    }
}
