package dev.quorate.sdk.transport;

import dev.quorate.proto.kv.v1.GetTopologyRequest;
import dev.quorate.proto.kv.v1.GetTopologyResponse;
import dev.quorate.proto.kv.v1.TopologyServiceGrpc;
import dev.quorate.sdk.routing.Ring;
import dev.quorate.sdk.transport.NodeConnection.TopologyReceiver;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Questions for the topology at one address: they need no greeting. */
final class TopologyCalls {
    private final NodeConnection connection;
    private final Channel channel;
    private @Nullable Failure lastFailure;

    TopologyCalls(NodeConnection connection, Channel channel) {
        this.connection = connection;
        this.channel = channel;
    }

    /** @param failedBefore whether gRPC would report an earlier failure at once: then the call waits for a connection, though not for long */
    void fetch(long knownEpoch, long timeoutNanos, boolean failedBefore, TopologyReceiver receiver) {
        CallOptions options = failedBefore
                ? CallOptions.DEFAULT
                        .withWaitForReady()
                        .withDeadlineAfter(
                                Math.min(timeoutNanos, NodeConnection.SECOND_TRY_NANOS), TimeUnit.NANOSECONDS)
                : CallOptions.DEFAULT.withDeadlineAfter(timeoutNanos, TimeUnit.NANOSECONDS);
        ClientCall<GetTopologyRequest, GetTopologyResponse> call =
                channel.newCall(TopologyServiceGrpc.getGetTopologyMethod(), options);
        call.start(new Listener(failedBefore, receiver), new Metadata());
        call.sendMessage(
                GetTopologyRequest.newBuilder().setKnownEpoch(knownEpoch).build());
        call.halfClose();
        call.request(2);
    }

    private final class Listener extends ClientCall.Listener<GetTopologyResponse> {
        private final boolean failedBefore;
        private final TopologyReceiver receiver;
        private @Nullable GetTopologyResponse response;

        Listener(boolean failedBefore, TopologyReceiver receiver) {
            this.failedBefore = failedBefore;
            this.receiver = receiver;
        }

        @Override
        public void onMessage(GetTopologyResponse message) {
            response = message;
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            if (!status.isOk() || response == null) {
                Failure before = lastFailure;
                Failure failure = failedBefore && connection.hasFailed() && before != null
                        ? before // still refused: the deadline of the second try says less
                        : connection.notConnected(status, trailers);
                lastFailure = failure;
                receiver.failed(connection, failure);
                return;
            }
            connection.heard(System.nanoTime());
            Ring newer;
            try {
                newer = response.hasTopology() ? TopologyCodec.toRing(response.getTopology()) : null;
            } catch (IllegalArgumentException malformed) {
                String text = "its topology is malformed: " + malformed.getMessage();
                receiver.failed(
                        connection,
                        Failure.local(
                                Failure.Kind.NOT_CONNECTED,
                                connection.node(),
                                connection.address(),
                                0,
                                text,
                                malformed));
                return;
            }
            receiver.received(connection, newer);
        }
    }
}
