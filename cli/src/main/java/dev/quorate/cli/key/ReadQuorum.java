package dev.quorate.cli.key;

import dev.quorate.proto.kv.v1.ReadOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How many replicas a read asks. Numbers are checked by the nodes, which know N. */
final class ReadQuorum {
    @Option(
            names = {"-c", "--consistency"},
            paramLabel = "LEVEL",
            description = "one, quorum or all. Default: the bucket's.")
    private @Nullable Level level;

    @Option(names = "--r", paramLabel = "NUMBER", description = "Replicas that must answer; overrides the level.")
    private @Nullable Integer r;

    @Option(names = "--pr", paramLabel = "NUMBER", description = "Owners among them that must answer.")
    private @Nullable Integer pr;

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            description =
                    "strict: only owners count; sloppy: others stand in for owners that cannot be had. Default: the bucket's.")
    private @Nullable QuorumMode mode;

    ReadOptions options() {
        ReadOptions.Builder options = ReadOptions.newBuilder();
        if (level != null) {
            options.setConsistency(level.consistency());
        }
        if (r != null) {
            options.setR(r);
        }
        if (pr != null) {
            options.setPr(pr);
        }
        if (mode != null) {
            options.setMode(mode.mode());
        }
        return options.build();
    }
}
