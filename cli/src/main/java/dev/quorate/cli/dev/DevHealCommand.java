package dev.quorate.cli.dev;

import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.terminal.ExitCode;
import picocli.CommandLine.Command;

/** Ends all that is done to links. */
@Command(name = "heal", description = "Let all links work again.")
public final class DevHealCommand extends DevCommand {
    @Override
    protected ExitCode run() throws Exception {
        try (ClusterFolder.Lock ignored = lockExisting()) {
            LocalCluster cluster = existing();
            FaultPlan faults = cluster.faults();
            cluster.disturb(faults.healed());
            if (faults.disturbances().isEmpty()) {
                say("nothing was disturbed");
            } else {
                faults.disturbances()
                        .forEach((direction, disturbance) -> say(direction + " works again (was " + disturbance + ")"));
                say("next: 'kvctl cluster status' shows when the nodes have found each other");
            }
        }
        return ExitCode.OK;
    }
}
