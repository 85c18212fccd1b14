package dev.quorate.sdk.transport;

import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.PipelineResponse;
import dev.quorate.sdk.routing.Ring;
import io.grpc.CallOptions;
import io.grpc.ConnectivityState;
import io.grpc.LoadBalancerRegistry;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.NameResolverRegistry;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.ChannelOption;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import java.util.ArrayDeque;
import java.util.ArrayList;
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

    private static final int ANSWER_BYTES_LIMIT = 64 << 20;
    private static final int FLOW_CONTROL_WINDOW = 2 << 20;
    /** For a connection whose last try failed: gRPC would report that failure again instead of how the new try fares. */
    static final long SECOND_TRY_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final ClientLoop loop;
    private final ConnectionSettings settings;
    private final String address;
    private final Watcher watcher;
    private final ManagedChannel channel;
    private final TopologyCalls topologyCalls;

    private State state = State.IDLE;
    private PipelineResponse.@Nullable Greeting greeting;
    private @Nullable Failure lastFailure;
    private @Nullable PipelineStream stream;

    private final ArrayDeque<Exchange> outbox = new ArrayDeque<>();
    private final Outstanding outstanding = new Outstanding();
    private boolean flushScheduled;

    private final ExpectedLatency latency = new ExpectedLatency();
    private long lastReceivedNanos;
    private int load;

    public NodeConnection(
            ClientLoop loop, Executor nameLookups, ConnectionSettings settings, String address, Watcher watcher) {
        this.loop = loop;
        this.settings = settings;
        this.address = address;
        this.watcher = watcher;
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
        topologyCalls = new TopologyCalls(this, channel);
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
        return outbox.size() + outstanding.count();
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
        PipelineStream opened = new PipelineStream(
                this,
                channel.newCall(
                        KvServiceGrpc.getPipelineMethod(),
                        failedBefore ? CallOptions.DEFAULT.withWaitForReady() : CallOptions.DEFAULT));
        stream = opened;
        opened.start();
        if (failedBefore) {
            var unused = loop.schedule(() -> endSecondTry(opened), SECOND_TRY_NANOS);
        }
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
            outstanding.callEnds();
        } else if (exchange.id != 0) {
            outstanding.release(exchange);
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
        topologyCalls.fetch(knownEpoch, timeoutNanos, failedBefore, receiver);
    }

    /** Drops everything without callbacks: the caller has ended its exchanges. */
    public void close() {
        state = State.CLOSED;
        outbox.clear();
        outstanding.clear();
        channel.shutdownNow();
    }

    /** Whether {@link #close} has come to its end: gRPC needs the loop until then. */
    public boolean isTerminated() {
        return channel.isTerminated();
    }

    /** Whether gRPC tells everybody of a connection that failed until another one stands. */
    boolean hasFailed() {
        return channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE;
    }

    Failure notConnected(Status status, Metadata trailers) {
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
            stream.sendBatches(outbox, outstanding, now);
        } else {
            for (Exchange next = outbox.poll(); next != null; next = outbox.poll()) {
                next.markSent(now, boot());
                outstanding.callBegins();
                new UnaryCall(this, next).start(channel, now);
            }
        }
    }

    private void greeted(PipelineResponse.Greeting message) {
        String objection = watcher.objection(this, message.getClusterId());
        if (objection != null) {
            PipelineStream refused = stream;
            down(Failure.local(Failure.Kind.WRONG_CLUSTER, message.getNode(), address, 0, objection, null));
            if (refused != null) {
                refused.cancel(objection);
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
        outbox.clear();
        List<Exchange> sent = outstanding.takeStreamed();
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

    /** A word of the node at that time: it is there. */
    void heard(long nowNanos) {
        lastReceivedNanos = nowNanos;
    }

    /** The exchange's answer has come, at that time. */
    void answered(Exchange exchange, long nowNanos) {
        heard(nowNanos);
        latency.answeredAfter(nowNanos - exchange.sentAtNanos);
    }

    /** An operation that was a call of its own has come to its end. */
    void callEnded() {
        outstanding.callEnds();
    }

    // Callbacks of a stream from before the present one come late, and are ignored.

    void streamReady(PipelineStream from) {
        if (stream == from && state == State.READY && !outbox.isEmpty()) {
            scheduleFlush();
        }
    }

    void received(PipelineStream from, PipelineResponse message) {
        if (stream != from) {
            return;
        }
        if (message.hasGreeting() && state == State.CONNECTING) {
            greeted(message.getGreeting());
        }
        if (state != State.READY) {
            return;
        }
        long now = System.nanoTime();
        heard(now);
        load = message.getLoad();
        watcher.epochTold(this, message.getEpoch());
        List<PipelineResponse.Outcome> outcomes = message.getOutcomesList();
        for (int i = 0; i < outcomes.size() && stream == from; i++) {
            PipelineResponse.Outcome outcome = outcomes.get(i);
            Exchange exchange = outstanding.tenant(outcome.getId());
            if (exchange != null) {
                answered(exchange, now);
                outstanding.release(exchange);
                settle(exchange, outcome);
            }
        }
    }

    private void settle(Exchange exchange, PipelineResponse.Outcome outcome) {
        long boot = exchange.sentAtBoot;
        exchange.clearMarks();
        switch (outcome.getOutcomeCase()) {
            case GET -> exchange.got(this, outcome.getGet());
            case PUT -> exchange.put(this, outcome.getPut());
            case DELETE -> exchange.deleted(this, outcome.getDelete());
            case ERROR -> exchange.failed(this, Failures.answered(outcome.getError(), node(), address, boot));
            case OUTCOME_NOT_SET ->
                exchange.failed(
                        this,
                        Failure.local(Failure.Kind.LOST, node(), address, boot, "an answer of an unknown kind", null));
        }
    }

    void streamEnded(PipelineStream from, Status status, Metadata trailers) {
        if (stream != from || state == State.CLOSED) {
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

    private void endSecondTry(PipelineStream opened) {
        if (stream == opened && state == State.CONNECTING) {
            Failure before = lastFailure;
            String text = before == null ? "no connection in time" : before.text();
            down(
                    before != null && before.kind() == Failure.Kind.NOT_CONNECTED
                            ? before
                            : Failure.local(Failure.Kind.NOT_CONNECTED, node(), address, 0, text, null));
            opened.cancel(text);
        }
    }
}
