package dev.quorate.cli.bench;

import dev.quorate.cli.connect.ClusterConnection;
import dev.quorate.cli.connect.ClusterConnection.Effect;
import dev.quorate.cli.connect.Endpoint;
import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.proto.admin.v1.GetNodeMetricsRequest;
import dev.quorate.proto.admin.v1.NodeServiceGrpc;
import java.time.Duration;
import java.util.List;

/** Metrics of the nodes of a local cluster at one moment, added up. One that does not run, or not yet, has none. */
final class NodeMetrics {
    private static final String PREFIX = "quorate_";
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final List<String> texts;

    private NodeMetrics(List<String> texts) {
        this.texts = texts;
    }

    static NodeMetrics of(List<ClusterFile.Node> nodes) {
        return new NodeMetrics(nodes.stream()
                .filter(ClusterFile.Node::alive)
                .map(NodeMetrics::text)
                .toList());
    }

    /** @return 0 where no node has such metrics */
    double sum(String... names) {
        double sum = 0;
        for (String name : names) {
            for (String text : texts) {
                sum += sum(text, name);
            }
        }
        return sum;
    }

    /** Of all its labels. */
    static double sum(String text, String name) {
        double sum = 0;
        for (String line : text.split("\n", -1)) {
            int end = PREFIX.length() + name.length();
            boolean ours = line.startsWith(PREFIX + name) && line.length() > end;
            if (ours && (line.charAt(end) == ' ' || line.charAt(end) == '{')) {
                sum += Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1));
            }
        }
        return sum;
    }

    private static String text(ClusterFile.Node node) {
        try (ClusterConnection connection =
                new ClusterConnection(List.of(Endpoint.parse(node.adminAddress())), PATIENCE)) {
            return connection.call(
                    Effect.READS,
                    (channel, deadline) -> NodeServiceGrpc.newBlockingStub(channel)
                            .withDeadline(deadline)
                            .getNodeMetrics(GetNodeMetricsRequest.getDefaultInstance())
                            .getText());
        } catch (CommandFailure unreachable) {
            if (unreachable.exitCode() == ExitCode.CANNOT_CONNECT) {
                return "";
            }
            throw unreachable;
        }
    }
}
