package dev.quorate.cli.dev;

import picocli.CommandLine.Command;

/** A cluster of real processes on this machine. */
@Command(
        name = "dev",
        description = "A cluster of real processes on this machine, to try things and to break them.",
        mixinStandardHelpOptions = true,
        subcommands = {
            DevUpCommand.class,
            DevStatusCommand.class,
            DevAddCommand.class,
            DevRemoveCommand.class,
            DevKillCommand.class,
            DevStartCommand.class,
            DevPauseCommand.class,
            DevResumeCommand.class,
            DevWipeCommand.class,
            DevPartitionCommand.class,
            DevDisturbCommand.class,
            DevHealCommand.class,
            DevDownCommand.class
        })
public final class DevGroup {}
