package dev.quorate.cli.hints;

import picocli.CommandLine.Command;

/** Commands about hints. */
@Command(
        name = "hints",
        description = "What nodes keep for owners that are away, and hand to them when they are back.",
        mixinStandardHelpOptions = true,
        subcommands = {HintsLsCommand.class, HintsWaitCommand.class, HintsReplayCommand.class, HintsPurgeCommand.class})
public final class HintsGroup {}
