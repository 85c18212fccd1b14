package dev.quorate.cli;

import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Prints a script that completes commands and options. One script serves both shells. */
@Command(
        name = "completion",
        description = "Print a completion script.",
        footer = {
            "",
            "Examples:",
            "  source <(kvctl completion bash)",
            "  kvctl completion zsh > ~/.kvctl-completion && echo 'source ~/.kvctl-completion' >> ~/.zshrc"
        })
final class CompletionCommand extends KvctlCommand {

    enum Shell {
        bash,
        zsh
    }

    @Parameters(index = "0", paramLabel = "SHELL", description = "bash or zsh.")
    private Shell shell = Shell.bash;

    @Override
    protected ExitCode run() {
        if (shell == Shell.zsh) {
            // zsh runs bash's completion functions after this; picocli's script checks for it as well.
            printLine("autoload -U +X bashcompinit && bashcompinit");
        }
        print(AutoComplete.bash("kvctl", spec().root().commandLine()));
        return ExitCode.OK;
    }
}
