package dev.quorate.cli.connect;

import dev.quorate.cli.connect.ClusterConnection.Call;
import dev.quorate.cli.connect.ClusterConnection.Effect;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.GlobalOptions;
import dev.quorate.proto.kv.v1.GetTopologyRequest;
import dev.quorate.proto.kv.v1.Topology;
import dev.quorate.proto.kv.v1.TopologyServiceGrpc;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;

/** Administration services, found through any node's client address: users know one address, not three per node. */
public final class AdminConnection implements AutoCloseable {
    private final Topology topology;
    private final ClusterConnection admin;

    private AdminConnection(Topology topology, ClusterConnection admin) {
        this.topology = topology;
        this.admin = admin;
    }

    public static AdminConnection of(GlobalOptions options) {
        return of(Endpoint.of(options), options.timeout());
    }

    /** @param clientAddresses any of the cluster's */
    public static AdminConnection of(List<Endpoint> clientAddresses, Duration timeout) {
        Topology topology;
        try (ClusterConnection clients = new ClusterConnection(clientAddresses, timeout)) {
            topology = clients.call(
                            Effect.READS,
                            (channel, deadline) -> TopologyServiceGrpc.newBlockingStub(channel)
                                    .withDeadline(deadline)
                                    .getTopology(GetTopologyRequest.getDefaultInstance()))
                    .getTopology();
        }
        // Those the answering node can reach come first; whoever is down would cost a timeout each.
        List<Endpoint> endpoints = topology.getNodesList().stream()
                .sorted(Comparator.comparing(node -> !node.getReachable()))
                .map(Topology.Node::getAdminAddress)
                .filter(address -> !address.isEmpty())
                .map(Endpoint::parse)
                .toList();
        if (endpoints.isEmpty()) {
            throw new CommandFailure(
                    ExitCode.FAILURE, "the cluster does not publish its administration addresses", null);
        }
        return new AdminConnection(topology, new ClusterConnection(endpoints, timeout));
    }

    public Topology topology() {
        return topology;
    }

    public <T> T call(Call<T> call) {
        return admin.call(Effect.READS, call);
    }

    /** As {@link #call}, of something that changes the cluster. */
    public <T> T change(Call<T> call) {
        return admin.call(Effect.CHANGES, call);
    }

    /** At one member's administration address. */
    public <T> T callAt(String address, Call<T> call) {
        return admin.callAt(Endpoint.parse(address), Effect.READS, call);
    }

    @Override
    public void close() {
        admin.close();
    }
}
