package dev.quorate.sdk.transport;

import dev.quorate.proto.kv.v1.DeleteRequest;
import dev.quorate.proto.kv.v1.DeleteResponse;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.GetResponse;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.proto.kv.v1.PutResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One operation as one gRPC call. */
final class UnaryCall {
    private final NodeConnection connection;
    private final Exchange exchange;
    private final long boot;

    /** @param exchange marked as sent */
    UnaryCall(NodeConnection connection, Exchange exchange) {
        this.connection = connection;
        this.exchange = exchange;
        this.boot = exchange.sentAtBoot;
    }

    void start(Channel channel, long now) {
        switch (exchange.kind()) {
            case GET -> start(channel, KvServiceGrpc.getGetMethod(), (GetRequest) exchange.request(), now);
            case PUT -> start(channel, KvServiceGrpc.getPutMethod(), (PutRequest) exchange.request(), now);
            case DELETE -> start(channel, KvServiceGrpc.getDeleteMethod(), (DeleteRequest) exchange.request(), now);
        }
    }

    private <Q, A> void start(Channel channel, MethodDescriptor<Q, A> method, Q request, long now) {
        long nanosLeft = Math.max(1_000_000, exchange.deadlineNanos() - now);
        ClientCall<Q, A> call =
                channel.newCall(method, CallOptions.DEFAULT.withDeadlineAfter(nanosLeft, TimeUnit.NANOSECONDS));
        Runnable cancel = () -> call.cancel("out of time", null);
        exchange.cancel = cancel;
        call.start(
                new ClientCall.Listener<A>() {
                    private @Nullable A response;

                    @Override
                    public void onMessage(A message) {
                        response = message;
                    }

                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        if (exchange.cancel == cancel) { // else forgotten, or already at its next attempt
                            ended(status, trailers, response);
                        }
                    }
                },
                new Metadata());
        call.sendMessage(request);
        call.halfClose();
        call.request(2);
    }

    private void ended(Status status, Metadata trailers, @Nullable Object response) {
        connection.callEnded();
        if (!status.isOk() || response == null) {
            exchange.clearMarks();
            exchange.failed(
                    connection, Failures.ofCall(status, trailers, connection.node(), connection.address(), boot));
            return;
        }
        connection.answered(exchange, System.nanoTime());
        exchange.clearMarks();
        switch (exchange.kind()) {
            case GET -> exchange.got(connection, (GetResponse) response);
            case PUT -> exchange.put(connection, (PutResponse) response);
            case DELETE -> exchange.deleted(connection, (DeleteResponse) response);
        }
    }
}
