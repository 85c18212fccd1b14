package dev.quorate.sdk.transport;

import com.google.protobuf.Duration;
import com.google.protobuf.MessageLite;
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
import dev.quorate.proto.kv.v1.TopologyServiceGrpc;
import dev.quorate.sdk.routing.Ring;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.LoadBalancerRegistry;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.NameResolverRegistry;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The way to one address. A pipeline stream is kept open in both modes: its greeting says which node, boot and cluster answer, and nothing
 * is sent before that is known, so that a write never reaches another cluster and every write knows the boot that saw it. Confined to the
 * client's loop.
 */
public final class NodeConnection {
    /** Told of what happens here; called on the loop. */
    public interface Watcher {
        /** Answers whether the node that greeted may be used; when not, the text says why. */
        @Nullable
        String objection(NodeConnection connection, String clusterId);

        void ready(NodeConnection connection);

        /** The node uses the ring of this epoch now; told again and again. */
        void epochTold(NodeConnection connection, long epoch);

        void lost(NodeConnection connection, Failure failure);
    }

    /** Told of a topology or of its absence. */
    public interface TopologyReceiver {
        /** Null when the caller's epoch is current. */
        void received(NodeConnection from, @Nullable Ring topology);

        void failed(NodeConnection from, Failure failure);
    }

    /** Where this connection stands. */
    public enum State {
        /** Never needed so far. */
        IDLE,
        /** Waiting for the greeting. */
        CONNECTING,
        /** Greeted: operations go out. */
        READY,
        /** The last try failed; the next use or probe tries again. */
        DOWN,
        CLOSED
    }

    private static final int BATCH_OPERATIONS = 512; // the server takes 1024
    private static final int BATCH_BYTES =
            256 << 10; // answers to the first operations need not wait for the last to be read
    private static final int ANSWER_BYTES_LIMIT = 64 << 20;
    private static final int FLOW_CONTROL_WINDOW = 2 << 20;
    /** For a connection whose last try failed: gRPC would report that failure again instead of how the new try fares. */
    private static final long SECOND_TRY_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final ClientLoop loop;
    private final ConnectionSettings settings;
    private final String address;
    private final Watcher watcher;
    private final ManagedChannel channel;

    private State state = State.IDLE;
    private PipelineResponse.@Nullable Greeting greeting;
    private @Nullable Failure lastFailure;
    private @Nullable Failure lastTopologyFailure;
    private @Nullable Stream stream;
    private int streams;

    private final ArrayDeque<Exchange> outbox = new ArrayDeque<>();
    private boolean flushScheduled;
    private @Nullable Exchange[] slots = new Exchange[64];
    private int[] freeSlots = new int[64];
    private int freeCount;
    private long nextSequence = 1;
    private int sentCount;

    private final ExpectedLatency latency = new ExpectedLatency();
    private long lastReceivedNanos;
    private int load;
    private long durationMillis = -1;
    private Duration duration = Duration.getDefaultInstance();

    public NodeConnection(
            ClientLoop loop, Executor nameLookups, ConnectionSettings settings, String address, Watcher watcher) {
        this.loop = loop;
        this.settings = settings;
        this.address = address;
        this.watcher = watcher;
        resetSlots(64);
        channel = NettyChannelBuilder.forTarget("dns:///" + address)
                .usePlaintext()
                .eventLoopGroup(loop.eventLoop())
                .channelType(NioSocketChannel.class, java.net.InetSocketAddress.class)
                .executor(loop.inline())
                .offloadExecutor(nameLookups)
                .withOption(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                        settings.connectTimeout().toMillis())
                .keepAliveTime(settings.keepAlive().toMillis(), TimeUnit.MILLISECONDS)
                .keepAliveTimeout(5, TimeUnit.SECONDS)
                .keepAliveWithoutCalls(true)
                .maxInboundMessageSize(ANSWER_BYTES_LIMIT)
                .flowControlWindow(FLOW_CONTROL_WINDOW)
                .disableRetry() // retries are decided in one place, which knows about boots and request ids
                .disableServiceConfigLookUp()
                .userAgent(settings.userAgent())
                .build();
    }

