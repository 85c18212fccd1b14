package dev.quorate.cli.cluster;

import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.proto.admin.v1.StagedChange;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** A node that lives hands over what it has, and goes. */
@Command(
        name = "leave",
        description = "Stage: take all slots from nodes that live, and let them go.",
        footer = {"", "For a node that is dead: kvctl cluster replace"})
public final class ClusterLeaveCommand extends StageCommand {
    @Parameters(arity = "1..*", paramLabel = "NODE", description = "For example n2 or 2.")
    private List<String> nodes;

    @Override
    List<StagedChange> changes(AdminConnection admin) {
        return nodes.stream()
                .map(node -> of(node).setLeave(StagedChange.Leave.getDefaultInstance())
                        .build())
                .toList();
    }
}
