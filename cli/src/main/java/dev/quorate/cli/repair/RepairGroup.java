package dev.quorate.cli.repair;

import picocli.CommandLine.Command;

/** Commands of anti-entropy. */
@Command(
        name = "repair",
        description = "Compare replicas and make them equal, which nodes also do by themselves.",
        mixinStandardHelpOptions = true,
        subcommands = {RepairStartCommand.class, RepairStatusCommand.class})
public final class RepairGroup {}