    /** Fat jars that keep only one of several service files lose gRPC's plug-ins; say so instead of failing obscurely later. */
    public static void requireProviders() {
        if (NameResolverRegistry.getDefaultRegistry().getProviderForScheme("dns") == null
                || LoadBalancerRegistry.getDefaultRegistry().getProvider("pick_first") == null) {
            throw new IllegalStateException(
                    "gRPC's name resolver or load balancer is missing from the class path: when building one jar of "
                            + "several, merge META-INF/services (Maven Shade: ServicesResourceTransformer)");
        }
    }

    public String address() {
        return address;
    }

    public State state() {
        return state;
    }

    /** Why it is DOWN. */
    public @Nullable Failure lastFailure() {
        return lastFailure;
    }

    /** Empty before the first greeting. */
    public String node() {
        return greeting == null ? "" : greeting.getNode();
    }

    /** Of the process at the other end; 0 unless READY. */
    public long boot() {
        return state == State.READY && greeting != null ? greeting.getBoot() : 0;
    }

    /** Of the slot table when the node greeted. */
    public long epoch() {
        return greeting == null ? 0 : greeting.getEpoch();
    }

    /** Exchanges that are queued or unanswered here. */
    public int inFlight() {
        return outbox.size() + sentCount;
    }

    /** What one more operation here will cost: low is better. */
    public double cost() {
        return latency.nanos(inFlight()) * (1 + inFlight()) * (1 + load / 50.0);
    }

    /** A node that was slow long ago must get another chance: called about once a second. */
    public void forgetOldLatency(long nowNanos) {
        if (nowNanos - lastReceivedNanos > TimeUnit.SECONDS.toNanos(1)) {
            latency.fade();
        }
    }

    public long lastReceivedNanos() {
        return lastReceivedNanos;
    }

    /** Opens the stream unless there is one; the outcome comes through the watcher. */
    public void connect() {
        if (state == State.CONNECTING || state == State.READY || state == State.CLOSED) {
            return;
        }
        state = State.CONNECTING;
        boolean failedBefore = hasFailed();
        channel.resetConnectBackoff();
        stream = new Stream(++streams, failedBefore);
        stream.start();
    }

    /** Takes the exchange until it calls back. Connects first when needed. */
    public void send(Exchange exchange) {
        exchange.clearMarks();
        exchange.queued = true;
        outbox.add(exchange);
        if (state == State.READY) {
            scheduleFlush();
        } else {
            connect();
        }
    }

    /** The exchange's time is over: it gets no callback, and an answer that comes later is dropped. */
    public void forget(Exchange exchange) {
        Runnable cancel = exchange.cancel;
        if (exchange.queued) {
            outbox.remove(exchange);
        } else if (cancel != null) {
            sentCount--;
        } else if (exchange.id != 0) {
            release(exchange);
        }
        exchange.clearMarks();
        if (cancel != null) {
            cancel.run(); // last: a call that still waits for a connection is closed within, and must find itself
            // forgotten
        }
    }

    /** As {@link #forget}, of an exchange that took too long: what comes next goes to nodes that answer. */
    public void giveUp(Exchange exchange, long nowNanos) {
        if (exchange.wasSent()) {
            latency.waitedInVain(nowNanos - exchange.sentAtNanos);
        }
        forget(exchange);
    }

