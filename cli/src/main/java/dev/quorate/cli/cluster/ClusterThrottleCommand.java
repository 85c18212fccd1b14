package dev.quorate.cli.cluster;

import com.google.gson.JsonObject;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.LimitTransfersRequest;
import dev.quorate.proto.admin.v1.LimitTransfersResponse;
import dev.quorate.proto.admin.v1.Member;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** A limit for what hand-overs may take from the clients. */
@Command(
        name = "throttle",
        description = "Limit how fast each node hands slots over.",
        footer = {
            "",
            "Holds until the next throttle, or until a node starts again. 'default' is what the node's configuration says.",
            "Nodes slow down by themselves as well while their clients wait. Exits with 5 when a member does not answer.",
            "",
            "Examples:",
            "  kvctl cluster throttle 4MiB",
            "  kvctl cluster throttle default"
        })
public final class ClusterThrottleCommand extends KvctlCommand {
    private static final Pattern RATE = Pattern.compile("([1-9][0-9]{0,11})(|KiB|MiB|GiB)");

    @Parameters(paramLabel = "BYTES", description = "Per second and node, such as 4MiB; from 64KiB on. Or: default.")
    private String rate;

    @Override
    protected ExitCode run() {
        LimitTransfersRequest request =
                LimitTransfersRequest.newBuilder().setBytesPerSecond(bytes()).build();
        SortedMap<String, Long> limits = new TreeMap<>();
        SortedMap<String, String> silent = new TreeMap<>();
        try (AdminConnection admin = AdminConnection.of(options())) {
            for (Member member : ClusterChanges.cluster(admin).getMembersList()) {
                if (!ClusterChanges.takesPart(member)) {
                    continue;
                }
                try {
                    LimitTransfersResponse limit = admin.callAt(
                            member.getAdminAddress(),
                            (channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                                    .withDeadline(deadline)
                                    .limitTransfers(request));
                    limits.put(limit.getNode(), limit.getBytesPerSecond());
                } catch (CommandFailure failure) {
                    silent.put(member.getId(), failure.text());
                }
            }
        }
        limits.forEach((node, limit) -> say(node + " sends " + ClusterChanges.bytes(limit) + "/s at most"));
        silent.forEach((node, problem) -> say(node + " goes on as before: " + problem));
        if (options().json()) {
            JsonObject json = new JsonObject();
            JsonObject byNode = new JsonObject();
            limits.forEach(byNode::addProperty);
            json.add("bytesPerSecond", byNode);
            JsonObject problems = new JsonObject();
            silent.forEach(problems::addProperty);
            json.add("silent", problems);
            printJson(json);
        }
        return silent.isEmpty() ? ExitCode.OK : ExitCode.UNAVAILABLE;
    }

    private long bytes() {
        if (rate.equals("default")) {
            return 0;
        }
        Matcher parts = RATE.matcher(rate);
        if (!parts.matches()) {
            throw new CommandFailure(
                    ExitCode.USAGE, "'" + rate + "' is no rate: give bytes per second such as 4MiB, or default", null);
        }
        int shift = switch (parts.group(2)) {
            case "KiB" -> 10;
            case "MiB" -> 20;
            case "GiB" -> 30;
            default -> 0;
        };
        long bytes = Long.parseLong(parts.group(1));
        if (bytes << shift >> shift != bytes) {
            throw new CommandFailure(ExitCode.USAGE, "'" + rate + "' is more than can be told", null);
        }
        return bytes << shift;
    }
}
