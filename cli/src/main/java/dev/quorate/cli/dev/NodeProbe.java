package dev.quorate.cli.dev;

import com.google.protobuf.ByteString;
import dev.quorate.cli.connect.ClusterConnection;
import dev.quorate.cli.connect.ClusterConnection.Effect;
import dev.quorate.cli.connect.Endpoint;
import dev.quorate.cli.connect.NodeHealth;
import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.GetClusterRequest;
import dev.quorate.proto.admin.v1.GetClusterResponse;
import dev.quorate.proto.admin.v1.Member;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.MultiGetRequest;
import dev.quorate.proto.kv.v1.MultiGetResponse;
import dev.quorate.proto.kv.v1.ReadOptions;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Collection;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;

/** Asks one node of a local cluster how it is. No answer is "not yet": the caller asks again until its patience ends. */
final class NodeProbe {
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    /** So many that each node owns some of them, wherever they fall. */
    private static final int KEYS = 64;

    private NodeProbe() {}

    /** Loads what the questions need, so that the first answer is not late by that. Takes a while; asks nobody. */
    static void prepare() {
        Endpoint nobody = Endpoint.parse("127.0.0.1:1");
        try (ClusterConnection connection = new ClusterConnection(List.of(nobody), PATIENCE)) {
            NodeHealth.serving(connection, nobody);
        } catch (CommandFailure refused) {
            return;
        }
    }

    /** Whether it takes client operations. */
    static boolean serving(ClusterFile.Node node) {
        if (!listens(node.clientPort())) {
            return false;
        }
        Endpoint endpoint = Endpoint.parse(node.clientAddress());
        try (ClusterConnection connection = new ClusterConnection(List.of(endpoint), PATIENCE)) {
            return NodeHealth.serving(connection, endpoint);
        } catch (CommandFailure notYet) {
            return false;
        }
    }

    /** Which node the cluster takes it for. */
    static String name(ClusterFile.Node node) {
        try (ClusterConnection connection =
                new ClusterConnection(List.of(Endpoint.parse(node.adminAddress())), PATIENCE)) {
            return connection
                    .call(
                            Effect.READS,
                            (channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                                    .withDeadline(deadline)
                                    .getCluster(GetClusterRequest.getDefaultInstance()))
                    .getNode();
        }
    }

    /** Whether it has a way to each of these. */
    static boolean reaches(ClusterFile.Node node, Collection<String> ids) {
        if (!listens(node.adminPort())) {
            return false;
        }
        try (ClusterConnection connection =
                new ClusterConnection(List.of(Endpoint.parse(node.adminAddress())), PATIENCE)) {
            GetClusterResponse seen = connection.call(
                    Effect.READS,
                    (channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                            .withDeadline(deadline)
                            .getCluster(GetClusterRequest.getDefaultInstance()));
            return seen.getMembersList().stream()
                    .filter(member -> ids.contains(member.getId()))
                    .allMatch(Member::getReachable);
        } catch (CommandFailure notYet) {
            return false;
        }
    }

    /**
     * Whether reads through this node are answered by so many owners, wherever keys fall. A read, because a write would leave something
     * behind; it takes the same ways.
     */
    static boolean readsFrom(ClusterFile.Node node, int owners) {
        MultiGetRequest request = MultiGetRequest.newBuilder()
                .addAllKeys(IntStream.range(0, KEYS)
                        .mapToObj(i -> ByteString.copyFromUtf8("kvctl-dev-up-" + i))
                        .toList())
                .setOptions(ReadOptions.newBuilder().setR(owners))
                .build();
        try (ClusterConnection connection =
                new ClusterConnection(List.of(Endpoint.parse(node.clientAddress())), PATIENCE)) {
            return connection.call(Effect.READS, (channel, deadline) -> {
                Iterator<MultiGetResponse> answers = KvServiceGrpc.newBlockingStub(channel)
                        .withDeadline(deadline)
                        .multiGet(request);
                int answered = 0;
                while (answers.hasNext()) {
                    answered += answers.next().hasResponse() ? 1 : 0;
                }
                return answered == KEYS;
            });
        } catch (CommandFailure | StatusRuntimeException notYet) {
            return false;
        }
    }

    /** A plain connection first: a gRPC channel that was refused once waits a second before it tries again. */
    private static boolean listens(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), (int) PATIENCE.toMillis());
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
