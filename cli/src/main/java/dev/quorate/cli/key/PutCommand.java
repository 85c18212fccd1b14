package dev.quorate.cli.key;

import dev.quorate.cli.connect.ClusterConnection;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.proto.kv.v1.PutRequest;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Writes one key, superseding exactly what the context has seen. */
@Command(
        name = "put",
        description = "Write a key.",
        footer = {
            "",
            "Without --context the write replaces what the coordinating node holds. With it, it replaces exactly what",
            "the reading that gave the context has seen: a value written since then stays beside it.",
            "",
            "Examples:",
            "  kvctl put hello world",
            "  kvctl put photo @photo.jpg",
            "  date | kvctl put now -",
            "  kvctl put hello moon --context \"$(kvctl get hello --context-only)\""
        })
public final class PutCommand extends WriteCommand {
    @Parameters(index = "0", paramLabel = "KEY", description = "The key.")
    private String key;

    @Parameters(
            index = "1",
            paramLabel = "VALUE",
            description =
                    "Text, - for standard input, or @FILE. Text that begins with @ is written @@, with - after --.")
    private String value;

    @Option(names = "--context", paramLabel = "TOKEN", description = "What the writer has seen.")
    private @Nullable String context;

    @Option(
            names = "--if-absent",
            description =
                    "Refuse (exit code 6) when the coordinating node holds a value. Not a lock: two nodes may both"
                            + " accept.")
    private boolean ifAbsent;

    @Override
    protected ExitCode run() {
        PutRequest request = PutRequest.newBuilder()
                .setBucket(bucket())
                .setKey(bytes(key))
                .setValue(ValueText.read(value, terminal()))
                .setContext(ContextToken.parse(context))
                .setOptions(writeOptions().setIfAbsent(ifAbsent))
                .build();
        try (ClusterConnection cluster = connect()) {
            return printWritten(key, write(cluster, request));
        }
    }
}
