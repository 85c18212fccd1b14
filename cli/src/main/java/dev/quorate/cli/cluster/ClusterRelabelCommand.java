package dev.quorate.cli.cluster;

import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.proto.admin.v1.StagedChange;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A node stands elsewhere, so other nodes than before would fail together with it. */
@Command(name = "relabel", description = "Stage: say that a node stands in another rack, or on another host.")
public final class ClusterRelabelCommand extends StageCommand {
    @Parameters(index = "0", paramLabel = "NODE", description = "For example n2 or 2.")
    private String id;

    @Option(names = "--datacenter", paramLabel = "LABEL", description = "Default: as it is.")
    private String datacenter = "";

    @Option(names = "--rack", paramLabel = "LABEL", description = "Default: as it is.")
    private String rack = "";

    @Option(names = "--host", paramLabel = "LABEL", description = "Default: as it is.")
    private String host = "";

    @Override
    List<StagedChange> changes(AdminConnection admin) {
        if (datacenter.isEmpty() && rack.isEmpty() && host.isEmpty()) {
            throw new CommandFailure(ExitCode.USAGE, "no label is given", "give --datacenter, --rack or --host");
        }
        return List.of(of(id).setRelabel(StagedChange.Relabel.newBuilder()
                        .setDatacenter(datacenter)
                        .setRack(rack)
                        .setHost(host))
                .build());
    }
}
