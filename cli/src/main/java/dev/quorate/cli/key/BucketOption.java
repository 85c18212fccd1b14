package dev.quorate.cli.key;

import picocli.CommandLine.Option;

/** Which bucket. */
final class BucketOption {
    @Option(
            names = {"-b", "--bucket"},
            paramLabel = "NAME",
            defaultValue = "default",
            description = "Bucket. Default: ${DEFAULT-VALUE}.")
    private String name = "default";

    String name() {
        return name;
    }
}
