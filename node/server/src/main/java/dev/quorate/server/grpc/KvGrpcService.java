package dev.quorate.server.grpc;

import com.google.protobuf.ByteString;
import com.google.rpc.Status;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.peer.Result;
import dev.quorate.core.replication.ClientAnswer;
import dev.quorate.core.replication.ClientGet;
import dev.quorate.core.replication.ClientWrite;
import dev.quorate.proto.kv.v1.DeleteRequest;
import dev.quorate.proto.kv.v1.DeleteResponse;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.GetResponse;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.MultiGetRequest;
import dev.quorate.proto.kv.v1.MultiGetResponse;
import dev.quorate.proto.kv.v1.MultiWriteRequest;
import dev.quorate.proto.kv.v1.MultiWriteResponse;
import dev.quorate.proto.kv.v1.PipelineRequest;
import dev.quorate.proto.kv.v1.PipelineResponse;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.proto.kv.v1.PutResponse;
import dev.quorate.server.system.NettyEventLoop;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The client API. Runs on the event loop from the first byte to the last. */
public final class KvGrpcService extends KvServiceGrpc.KvServiceImplBase {
    /** Under which the health service tells whether clients are served. */
    public static final String HEALTH_NAME = KvServiceGrpc.SERVICE_NAME;

    /** Keys of a MultiGet, writes of a MultiWrite. */
    static final int MAX_MULTI = 1000;

    /** Kept for the answer's way back: a quorum that comes together at the very deadline is of no use to the client. */
    private static final long MARGIN_NANOS = 5_000_000;

    private final ClientOperations operations;
    private final NettyEventLoop loop;
    private final ClusterIdentity identity;
    private final int pipelineOperations;
    private final Duration longest;
    private final Set<PipelineStream> pipelines = new LinkedHashSet<>();
    private boolean stopping;

    /** Tells the clients with open streams, so that they can go straight to the new owners. Call on the loop. */
    public void ringChanged() {
        pipelines.forEach(PipelineStream::ringChanged);
    }

    /** @param longest time that a call of many operations may take, however slowly its answers are taken */
    public KvGrpcService(
            ClientOperations operations,
            NettyEventLoop loop,
            ClusterIdentity identity,
            int pipelineOperations,
            Duration longest) {
        this.operations = operations;
        this.loop = loop;
        this.identity = identity;
        this.pipelineOperations = pipelineOperations;
        this.longest = longest;
    }

    @Override
    public void get(GetRequest request, StreamObserver<GetResponse> observer) {
        operations.get(
                KvCodec.get(request),
                timeLeft(Context.current().getDeadline()),
                request.getSerializedSize(),
                new UnaryCall<>(observer, KvCodec::getResponse));
    }

    @Override
    public void put(PutRequest request, StreamObserver<PutResponse> observer) {
        operations.write(
                KvCodec.put(request),
                timeLeft(Context.current().getDeadline()),
                request.getSerializedSize(),
                new UnaryCall<>(observer, KvCodec::putResponse));
    }

    @Override
    public void delete(DeleteRequest request, StreamObserver<DeleteResponse> observer) {
        operations.write(
                KvCodec.delete(request),
                timeLeft(Context.current().getDeadline()),
                request.getSerializedSize(),
                new UnaryCall<>(observer, KvCodec::deleteResponse));
    }

    @Override
    public void multiGet(MultiGetRequest request, StreamObserver<MultiGetResponse> observer) {
        @Nullable Deadline deadline = Context.current().getDeadline();
        List<MultiStream.Item<MultiGetResponse>> items = new ArrayList<>(request.getKeysCount());
        for (ByteString key : request.getKeysList()) {
            int index = items.size();
            items.add(done -> {
                Result<ClientGet> get = KvCodec.get(request.getBucket(), key, request.getOptions());
                operations.get(get, timeLeft(deadline), key.size(), new ClientOperations.Caller() {
                    @Override
                    public void answered(ClientAnswer answer) {
                        done.accept(MultiGetResponse.newBuilder()
                                .setIndex(index)
                                .setResponse(KvCodec.getResponse(answer))
                                .build());
                    }

                    @Override
                    public void failed(Status status) {
                        done.accept(MultiGetResponse.newBuilder()
                                .setIndex(index)
                                .setError(status)
                                .build());
                    }
                });
            });
        }
        stream(observer, items, request.getSerializedSize(), "keys");
    }

