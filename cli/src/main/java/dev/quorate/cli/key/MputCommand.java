package dev.quorate.cli.key;

import dev.quorate.cli.connect.ClusterConnection;
import dev.quorate.cli.connect.ClusterConnection.Effect;
import dev.quorate.cli.connect.NodeError;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.MultiWriteRequest;
import dev.quorate.proto.kv.v1.MultiWriteResponse;
import dev.quorate.proto.kv.v1.PutRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Writes many keys at once; each succeeds or fails alone. */
@Command(
        name = "mput",
        description = "Write several keys. Not a transaction.",
        footer = {"", "Exits with 9 when some keys failed.", "", "Example:", "  kvctl mput colour=red shape=@shape.svg"
        })
public final class MputCommand extends KeyCommand {
    @Parameters(
            arity = "1..*",
            paramLabel = "KEY=VALUE",
            description = "At most 1000; values as for put, except standard input.")
    private List<String> assignments;

    @Mixin
    private WriteQuorum quorum;

    @Override
    protected ExitCode run() {
        List<String> keys = new ArrayList<>();
        MultiWriteRequest.Builder request = MultiWriteRequest.newBuilder();
        for (String assignment : assignments) {
            int equals = assignment.indexOf('=');
            if (equals < 1) {
                throw new CommandFailure(ExitCode.USAGE, "'" + assignment + "' is not KEY=VALUE", null);
            }
            String key = assignment.substring(0, equals);
            keys.add(key);
            request.addWritesBuilder()
                    .setPut(PutRequest.newBuilder()
                            .setBucket(bucket())
                            .setKey(bytes(key))
                            .setValue(ValueText.read(assignment.substring(equals + 1), terminal()))
                            .setOptions(quorum.options()));
        }
        SortedMap<Integer, MultiWriteResponse> outcomes;
        try (ClusterConnection cluster = connect()) {
            outcomes = cluster.call(Effect.WRITES, (channel, deadline) -> {
                SortedMap<Integer, MultiWriteResponse> arrived = new TreeMap<>();
                KvServiceGrpc.newBlockingStub(channel)
                        .withDeadline(deadline)
                        .multiWrite(request.build())
                        .forEachRemaining(response -> arrived.put(response.getIndex(), response));
                return arrived;
            });
        }
        int failed = 0;
        for (int i = 0; i < keys.size(); i++) {
            MultiWriteResponse outcome = outcomes.get(i);
            if (outcome != null && outcome.hasPut()) {
                if (options().json()) {
                    printJson(WriteAnswer.of(outcome.getPut()).json(bucket(), keys.get(i), false));
                }
                continue;
            }
            failed++;
            String why = outcome == null
                    ? "the node did not answer for it; it may or may not have been written"
                    : NodeError.describe(outcome.getError());
            say("failed: " + keys.get(i) + ": " + why);
            if (options().json()) {
                printJson(failureJson(keys.get(i), why));
            }
        }
        if (!options().json()) {
            printLine(keys.size() - failed + " of " + keys.size() + " written");
        }
        return failed == 0 ? ExitCode.OK : ExitCode.PARTIAL;
    }
}
