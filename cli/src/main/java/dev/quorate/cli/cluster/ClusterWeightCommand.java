package dev.quorate.cli.cluster;

import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.proto.admin.v1.StagedChange;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** A node gets more or less of the data. */
@Command(name = "weight", description = "Stage: change a node's share of the data relative to the others.")
public final class ClusterWeightCommand extends StageCommand {
    @Parameters(index = "0", paramLabel = "NODE", description = "For example n2 or 2.")
    private String id;

    @Parameters(index = "1", paramLabel = "WEIGHT", description = "For example 2 for twice as much as a node of 1.")
    private double weight;

    @Override
    List<StagedChange> changes(AdminConnection admin) {
        if (!(weight >= 0.001 && weight <= 1_000_000)) {
            throw new CommandFailure(ExitCode.USAGE, "a weight goes from 0.001 to 1000000", null);
        }
        return List.of(of(id).setWeight(StagedChange.Weight.newBuilder().setWeight(weight))
                .build());
    }
}
