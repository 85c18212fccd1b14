package dev.quorate.cli.key;

import com.google.protobuf.ByteString;
import dev.quorate.cli.connect.ClusterConnection;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.GetResponse;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.proto.kv.v1.Sibling;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Replaces all concurrent values by one. Reads and writes with the context of that reading, so that a value written in
 * between is not lost but stays as a sibling of the resolution.
 */
@Command(
        name = "resolve",
        description = "Replace the concurrent values of a key by one.",
        footer = {
            "",
            "Examples:",
            "  kvctl key resolve hello --pick 2",
            "  kvctl key resolve hello --value 'world and moon'"
        })
public final class KeyResolveCommand extends WriteCommand {
    @Parameters(index = "0", paramLabel = "KEY", description = "The key.")
    private String key;

    @ArgGroup(multiplicity = "1")
    private Resolution resolution;

    static final class Resolution {
        @Option(
                names = "--pick",
                paramLabel = "N",
                description = "The number that get printed, or the version of the value to keep.")
        private @Nullable String pick;

        @Option(names = "--value", paramLabel = "VALUE", description = "A merged value, written as for put.")
        private @Nullable String value;
    }

    @Override
    protected ExitCode run() {
        GetRequest read =
                GetRequest.newBuilder().setBucket(bucket()).setKey(bytes(key)).build();
        try (ClusterConnection cluster = connect()) {
            GetResponse found = read(cluster, read);
            List<Sibling> siblings = Siblings.ordered(found.getSiblingsList());
            if (siblings.isEmpty()) {
                throw new CommandFailure(ExitCode.NOT_FOUND, "not found: " + key, null);
            }
            PutRequest resolved = PutRequest.newBuilder()
                    .setBucket(bucket())
                    .setKey(bytes(key))
                    .setValue(chosen(siblings))
                    .setContext(found.getContext())
                    .setOptions(writeOptions())
                    .build();
            return printWritten(key, write(cluster, resolved));
        }
    }

    private ByteString chosen(List<Sibling> siblings) {
        if (resolution.value != null) {
            return ValueText.read(resolution.value, terminal());
        }
        String pick = String.valueOf(resolution.pick);
        for (int i = 0; i < siblings.size(); i++) {
            if (pick.equals(Integer.toString(i + 1))
                    || pick.equals(siblings.get(i).getVersionId())) {
                return siblings.get(i).getValue();
            }
        }
        throw new CommandFailure(
                ExitCode.USAGE,
                "there is no value '" + pick + "' among these " + siblings.size() + ":\n" + Siblings.table(siblings),
                "give a number from the first column, or a version");
    }
}
