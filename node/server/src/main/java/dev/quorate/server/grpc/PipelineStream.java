package dev.quorate.server.grpc;

import com.google.protobuf.Duration;
import com.google.rpc.Status;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.replication.ClientAnswer;
import dev.quorate.proto.kv.v1.PipelineRequest;
import dev.quorate.proto.kv.v1.PipelineResponse;
import dev.quorate.server.system.NettyEventLoop;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayDeque;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One client's stream of operations. What is done within one pass of the event loop leaves in one message. The client's next
 * message is taken only while there is room for its operations, and outcomes leave only while the client takes them: both ways the
 * stream itself holds the sender back.
 */
final class PipelineStream implements StreamObserver<PipelineRequest> {
    static final int MAX_OPERATIONS_PER_MESSAGE = 1024;

    /** A whole message at a time would go back and forth between client and node, one of which then always waits. */
    private static final int OPERATIONS_PER_TURN = 16;

    /** Outcomes of one message; above it they are spread over several. */
    static final int MESSAGE_BYTES = 1 << 20;

    /** Outcomes that the client has not taken, above which no message of its is. */
    private static final long UNTAKEN_BYTES = 4 << 20;

    private final ServerCallStreamObserver<PipelineResponse> observer;
    private final ClientOperations operations;
    private final NettyEventLoop loop;
    private final int maxOperations;
    private final LongSupplier epoch;
    private final Consumer<PipelineStream> ended;

    private final ArrayDeque<PipelineResponse.Outcome> outcomes = new ArrayDeque<>();
    /** Operations begun whose outcome has not left. */
    private int open;

    private long outcomeBytes;
    private boolean drainScheduled;
    private boolean mayReceive;
    private boolean noMore;
    private boolean nodeStops;
    private boolean epochDue;
    private boolean closed;

    PipelineStream(
            ServerCallStreamObserver<PipelineResponse> observer,
            ClientOperations operations,
            NettyEventLoop loop,
            int maxOperations,
            LongSupplier epoch,
            Consumer<PipelineStream> ended) {
        this.observer = observer;
        this.operations = operations;
        this.loop = loop;
        this.maxOperations = maxOperations;
        this.epoch = epoch;
        this.ended = ended;
    }

    /** Call from the service method, while handlers may still be set. */
    void open(PipelineResponse.Greeting greeting) {
        observer.disableAutoRequest();
        observer.setOnReadyHandler(this::drain);
        observer.setOnCancelHandler(this::close);
        observer.onNext(PipelineResponse.newBuilder()
                .setGreeting(greeting)
                .setLoad(operations.load())
                .build());
        mayReceive = true;
        receive();
    }

    /** Tells the client, also one that asks for nothing. */
    void ringChanged() {
        if (!closed) {
            epochDue = true;
            scheduleDrain();
        }
    }

    /** Takes no more messages, and ends when the last outcome has left. What the client has sent since was not begun. */
    void nodeStops() {
        nodeStops = true;
        noMore = true;
        completeIfIdle();
    }

    @Override
    public void onNext(PipelineRequest request) {
        if (closed) {
            return;
        }
        if (request.getOperationsCount() > MAX_OPERATIONS_PER_MESSAGE) {
            fail(Failure.of(Failure.Kind.REQUEST_INVALID)
                    .with("field", "operations")
                    .with(
                            "cause",
                            request.getOperationsCount() + " in one message, more than " + MAX_OPERATIONS_PER_MESSAGE));
            return;
        }
        open += request.getOperationsCount();
        begin(request, 0);
    }

    /** A few at a time: while the next are done here, the client already has the outcomes of these, and the log their writes. */
    private void begin(PipelineRequest request, int from) {
        int end = Math.min(request.getOperationsCount(), from + OPERATIONS_PER_TURN);
        for (int i = from; i < end && !closed; i++) {
            begin(request.getOperations(i));
        }
        if (end < request.getOperationsCount() && !closed) {
            drain();
            loop.execute(() -> begin(request, end));
        } else {
            mayReceive = true;
            receive();
        }
    }

    @Override
    public void onError(Throwable thrown) {
        close();
    }

    @Override
    public void onCompleted() {
        noMore = true;
        completeIfIdle();
    }

