package dev.quorate.cli.cluster;

import picocli.CommandLine.Command;

/** Commands that look at the cluster. */
@Command(
        name = "cluster",
        description = "Look at the cluster.",
        mixinStandardHelpOptions = true,
        subcommands = {ClusterStatusCommand.class, ClusterRingCommand.class})
public final class ClusterGroup {}
