package dev.quorate.cli.connect;

import dev.quorate.cli.connect.ClusterConnection.Effect;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;

/** The standard health service: "serving" means that the node takes client operations now. */
public final class NodeHealth {
    private NodeHealth() {}

    /** @throws dev.quorate.cli.terminal.CommandFailure when the node does not answer */
    public static boolean serving(ClusterConnection cluster, Endpoint endpoint) {
        HealthCheckRequest request = HealthCheckRequest.newBuilder()
                .setService(KvServiceGrpc.SERVICE_NAME)
                .build();
        return cluster.callAt(
                        endpoint,
                        Effect.READS,
                        (channel, deadline) -> HealthGrpc.newBlockingStub(channel)
                                .withDeadline(deadline)
                                .check(request))
                .getStatus()
                .equals(ServingStatus.SERVING);
    }
}
