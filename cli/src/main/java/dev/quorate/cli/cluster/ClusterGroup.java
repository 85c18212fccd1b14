package dev.quorate.cli.cluster;

import picocli.CommandLine.Command;

/** Commands that look at the cluster, and change it. */
@Command(
        name = "cluster",
        description = "Look at the cluster, and change it: stage, plan, commit.",
        mixinStandardHelpOptions = true,
        subcommands = {
            ClusterStatusCommand.class,
            ClusterRingCommand.class,
            ClusterInitCommand.class,
            ClusterJoinCommand.class,
            ClusterLeaveCommand.class,
            ClusterReplaceCommand.class,
            ClusterWeightCommand.class,
            ClusterRelabelCommand.class,
            ClusterPlanCommand.class,
            ClusterCommitCommand.class,
            ClusterClearCommand.class,
            ClusterTransfersCommand.class,
            ClusterPauseCommand.class,
            ClusterResumeCommand.class,
            ClusterThrottleCommand.class,
            ClusterCancelCommand.class,
            ClusterSplitCommand.class,
            ClusterRecoverCommand.class
        },
        footer = {
            "",
            "To add nodes: start them with 'join: {seeds: [...], token: ...}', then",
            "  kvctl cluster plan",
            "  kvctl cluster commit --wait"
        })
public final class ClusterGroup {}
