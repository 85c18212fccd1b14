package dev.quorate.cli.key;

import dev.quorate.cli.connect.ClusterConnection;
import dev.quorate.cli.connect.ClusterConnection.Effect;
import dev.quorate.cli.connect.NodeError;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.Table;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.MultiGetRequest;
import dev.quorate.proto.kv.v1.MultiGetResponse;
import dev.quorate.proto.kv.v1.Sibling;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Reads many keys at once; each succeeds or fails alone. */
@Command(
        name = "mget",
        description = "Read several keys.",
        footer = {
            "",
            "Prints one row per value, or with -o json one document per key. Exits with 9 when some keys failed;",
            "a missing key is no failure here."
        })
public final class MgetCommand extends KeyCommand {
    @Parameters(arity = "1..*", paramLabel = "KEY", description = "The keys, at most 1000.")
    private List<String> keys;

    @Mixin
    private ReadQuorum quorum;

    @Override
    protected ExitCode run() {
        MultiGetRequest.Builder request =
                MultiGetRequest.newBuilder().setBucket(bucket()).setOptions(quorum.options());
        keys.forEach(key -> request.addKeys(bytes(key)));
        SortedMap<Integer, MultiGetResponse> outcomes;
        try (ClusterConnection cluster = connect()) {
            outcomes = cluster.call(Effect.READS, (channel, deadline) -> {
                // Drained inside the call, so that a stream that breaks half-way counts as this call's failure.
                SortedMap<Integer, MultiGetResponse> arrived = new TreeMap<>();
                KvServiceGrpc.newBlockingStub(channel)
                        .withDeadline(deadline)
                        .multiGet(request.build())
                        .forEachRemaining(response -> arrived.put(response.getIndex(), response));
                return arrived;
            });
        }
        List<String> failures = new ArrayList<>();
        Table table = new Table("KEY", "VALUE", "VERSION");
        for (int i = 0; i < keys.size(); i++) {
            String key = keys.get(i);
            MultiGetResponse outcome = outcomes.get(i);
            if (outcome == null || !outcome.hasResponse()) {
                String why =
                        outcome == null ? "the node did not answer for it" : NodeError.describe(outcome.getError());
                failures.add(key + ": " + why);
                if (options().json()) {
                    printJson(failureJson(key, why));
                }
            } else if (options().json()) {
                printJson(readJson(key, outcome.getResponse()));
            } else {
                List<Sibling> siblings = Siblings.ordered(outcome.getResponse().getSiblingsList());
                if (siblings.isEmpty()) {
                    table.row(key, "(none)", "");
                }
                siblings.forEach(sibling -> table.row(key, ValueText.cell(sibling.getValue()), sibling.getVersionId()));
            }
        }
        if (!options().json()) {
            print(table);
        }
        failures.forEach(failure -> say("failed: " + failure));
        return failures.isEmpty() ? ExitCode.OK : ExitCode.PARTIAL;
    }
}
