package dev.quorate.sdk;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import dev.quorate.proto.kv.v1.DeleteRequest;
import dev.quorate.proto.kv.v1.DeleteResponse;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.GetResponse;
import dev.quorate.proto.kv.v1.GetTopologyRequest;
import dev.quorate.proto.kv.v1.GetTopologyResponse;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.PipelineRequest;
import dev.quorate.proto.kv.v1.PipelineResponse;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.proto.kv.v1.PutResponse;
import dev.quorate.proto.kv.v1.Report;
import dev.quorate.proto.kv.v1.TopologyServiceGrpc;
import dev.quorate.proto.kv.v1.WriteOptions;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.awaitility.Awaitility;

/** One node: a real server on the loopback that can be told to misbehave. */
final class FakeNode {
    /** What a node makes of a request. */
    sealed interface Reaction {
        /** As it should. */
        record Serve() implements Reaction {}

        /** Says nothing, for ever. */
        record Silence() implements Reaction {}

        /** Carries the operation out and breaks every stream before the answer. */
        record ServeThenBreak() implements Reaction {}

        /** Breaks every stream. */
        record Break() implements Reaction {}

        /** Takes nothing any more and ends every stream, as a node that was told to stop. */
        record Stop() implements Reaction {}

        /** As it should, but late. */
        record Delay(Duration by) implements Reaction {}

        /** Refuses. */
        record Refuse(Status status) implements Reaction {}
    }

    /** A request as it came. */
    record Received(String kind, String key, ByteString context, ByteString requestId, int attempt, boolean ifAbsent) {}

    final FakeCluster cluster;
    final String id;
    final FakeStore store = new FakeStore();
    final Collection<Received> received = new ConcurrentLinkedQueue<>();
    final AtomicInteger messages = new AtomicInteger();
    final AtomicInteger topologiesAsked = new AtomicInteger();
    volatile long boot = 1;
    volatile Function<Received, Reaction> reaction = request -> new Reaction.Serve();
    volatile boolean greets = true;
    private volatile Reaction lastReaction = new Reaction.Serve();
    volatile boolean starting;
    volatile String greetsAsCluster;

    private final AtomicLong sequence = new AtomicLong();
    private final Map<ByteString, FakeStore.Written> known = new HashMap<>();
    private final List<StreamObserver<PipelineResponse>> streams = new CopyOnWriteArrayList<>();
    private volatile Server server;
    /** Free at the first start, and the same after it. */
    private volatile int port;

    FakeNode(FakeCluster cluster, String id) {
        this.cluster = cluster;
        this.id = id;
        this.greetsAsCluster = cluster.clusterId;
        server = build();
    }

    private Server build() {
        return NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", port))
                .directExecutor()
                .permitKeepAliveTime(5, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true)
                .addService(new Kv())
                .addService(new Ring())
                .build();
    }

