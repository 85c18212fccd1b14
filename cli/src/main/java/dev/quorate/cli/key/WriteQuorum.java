package dev.quorate.cli.key;

import dev.quorate.proto.kv.v1.WriteOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How many replicas a write waits for. Numbers are checked by the nodes, which know N. */
final class WriteQuorum {
    @Option(
            names = {"-c", "--consistency"},
            paramLabel = "LEVEL",
            description = "one, quorum or all. Default: the bucket's.")
    private @Nullable Level level;

    @Option(
            names = "--w",
            paramLabel = "NUMBER",
            description = "Replicas that must hold the write durably; overrides the level.")
    private @Nullable Integer w;

    @Option(names = "--pw", paramLabel = "NUMBER", description = "Owners among them.")
    private @Nullable Integer pw;

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            description =
                    "strict: only owners count; sloppy: others stand in for owners that cannot be had. Default: the bucket's.")
    private @Nullable QuorumMode mode;

    WriteOptions.Builder options() {
        WriteOptions.Builder options = WriteOptions.newBuilder();
        if (level != null) {
            options.setConsistency(level.consistency());
        }
        if (w != null) {
            options.setW(w);
        }
        if (pw != null) {
            options.setPw(pw);
        }
        if (mode != null) {
            options.setMode(mode.mode());
        }
        return options;
    }
}