    /** Asks for the topology if it is newer than {@code knownEpoch}; works before the greeting. */
    public void fetchTopology(long knownEpoch, long timeoutNanos, TopologyReceiver receiver) {
        boolean failedBefore = hasFailed();
        if (state == State.DOWN || state == State.IDLE) {
            channel.resetConnectBackoff();
        }
        CallOptions options = failedBefore
                ? CallOptions.DEFAULT
                        .withWaitForReady()
                        .withDeadlineAfter(Math.min(timeoutNanos, SECOND_TRY_NANOS), TimeUnit.NANOSECONDS)
                : CallOptions.DEFAULT.withDeadlineAfter(timeoutNanos, TimeUnit.NANOSECONDS);
        ClientCall<GetTopologyRequest, GetTopologyResponse> call =
                channel.newCall(TopologyServiceGrpc.getGetTopologyMethod(), options);
        call.start(
                new ClientCall.Listener<>() {
                    private @Nullable GetTopologyResponse response;

                    @Override
                    public void onMessage(GetTopologyResponse message) {
                        response = message;
                    }

                    @Override
                    public void onClose(Status status, Metadata trailers) {
                        if (!status.isOk() || response == null) {
                            Failure before = lastTopologyFailure;
                            Failure failure = failedBefore && hasFailed() && before != null
                                    ? before // still refused: the deadline of the second try says less
                                    : notConnected(status, trailers);
                            lastTopologyFailure = failure;
                            receiver.failed(NodeConnection.this, failure);
                            return;
                        }
                        lastReceivedNanos = System.nanoTime();
                        Ring newer;
                        try {
                            newer = response.hasTopology() ? TopologyCodec.toRing(response.getTopology()) : null;
                        } catch (IllegalArgumentException malformed) {
                            String text = "its topology is malformed: " + malformed.getMessage();
                            receiver.failed(
                                    NodeConnection.this,
                                    Failure.local(Failure.Kind.NOT_CONNECTED, node(), address, 0, text, malformed));
                            return;
                        }
                        receiver.received(NodeConnection.this, newer);
                    }
                },
                new Metadata());
        call.sendMessage(
                GetTopologyRequest.newBuilder().setKnownEpoch(knownEpoch).build());
        call.halfClose();
        call.request(2);
    }

    /** Drops everything without callbacks: the caller has ended its exchanges. */
    public void close() {
        state = State.CLOSED;
        outbox.clear();
        resetSlots(64);
        channel.shutdownNow();
    }

    /** Whether {@link #close} has come to its end: gRPC needs the loop until then. */
    public boolean isTerminated() {
        return channel.isTerminated();
    }

    /** Whether gRPC tells everybody of a connection that failed until another one stands. */
    private boolean hasFailed() {
        return channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE;
    }

    private Failure notConnected(Status status, Metadata trailers) {
        return Failures.beforeGreeting(status, trailers, node(), address);
    }

    // Flushing when the loop has done everything else that is ready makes one message of all operations that
    // arrived meanwhile: batches grow with the load and nobody waits for a batch to fill.
    private void scheduleFlush() {
        if (!flushScheduled) {
            flushScheduled = true;
            loop.execute(this::flush);
        }
    }

    private void flush() {
        flushScheduled = false;
        if (state != State.READY || stream == null) {
            return;
        }
        long now = System.nanoTime();
        if (settings.pipelined()) {
            stream.sendBatches(now);
        } else {
            for (Exchange next = outbox.poll(); next != null; next = outbox.poll()) {
                markSent(next, now);
                new UnaryCall(next).start(now);
            }
        }
    }

