package dev.quorate.cli.key;

import com.google.protobuf.ByteString;
import dev.quorate.cli.connect.ClusterConnection;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.GetResponse;
import dev.quorate.proto.kv.v1.Sibling;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Reads one key. One value is printed as it is; several are a table on the same stream, with exit code 0: they are what
 * the key holds, not a failure. Programs that cannot tell a table from a value use {@code -o json}.
 */
@Command(
        name = "get",
        description = "Read a key.",
        footer = {
            "",
            "Prints the value. Several concurrent values are printed as a numbered table; -o json has them all, with",
            "the context. A missing key exits with 4.",
            "",
            "Examples:",
            "  kvctl get hello",
            "  kvctl get hello -c one --report",
            "  kvctl get photo --raw > photo.jpg"
        })
public final class GetCommand extends KeyCommand {
    @Parameters(index = "0", paramLabel = "KEY", description = "The key.")
    private String key;

    @Mixin
    private ReadQuorum quorum;

    @Option(names = "--raw", description = "The bytes alone, without a newline after them.")
    private boolean raw;

    @Option(names = "--context-only", description = "Print the context instead, for put --context.")
    private boolean contextOnly;

    @Option(names = "--report", description = "Say on standard error which nodes answered.")
    private boolean report;

    @Override
    protected ExitCode run() {
        GetRequest request = GetRequest.newBuilder()
                .setBucket(bucket())
                .setKey(bytes(key))
                .setOptions(quorum.options())
                .build();
        GetResponse response;
        try (ClusterConnection cluster = connect()) {
            response = read(cluster, request);
        }
        List<Sibling> siblings = Siblings.ordered(response.getSiblingsList());
        if (options().json()) {
            printJson(readJson(key, response));
        } else {
            if (contextOnly) {
                printLine(ContextToken.text(response.getContext()));
            } else {
                printSiblings(siblings);
            }
            if (report) {
                say(Reports.line(response.getReport()));
            }
        }
        return siblings.isEmpty() && !contextOnly ? ExitCode.NOT_FOUND : ExitCode.OK;
    }

    private void printSiblings(List<Sibling> siblings) {
        if (siblings.isEmpty()) {
            say("not found: " + key);
        } else if (siblings.size() == 1) {
            ByteString value = siblings.get(0).getValue();
            byte[] bytes = value.toByteArray();
            terminal().out().write(bytes, 0, bytes.length);
            if (!raw) {
                terminal().out().println();
            }
            terminal().out().flush();
        } else {
            print(Siblings.table(siblings));
            say(siblings.size() + " concurrent values. Keep one: kvctl key resolve " + key
                    + " --pick N; or write a merged one: kvctl key resolve " + key + " --value TEXT");
        }
    }
}