    void start() {
        try {
            server.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        port = server.getPort();
    }

    void kill() {
        server.shutdownNow();
        try {
            server.awaitTermination();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        streams.clear();
    }

    /** Keeps the streams it has and takes no other connection: whoever tries finds a port that never says a word. */
    java.net.ServerSocket sayGoodbye() throws IOException {
        server.shutdown();
        java.net.ServerSocket mute = new java.net.ServerSocket();
        mute.setReuseAddress(true);
        Awaitility.await().ignoreException(java.net.BindException.class).until(() -> {
            mute.bind(new InetSocketAddress("127.0.0.1", port));
            return true;
        });
        return mute;
    }

    /** Comes back at the same address; a new boot has forgotten every request id. */
    void restart(boolean newBoot) {
        kill();
        if (newBoot) {
            boot++;
            synchronized (known) {
                known.clear();
            }
        }
        server = build();
        start();
    }

    void breakStreams() {
        endStreams(io.grpc.Status.UNAVAILABLE.withDescription("broken").asException());
    }

    /** As a node does whose ring has changed. */
    void tellEpoch() {
        streams.forEach(stream -> send(
                stream, PipelineResponse.newBuilder().setEpoch(cluster.epoch).build()));
    }

    int openStreams() {
        return streams.size();
    }

    /** A stream is not made for several threads, and tests speak on it as well. */
    private static void send(StreamObserver<PipelineResponse> stream, PipelineResponse message) {
        synchronized (stream) {
            stream.onNext(message);
        }
    }

    private void endStreams(Exception how) {
        List<StreamObserver<PipelineResponse>> open = List.copyOf(streams);
        streams.clear();
        open.forEach(stream -> stream.onError(how));
    }

    String address() {
        return "127.0.0.1:" + port;
    }

    long count(String kind) {
        return received.stream().filter(request -> request.kind().equals(kind)).count();
    }

    static Status status(Code code, String reason, String text, Map<String, String> metadata) {
        return Status.newBuilder()
                .setCode(code.getNumber())
                .setMessage(text)
                .addDetails(Any.pack(ErrorInfo.newBuilder()
                        .setReason(reason)
                        .setDomain("quorate.dev")
                        .putAllMetadata(metadata)
                        .build()))
                .build();
    }

    static Reaction refuse(Code code, String reason) {
        return new Reaction.Refuse(status(code, reason, "the node says " + reason, Map.of()));
    }

    private Report report() {
        return Report.newBuilder()
                .setCoordinator(id)
                .setAcknowledgements(2)
                .setPrimaries(2)
                .setRequired(2)
                .addNodes("n1")
                .addNodes("n2")
                .build();
    }

    private GetResponse get(GetRequest request) {
        FakeStore.ObjectKey key = key(request.getBucket(), request.getKey());
        return GetResponse.newBuilder()
                .addAllSiblings(store.siblings(key))
                .setContext(store.context(key))
                .setReport(report())
                .build();
    }

    private static FakeStore.ObjectKey key(String bucket, ByteString key) {
        return new FakeStore.ObjectKey(bucket.isEmpty() ? "default" : bucket, key);
    }

    /** Empty when the condition does not hold. */
    private Optional<FakeStore.Written> write(
            String bucket, ByteString rawKey, Optional<ByteString> value, ByteString context, WriteOptions options) {
        FakeStore.ObjectKey key = key(bucket, rawKey);
        synchronized (known) {
            FakeStore.Written before = known.get(options.getRequestId());
            if (before != null) {
                return Optional.of(before);
            }
            if (options.getIfAbsent() && store.hasValue(key)) {
                return Optional.empty();
            }
            String dot = "%s.%d.%06d".formatted(id, boot, sequence.incrementAndGet());
            FakeStore.Written written = store.write(key, value.orElse(null), context, options.getAttempt() <= 1, dot);
            known.put(options.getRequestId(), written);
            cluster.replicate(this, key);
            return Optional.of(written);
        }
    }

    private static Received received(GetRequest get) {
        return new Received("get", get.getKey().toStringUtf8(), ByteString.EMPTY, ByteString.EMPTY, 0, false);
    }

    private static Received received(String kind, ByteString key, ByteString context, WriteOptions options) {
        return new Received(
                kind, key.toStringUtf8(), context, options.getRequestId(), options.getAttempt(), options.getIfAbsent());
    }

    private static final Status STARTING =
            status(Code.UNAVAILABLE, "NODE_STARTING", "the node is recovering the log", Map.of());

    private static final Status PRECONDITION_FAILED =
            status(Code.FAILED_PRECONDITION, "PRECONDITION_FAILED", "the key has a value", Map.of());

    /** Fills in the outcome; empty when there shall be none. */
    private Optional<PipelineResponse.Outcome.Builder> perform(PipelineRequest.Operation operation) {
        Received request = switch (operation.getOpCase()) {
            case GET -> received(operation.getGet());
            case PUT ->
                received(
                        "put",
                        operation.getPut().getKey(),
                        operation.getPut().getContext(),
                        operation.getPut().getOptions());
            case DELETE ->
                received(
                        "delete",
                        operation.getDelete().getKey(),
                        operation.getDelete().getContext(),
                        operation.getDelete().getOptions());
            case OP_NOT_SET -> throw new IllegalArgumentException("an operation without a kind");
        };
        received.add(request);
        Reaction chosen = reaction.apply(request);
        lastReaction = chosen;
        PipelineResponse.Outcome.Builder outcome =
                PipelineResponse.Outcome.newBuilder().setId(operation.getId());
        if (chosen instanceof Reaction.Refuse refusal) {
            return Optional.of(outcome.setError(refusal.status()));
        }
        if (chosen instanceof Reaction.Silence) {
            return Optional.empty();
        }
        if (chosen instanceof Reaction.Stop) {
            endStreams(StatusProto.toStatusException(
                    status(Code.UNAVAILABLE, "NODE_DRAINING", "The node is shutting down.", Map.of())));
            return Optional.empty();
        }
        if (chosen instanceof Reaction.Break) {
            breakStreams();
            return Optional.empty();
        }
        switch (operation.getOpCase()) {
            case GET -> outcome.setGet(get(operation.getGet()));
            case PUT -> put(operation.getPut(), outcome);
            case DELETE -> delete(operation.getDelete(), outcome);
            case OP_NOT_SET -> throw new IllegalArgumentException("an operation without a kind");
        }
        if (chosen instanceof Reaction.ServeThenBreak) {
            breakStreams();
            return Optional.empty();
        }
        return Optional.of(outcome);
    }

    private void put(PutRequest put, PipelineResponse.Outcome.Builder outcome) {
        write(put.getBucket(), put.getKey(), Optional.of(put.getValue()), put.getContext(), put.getOptions())
                .ifPresentOrElse(
                        written -> {
                            PutResponse.Builder response = PutResponse.newBuilder()
                                    .setContext(written.context())
                                    .setReport(report());
                            if (put.getOptions().getReturnSiblings()) {
                                FakeStore.ObjectKey key = key(put.getBucket(), put.getKey());
                                response.addAllSiblings(store.siblings(key)).setContext(store.context(key));
                            }
                            outcome.setPut(response);
                        },
                        () -> outcome.setError(PRECONDITION_FAILED));
    }

    private void delete(DeleteRequest delete, PipelineResponse.Outcome.Builder outcome) {
        write(delete.getBucket(), delete.getKey(), Optional.empty(), delete.getContext(), delete.getOptions())
                .ifPresentOrElse(
                        written -> outcome.setDelete(DeleteResponse.newBuilder()
                                .setContext(written.context())
                                .setReport(report())),
                        () -> outcome.setError(PRECONDITION_FAILED));
    }

    private final class Kv extends KvServiceGrpc.KvServiceImplBase {
        @Override
        public StreamObserver<PipelineRequest> pipeline(StreamObserver<PipelineResponse> responses) {
            streams.add(responses);
            if (starting) {
                responses.onError(StatusProto.toStatusException(STARTING));
            } else if (greets) {
                responses.onNext(PipelineResponse.newBuilder()
                        .setGreeting(PipelineResponse.Greeting.newBuilder()
                                .setNode(id)
                                .setBoot(boot)
                                .setClusterId(greetsAsCluster)
                                .setEpoch(cluster.epoch))
                        .build());
            }
            return new StreamObserver<>() {
                @Override
                public void onNext(PipelineRequest batch) {
                    messages.incrementAndGet();
                    PipelineResponse.Builder answer =
                            PipelineResponse.newBuilder().setEpoch(cluster.epoch);
                    Duration delay = Duration.ZERO;
                    for (PipelineRequest.Operation operation : batch.getOperationsList()) {
                        Reaction before = lastReaction;
                        perform(operation).ifPresent(answer::addOutcomes);
                        if (lastReaction != before && lastReaction instanceof Reaction.Delay late) {
                            delay = late.by();
                        }
                    }
                    if (!delay.isZero()) {
                        PipelineResponse late = answer.build();
                        CompletableFuture.delayedExecutor(delay.toMillis(), TimeUnit.MILLISECONDS)
                                .execute(() -> send(responses, late));
                        return;
                    }
                    if (answer.getOutcomesCount() > 0 && streams.contains(responses)) {
                        send(responses, answer.build());
                    }
                }

                @Override
                public void onError(Throwable broken) {
                    streams.remove(responses);
                }

                @Override
                public void onCompleted() {
                    streams.remove(responses);
                    responses.onCompleted();
                }
            };
        }

        @Override
        public void get(GetRequest request, StreamObserver<GetResponse> response) {
            unary(PipelineRequest.Operation.newBuilder().setGet(request), response, PipelineResponse.Outcome::getGet);
        }

        @Override
        public void put(PutRequest request, StreamObserver<PutResponse> response) {
            unary(PipelineRequest.Operation.newBuilder().setPut(request), response, PipelineResponse.Outcome::getPut);
        }

        @Override
        public void delete(DeleteRequest request, StreamObserver<DeleteResponse> response) {
            unary(
                    PipelineRequest.Operation.newBuilder().setDelete(request),
                    response,
                    PipelineResponse.Outcome::getDelete);
        }

        private <A> void unary(
                PipelineRequest.Operation.Builder operation,
                StreamObserver<A> response,
                Function<PipelineResponse.Outcome, A> answer) {
            perform(operation.build()).ifPresent(outcome -> {
                if (outcome.hasError()) {
                    response.onError(StatusProto.toStatusException(outcome.getError()));
                } else {
                    response.onNext(answer.apply(outcome.build()));
                    response.onCompleted();
                }
            });
        }
    }

    private final class Ring extends TopologyServiceGrpc.TopologyServiceImplBase {
        @Override
        public void getTopology(GetTopologyRequest request, StreamObserver<GetTopologyResponse> response) {
            topologiesAsked.incrementAndGet();
            if (starting) {
                response.onError(StatusProto.toStatusException(STARTING));
                return;
            }
            GetTopologyResponse.Builder answer = GetTopologyResponse.newBuilder();
            if (greets && request.getKnownEpoch() != cluster.epoch) {
                answer.setTopology(cluster.topology());
            }
            if (greets) {
                response.onNext(answer.build());
                response.onCompleted();
            }
        }
    }
}
