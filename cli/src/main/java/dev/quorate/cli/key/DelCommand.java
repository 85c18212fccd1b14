package dev.quorate.cli.key;

import dev.quorate.cli.connect.ClusterConnection;
import dev.quorate.cli.connect.ClusterConnection.Effect;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.proto.kv.v1.DeleteRequest;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Deletes exactly what the context has seen; a value written concurrently survives. */
@Command(
        name = "del",
        description = "Delete a key.",
        footer = {"", "Deleting a key that does not exist is no error.", "", "Example:", "  kvctl del hello"})
public final class DelCommand extends WriteCommand {
    @Parameters(index = "0", paramLabel = "KEY", description = "The key.")
    private String key;

    @Option(names = "--context", paramLabel = "TOKEN", description = "What the writer has seen.")
    private @Nullable String context;

    @Override
    protected ExitCode run() {
        DeleteRequest request = DeleteRequest.newBuilder()
                .setBucket(bucket())
                .setKey(bytes(key))
                .setContext(ContextToken.parse(context))
                .setOptions(writeOptions())
                .build();
        try (ClusterConnection cluster = connect()) {
            return printWritten(
                    key,
                    cluster.call(
                            Effect.WRITES,
                            (channel, deadline) -> WriteAnswer.of(KvServiceGrpc.newBlockingStub(channel)
                                    .withDeadline(deadline)
                                    .delete(request))));
        }
    }
}
