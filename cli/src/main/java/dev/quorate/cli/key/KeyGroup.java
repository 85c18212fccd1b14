package dev.quorate.cli.key;

import picocli.CommandLine.Command;

/** Commands that look at one key closely. */
@Command(
        name = "key",
        description = "Look at one key closely: where it lives, what each replica holds, and resolve its conflicts.",
        mixinStandardHelpOptions = true,
        subcommands = {KeyWhereCommand.class, KeyInspectCommand.class, KeyResolveCommand.class})
public final class KeyGroup {}