    private void receive() {
        if (mayReceive && !closed && !noMore && open < maxOperations && outcomeBytes < UNTAKEN_BYTES) {
            mayReceive = false;
            observer.request(1);
        }
    }

    private void begin(PipelineRequest.Operation operation) {
        Call call = new Call(operation);
        java.time.@Nullable Duration timeout = operation.hasTimeout() ? timeout(operation.getTimeout()) : null;
        int size = operation.getSerializedSize();
        switch (operation.getOpCase()) {
            case GET -> operations.get(KvCodec.get(operation.getGet()), timeout, size, call);
            case PUT -> operations.write(KvCodec.put(operation.getPut()), timeout, size, call);
            case DELETE -> operations.write(KvCodec.delete(operation.getDelete()), timeout, size, call);
            case OP_NOT_SET ->
                call.failed(StatusMapping.of(Failure.of(Failure.Kind.REQUEST_INVALID)
                        .with("field", "operations.op")
                        .with("cause", "none of get, put and delete")));
        }
    }

    /** Cut to a year: a longer one would overflow, and core cuts further. */
    private static java.time.Duration timeout(Duration timeout) {
        long seconds = Math.max(-1, Math.min(31_536_000L, timeout.getSeconds()));
        return java.time.Duration.ofSeconds(seconds, Math.max(0, Math.min(999_999_999, timeout.getNanos())));
    }

    private void done(PipelineResponse.Outcome outcome) {
        if (closed) {
            return;
        }
        outcomes.add(outcome);
        keep(outcome.getSerializedSize());
        scheduleDrain();
    }

    private void scheduleDrain() {
        if (!drainScheduled) {
            drainScheduled = true;
            loop.atEndOfPass(() -> {
                drainScheduled = false;
                drain();
            });
        }
    }

    /** Sends what is done, while the client takes it; continued when it takes more. */
    private void drain() {
        while (!closed && (epochDue || !outcomes.isEmpty()) && observer.isReady()) {
            PipelineResponse.Builder message =
                    PipelineResponse.newBuilder().setLoad(operations.load()).setEpoch(epoch.getAsLong());
            epochDue = false;
            long bytes = 0;
            while (!outcomes.isEmpty()
                    && (bytes == 0 || bytes + outcomes.peek().getSerializedSize() <= MESSAGE_BYTES)) {
                PipelineResponse.Outcome outcome = outcomes.remove();
                bytes += outcome.getSerializedSize();
                message.addOutcomes(outcome);
                open--;
            }
            keep(-bytes);
            observer.onNext(message.build());
        }
        receive();
        completeIfIdle();
    }

    private void completeIfIdle() {
        if (noMore && open == 0 && !closed) {
            close();
            if (nodeStops) {
                observer.onError(StatusMapping.exception(StatusMapping.streamEnded("The node is shutting down.")));
            } else {
                observer.onCompleted();
            }
        }
    }

    private void fail(Failure failure) {
        close();
        observer.onError(StatusMapping.exception(failure));
    }

    private void keep(long bytes) {
        outcomeBytes += bytes;
        operations.keep(bytes);
    }

    private void close() {
        closed = true;
        outcomes.clear();
        keep(-outcomeBytes);
        ended.accept(this);
    }

    /** One operation of the stream. */
    private final class Call implements ClientOperations.Caller {
        private final long id;
        private final PipelineRequest.Operation.OpCase kind;

        Call(PipelineRequest.Operation operation) {
            this.id = operation.getId();
            this.kind = operation.getOpCase();
        }

        @Override
        public void answered(ClientAnswer answer) {
            PipelineResponse.Outcome.Builder outcome =
                    PipelineResponse.Outcome.newBuilder().setId(id);
            switch (kind) {
                case GET -> outcome.setGet(KvCodec.getResponse(answer));
                case PUT -> outcome.setPut(KvCodec.putResponse(answer));
                case DELETE -> outcome.setDelete(KvCodec.deleteResponse(answer));
                case OP_NOT_SET -> throw new IllegalStateException("an answer to no operation");
            }
            done(outcome.build());
        }

        @Override
        public void failed(Status status) {
            done(PipelineResponse.Outcome.newBuilder()
                    .setId(id)
                    .setError(status)
                    .build());
        }
    }
}
