package dev.quorate.cli.terminal;

/** How a command prints its data. JSON is one document on one line, whose fields are stable; tables may change. */
public enum OutputFormat {
    table,
    json
}
