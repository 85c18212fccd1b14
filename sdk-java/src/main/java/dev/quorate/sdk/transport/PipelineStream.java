package dev.quorate.sdk.transport;

import com.google.protobuf.Duration;
import com.google.protobuf.MessageLite;
import dev.quorate.proto.kv.v1.DeleteRequest;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.PipelineRequest;
import dev.quorate.proto.kv.v1.PipelineResponse;
import dev.quorate.proto.kv.v1.PutRequest;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.Queue;

/** One pipeline stream of a connection, which may have opened another since. Makes batches; what they mean is the connection's business. */
final class PipelineStream extends ClientCall.Listener<PipelineResponse> {
    private static final int BATCH_OPERATIONS = 512; // the server takes 1024
    private static final int BATCH_BYTES =
            256 << 10; // answers to the first operations need not wait for the last to be read

    private final NodeConnection connection;
    private final ClientCall<PipelineRequest, PipelineResponse> call;
    private long durationMillis = -1;
    private Duration duration = Duration.getDefaultInstance();

    PipelineStream(NodeConnection connection, ClientCall<PipelineRequest, PipelineResponse> call) {
        this.connection = connection;
        this.call = call;
    }

    void start() {
        call.start(this, new Metadata());
        call.request(16);
    }

    void cancel(String reason) {
        call.cancel(reason, null);
    }

    /** Sends what gRPC takes now; {@link NodeConnection#streamReady} says when it takes more. */
    void sendBatches(Queue<Exchange> outbox, Outstanding outstanding, long now) {
        while (!outbox.isEmpty() && call.isReady()) {
            PipelineRequest.Builder batch = PipelineRequest.newBuilder();
            long boot = connection.boot();
            int bytes = 0;
            while (bytes < BATCH_BYTES && batch.getOperationsCount() < BATCH_OPERATIONS) {
                Exchange exchange = outbox.poll();
                if (exchange == null) {
                    break;
                }
                exchange.markSent(now, boot);
                outstanding.occupySlot(exchange);
                PipelineRequest.Operation.Builder operation = PipelineRequest.Operation.newBuilder()
                        .setId(exchange.id)
                        .setTimeout(timeLeft(exchange, now));
                MessageLite request = exchange.request();
                bytes += request.getSerializedSize();
                switch (exchange.kind()) {
                    case GET -> operation.setGet((GetRequest) request);
                    case PUT -> operation.setPut((PutRequest) request);
                    case DELETE -> operation.setDelete((DeleteRequest) request);
                }
                batch.addOperations(operation);
            }
            call.sendMessage(batch.build());
        }
    }

    /** Milliseconds repeat from operation to operation, so one object mostly does for a whole batch. */
    private Duration timeLeft(Exchange exchange, long now) {
        long millis = Math.max(1, (exchange.deadlineNanos() - now) / 1_000_000);
        if (millis != durationMillis) {
            durationMillis = millis;
            duration = Duration.newBuilder()
                    .setSeconds(millis / 1000)
                    .setNanos((int) (millis % 1000) * 1_000_000)
                    .build();
        }
        return duration;
    }

    @Override
    public void onReady() {
        connection.streamReady(this);
    }

    @Override
    public void onMessage(PipelineResponse message) {
        call.request(1);
        connection.received(this, message);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
        connection.streamEnded(this, status, trailers);
    }
}