    @Override
    public void multiWrite(MultiWriteRequest request, StreamObserver<MultiWriteResponse> observer) {
        @Nullable Deadline deadline = Context.current().getDeadline();
        List<MultiStream.Item<MultiWriteResponse>> items = new ArrayList<>(request.getWritesCount());
        for (MultiWriteRequest.Write write : request.getWritesList()) {
            int index = items.size();
            boolean delete = write.hasDelete();
            items.add(done -> {
                Result<ClientWrite> decoded = decode(write);
                operations.write(decoded, timeLeft(deadline), write.getSerializedSize(), new ClientOperations.Caller() {
                    @Override
                    public void answered(ClientAnswer answer) {
                        MultiWriteResponse.Builder response =
                                MultiWriteResponse.newBuilder().setIndex(index);
                        done.accept(
                                delete
                                        ? response.setDelete(KvCodec.deleteResponse(answer))
                                                .build()
                                        : response.setPut(KvCodec.putResponse(answer))
                                                .build());
                    }

                    @Override
                    public void failed(Status status) {
                        done.accept(MultiWriteResponse.newBuilder()
                                .setIndex(index)
                                .setError(status)
                                .build());
                    }
                });
            });
        }
        stream(observer, items, request.getSerializedSize(), "writes");
    }

    @Override
    public StreamObserver<PipelineRequest> pipeline(StreamObserver<PipelineResponse> observer) {
        PipelineStream stream = new PipelineStream(
                (ServerCallStreamObserver<PipelineResponse>) observer,
                operations,
                loop,
                pipelineOperations,
                identity::epoch,
                pipelines::remove);
        pipelines.add(stream);
        stream.open(identity.pipelineGreeting());
        if (stopping) {
            stream.nodeStops();
        }
        return stream;
    }

    /** Ends the streams, each when its last outcome has left. New ones end at once. Call on the loop. */
    public void endStreams() {
        stopping = true;
        new ArrayList<>(pipelines).forEach(PipelineStream::nodeStops);
    }

    /** Streams that have not ended. */
    public int openStreams() {
        return pipelines.size();
    }

    private static Result<ClientWrite> decode(MultiWriteRequest.Write write) {
        return switch (write.getOpCase()) {
            case PUT -> KvCodec.put(write.getPut());
            case DELETE -> KvCodec.delete(write.getDelete());
            case OP_NOT_SET ->
                Result.failed(Failure.of(Failure.Kind.REQUEST_INVALID)
                        .with("field", "writes.op")
                        .with("cause", "neither put nor delete"));
        };
    }

    private <T> void stream(StreamObserver<T> observer, List<MultiStream.Item<T>> items, long size, String field) {
        if (items.size() > MAX_MULTI) {
            observer.onError(StatusMapping.exception(Failure.of(Failure.Kind.REQUEST_INVALID)
                    .with("field", field)
                    .with("cause", items.size() + " of them, more than " + MAX_MULTI)));
            return;
        }
        Failure refused = operations.hold(size);
        if (refused != null) {
            observer.onError(StatusMapping.exception(refused));
            return;
        }
        new MultiStream<>((ServerCallStreamObserver<T>) observer, items, () -> operations.letGo(size))
                .start(loop, longest);
    }

    /** Until the client's deadline, with a margin; null if it set none. */
    private static @Nullable Duration timeLeft(@Nullable Deadline deadline) {
        return deadline == null ? null : Duration.ofNanos(deadline.timeRemaining(TimeUnit.NANOSECONDS) - MARGIN_NANOS);
    }

    /** A call with one answer. */
    private static final class UnaryCall<T> implements ClientOperations.Caller {
        private final StreamObserver<T> observer;
        private final Function<ClientAnswer, T> encoder;

        UnaryCall(StreamObserver<T> observer, Function<ClientAnswer, T> encoder) {
            this.observer = observer;
            this.encoder = encoder;
        }

        @Override
        public void answered(ClientAnswer answer) {
            observer.onNext(encoder.apply(answer));
            observer.onCompleted();
        }

        @Override
        public void failed(Status status) {
            observer.onError(StatusMapping.exception(status));
        }
    }
}
