package dev.quorate.cli.cluster;

import com.google.gson.JsonObject;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.Json;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.GetClusterResponse;
import dev.quorate.proto.admin.v1.RecoverClusterRequest;
import dev.quorate.proto.admin.v1.RecoverClusterResponse;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The last resort: an operator says what no majority can say any more. */
@Command(
        name = "recover",
        description = "Choose new voters when a majority of the voters is gone for good.",
        footer = {
            "",
            "Reads and writes need no voters; only changes of the cluster do. So wait, if the nodes can come back: changes that",
            "they agreed on and the asked node has not heard of are lost, and if they live after all, there are two rings.",
            "",
            "Ask the node with the latest ring (kvctl cluster status -o json: ringVersion) with -e. Then replace the lost nodes:",
            "kvctl cluster replace NODE."
        })
public final class ClusterRecoverCommand extends KvctlCommand {
    @Parameters(arity = "1..*", paramLabel = "LOST", description = "Nodes that are gone for good, for example n2.")
    private List<String> lost;

    @Option(names = "--yes", description = "Do not ask for the words that name what is given up.")
    private boolean yes;

    @Override
    protected ExitCode run() throws IOException {
        List<String> gone = lost.stream().map(StageCommand::node).toList();
        RecoverClusterResponse recovered;
        try (AdminConnection admin = AdminConnection.of(options())) {
            String needed = recover(admin, gone, "").getConfirmationNeeded();
            confirm(ClusterChanges.cluster(admin), gone, needed);
            recovered = recover(admin, gone, needed);
        }
        if (options().json()) {
            JsonObject json = new JsonObject();
            json.addProperty("ringVersion", recovered.getRingVersion());
            json.add("voters", Json.strings(recovered.getVotersList()));
            printJson(json);
        } else {
            say("ring " + ClusterChanges.ring(recovered.getRingVersion()) + ", voters are "
                    + String.join(", ", recovered.getVotersList()));
            say("next: kvctl cluster replace NODE, for each that is lost");
        }
        return ExitCode.OK;
    }

    private static RecoverClusterResponse recover(AdminConnection admin, List<String> gone, String confirmation) {
        RecoverClusterRequest request = RecoverClusterRequest.newBuilder()
                .addAllLost(gone)
                .setConfirmation(confirmation)
                .build();
        return admin.change((channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                .withDeadline(deadline)
                .recoverCluster(request));
    }

    private void confirm(GetClusterResponse cluster, List<String> gone, String needed) throws IOException {
        if (yes) {
            return;
        }
        say("voters of ring " + ClusterChanges.ring(cluster.getRingVersion()) + ", as " + cluster.getNode()
                + " knows it: " + String.join(", ", cluster.getVotersList()) + "; given up for good: "
                + String.join(", ", gone));
        if (!terminal().interactive()) {
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "recovering may lose changes of the cluster, and make two rings of one",
                    "add --yes when the lost nodes cannot come back");
        }
        say("to go on, type: " + needed);
        String typed = new BufferedReader(new InputStreamReader(terminal().in(), StandardCharsets.UTF_8)).readLine();
        if (typed == null || !typed.strip().equals(needed)) {
            throw new CommandFailure(ExitCode.PRECONDITION, "those are not the words; nothing was changed", null);
        }
    }
}