    private void markSent(Exchange exchange, long now) {
        exchange.queued = false;
        exchange.sentAtNanos = now;
        exchange.sentAtBoot = boot();
        sentCount++;
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

    private void sampled(Exchange exchange, long now) {
        latency.answeredAfter(now - exchange.sentAtNanos);
    }

    // An id is a sequence number above the index of a slot: finding the exchange of an answer is one array
    // access, and an answer to a forgotten exchange does not match the slot's next tenant.
    private void occupySlot(Exchange exchange) {
        if (freeCount == 0) {
            int size = slots.length;
            slots = Arrays.copyOf(slots, size * 2);
            freeSlots = new int[size * 2];
            for (int slot = size * 2 - 1; slot >= size; slot--) {
                freeSlots[freeCount++] = slot;
            }
        }
        int slot = freeSlots[--freeCount];
        slots[slot] = exchange;
        exchange.id = nextSequence++ << 20 | slot;
    }

    private @Nullable Exchange tenant(long id) {
        int slot = (int) (id & 0xFFFFF);
        Exchange exchange = slot < slots.length ? slots[slot] : null;
        return exchange != null && exchange.id == id ? exchange : null;
    }

    private void release(Exchange exchange) {
        int slot = (int) (exchange.id & 0xFFFFF);
        slots[slot] = null;
        freeSlots[freeCount++] = slot;
        sentCount--;
    }

    private void resetSlots(int size) {
        slots = new Exchange[size];
        freeSlots = new int[size];
        freeCount = 0;
        for (int slot = size - 1; slot >= 0; slot--) {
            freeSlots[freeCount++] = slot;
        }
        sentCount = 0;
    }

    private void greeted(PipelineResponse.Greeting message) {
        String objection = watcher.objection(this, message.getClusterId());
        if (objection != null) {
            Stream refused = stream;
            down(Failure.local(Failure.Kind.WRONG_CLUSTER, message.getNode(), address, 0, objection, null));
            if (refused != null) {
                refused.call.cancel(objection, null);
            }
            return;
        }
        greeting = message;
        state = State.READY;
        lastFailure = null;
        latency.forget();
        load = 0;
        lastReceivedNanos = System.nanoTime();
        watcher.ready(this);
        if (!outbox.isEmpty()) {
            scheduleFlush();
        }
    }

    private void down(Failure failure) {
        state = State.DOWN;
        lastFailure = failure;
        stream = null;
        List<Exchange> unsent = new ArrayList<>(outbox);
        List<Exchange> sent = new ArrayList<>();
        for (Exchange exchange : slots) {
            if (exchange != null) {
                sent.add(exchange);
            }
        }
        outbox.clear();
        // Unary calls in flight end by themselves: each learns from gRPC what became of it.
        int callsInFlight = sentCount - sent.size();
        resetSlots(slots.length);
        sentCount = callsInFlight;
        watcher.lost(this, failure);
        boolean wrongCluster = failure.kind() == Failure.Kind.WRONG_CLUSTER;
        for (Exchange exchange : sent) {
            long boot = exchange.sentAtBoot;
            exchange.clearMarks();
            exchange.failed(
                    this,
                    failure.kind() == Failure.Kind.ANSWERED
                            ? failure
                            : Failure.local(Failure.Kind.LOST, node(), address, boot, failure.text(), failure.cause()));
        }
        Failure notSent = wrongCluster
                ? failure
                : new Failure(
                        Failure.Kind.NOT_CONNECTED,
                        failure.node(),
                        address,
                        0,
                        failure.reason(),
                        failure.text(),
                        failure.details(),
                        failure.retryAfterNanos(),
                        failure.cause());
        for (Exchange exchange : unsent) {
            exchange.clearMarks();
            exchange.failed(this, notSent);
        }
    }

    /** The stream of one connection; callbacks of an older one that come late are ignored. */
    private final class Stream extends ClientCall.Listener<PipelineResponse> {
        private final int number;
        private final boolean failedBefore;
        private final ClientCall<PipelineRequest, PipelineResponse> call;

        Stream(int number, boolean failedBefore) {
            this.number = number;
            this.failedBefore = failedBefore;
            call = channel.newCall(
                    KvServiceGrpc.getPipelineMethod(),
                    failedBefore ? CallOptions.DEFAULT.withWaitForReady() : CallOptions.DEFAULT);
        }

        void start() {
            call.start(this, new Metadata());
            call.request(16);
            if (failedBefore) {
                var unused = loop.schedule(this::endSecondTry, SECOND_TRY_NANOS);
            }
        }

        private void endSecondTry() {
            if (isCurrent() && state == State.CONNECTING) {
                Failure before = lastFailure;
                String text = before == null ? "no connection in time" : before.text();
                down(
                        before != null && before.kind() == Failure.Kind.NOT_CONNECTED
                                ? before
                                : Failure.local(Failure.Kind.NOT_CONNECTED, node(), address, 0, text, null));
                call.cancel(text, null);
            }
        }

        private boolean isCurrent() {
            return stream == this && number == streams;
        }

        void sendBatches(long now) {
            while (!outbox.isEmpty() && call.isReady()) {
                PipelineRequest.Builder batch = PipelineRequest.newBuilder();
                int bytes = 0;
                while (bytes < BATCH_BYTES && batch.getOperationsCount() < BATCH_OPERATIONS) {
                    Exchange exchange = outbox.poll();
                    if (exchange == null) {
                        break;
                    }
                    markSent(exchange, now);
                    occupySlot(exchange);
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

        @Override
        public void onReady() {
            if (isCurrent() && state == State.READY && !outbox.isEmpty()) {
                scheduleFlush();
            }
        }

        @Override
        public void onMessage(PipelineResponse message) {
            call.request(1);
            if (!isCurrent()) {
                return;
            }
            if (message.hasGreeting() && state == State.CONNECTING) {
                greeted(message.getGreeting());
            }
            if (state != State.READY) {
                return;
            }
            long now = System.nanoTime();
            lastReceivedNanos = now;
            load = message.getLoad();
            watcher.epochTold(NodeConnection.this, message.getEpoch());
            List<PipelineResponse.Outcome> outcomes = message.getOutcomesList();
            for (int i = 0; i < outcomes.size() && isCurrent(); i++) {
                PipelineResponse.Outcome outcome = outcomes.get(i);
                Exchange exchange = tenant(outcome.getId());
                if (exchange != null) {
                    sampled(exchange, now);
                    release(exchange);
                    settle(exchange, outcome);
                }
            }
        }

        private void settle(Exchange exchange, PipelineResponse.Outcome outcome) {
            long boot = exchange.sentAtBoot;
            exchange.clearMarks();
            switch (outcome.getOutcomeCase()) {
                case GET -> exchange.got(NodeConnection.this, outcome.getGet());
                case PUT -> exchange.put(NodeConnection.this, outcome.getPut());
                case DELETE -> exchange.deleted(NodeConnection.this, outcome.getDelete());
                case ERROR ->
                    exchange.failed(NodeConnection.this, Failures.answered(outcome.getError(), node(), address, boot));
                case OUTCOME_NOT_SET ->
                    exchange.failed(
                            NodeConnection.this,
                            Failure.local(
                                    Failure.Kind.LOST, node(), address, boot, "an answer of an unknown kind", null));
            }
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            if (!isCurrent() || state == State.CLOSED) {
                return;
            }
            if (state == State.CONNECTING) {
                down(
                        status.isOk()
                                ? Failure.local(
                                        Failure.Kind.NOT_CONNECTED,
                                        node(),
                                        address,
                                        0,
                                        "the stream ended without a greeting",
                                        null)
                                : notConnected(status, trailers));
            } else {
                down(Failures.ofStream(status, trailers, node(), address, boot()));
            }
        }
    }

    /** One operation as one gRPC call. */
    private final class UnaryCall {
        private final Exchange exchange;
        private final long boot;

        UnaryCall(Exchange exchange) {
            this.exchange = exchange;
            this.boot = exchange.sentAtBoot;
        }

        void start(long now) {
            switch (exchange.kind()) {
                case GET -> start(KvServiceGrpc.getGetMethod(), (GetRequest) exchange.request(), now);
                case PUT -> start(KvServiceGrpc.getPutMethod(), (PutRequest) exchange.request(), now);
                case DELETE -> start(KvServiceGrpc.getDeleteMethod(), (DeleteRequest) exchange.request(), now);
            }
        }

        private <Q, A> void start(MethodDescriptor<Q, A> method, Q request, long now) {
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
            sentCount--;
            if (!status.isOk() || response == null) {
                exchange.clearMarks();
                exchange.failed(NodeConnection.this, Failures.ofCall(status, trailers, node(), address, boot));
                return;
            }
            long now = System.nanoTime();
            lastReceivedNanos = now;
            sampled(exchange, now);
            exchange.clearMarks();
            switch (exchange.kind()) {
                case GET -> exchange.got(NodeConnection.this, (GetResponse) response);
                case PUT -> exchange.put(NodeConnection.this, (PutResponse) response);
                case DELETE -> exchange.deleted(NodeConnection.this, (DeleteResponse) response);
            }
        }
    }
}
