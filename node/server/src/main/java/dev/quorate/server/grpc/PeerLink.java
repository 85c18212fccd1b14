package dev.quorate.server.grpc;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.PeerTransport;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.version.MalformedException;
import dev.quorate.proto.peer.v1.ExchangeRequest;
import dev.quorate.proto.peer.v1.ExchangeResponse;
import dev.quorate.proto.peer.v1.PeerAnswer;
import dev.quorate.proto.peer.v1.PeerOperation;
import dev.quorate.proto.peer.v1.ReplicaServiceGrpc;
import dev.quorate.server.system.NettyEventLoop;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One life of one stream to a peer: a channel of its own, a greeting each way, then requests and answers in batches.
 *
 * <p>A dead process resets the connection, which is noticed at once. A paused one, or a lost network, says nothing: so a link that
 * has been silent for a while is probed, and while the probes stay unanswered it is not used.
 */
final class PeerLink implements ClientResponseObserver<ExchangeRequest, ExchangeResponse> {
    private static final Logger LOG = LoggerFactory.getLogger(PeerLink.class);
    private static final Duration GREETING_LIMIT = Duration.ofSeconds(5);
    private static final Duration PROBE_INTERVAL = Duration.ofMillis(500);
    /** Silence after which the peer is taken for unreachable. */
    private static final long SILENCE_NANOS = Duration.ofMillis(1500).toNanos();
    /** Silence after which the stream is given up. */
    private static final long LOSS_NANOS = Duration.ofSeconds(6).toNanos();

    /** Begins what is wrong when two nodes do not belong together. */
    static final String MISMATCH = "CLUSTER_MISMATCH: ";

    /** Begins what is wrong when the peer says that this node is no member any more. */
    static final String REMOVED = "NODE_REMOVED: ";

    private static final long KEEPALIVE_SECONDS = 20;
    private static final int MESSAGE_OPERATIONS = 1024;
    private static final int MESSAGE_BYTES = 1 << 20;

    private final long number;
    private final NodeId peer;
    private final InetSocketAddress socketAddress;
    /** For people. */
    private final String address;

    private final PeerGrpcTransport.Setting setting;
    private final NettyEventLoop loop;
    private final PeerConnector connector;

    private final ArrayDeque<PeerOperation> queue = new ArrayDeque<>();
    private long queuedBytes;
    private boolean drainScheduled;

    private @Nullable ManagedChannel channel;
    private @Nullable ClientCallStreamObserver<ExchangeRequest> stream;
    private EventLoop.@Nullable Timer timer;
    private boolean greeted;
    private boolean established;
    private boolean silent;
    private boolean ended;
    private long heardNanos;

    PeerLink(
            long number,
            NodeId peer,
            InetSocketAddress socketAddress,
            PeerGrpcTransport.Setting setting,
            PeerConnector connector) {
        this.number = number;
        this.peer = peer;
        this.socketAddress = socketAddress;
        this.address = socketAddress.getHostString() + ":" + socketAddress.getPort();
        this.setting = setting;
        this.loop = setting.loop();
        this.connector = connector;
    }

    long number() {
        return number;
    }

    void open() {
        timer = loop.after(
                GREETING_LIMIT,
                () -> end(address + " accepts no connection, or does not greet, within " + GREETING_LIMIT.toSeconds()
                        + " s"));
        // The stream belongs to the node, not to the call that happens to be handled now.
        Context.ROOT.run(() -> {
            // By name: a channel resolves names in threads of its own, a socket address on the loop.
            ManagedChannel opened = NettyChannelBuilder.forAddress(
                            socketAddress.getHostString(), socketAddress.getPort())
                    .usePlaintext()
                    .eventLoopGroup(loop.group())
                    .channelType(loop.channel())
                    .directExecutor()
                    .disableRetry()
                    .maxInboundMessageSize(setting.maxMessageBytes())
                    .keepAliveTime(KEEPALIVE_SECONDS, TimeUnit.SECONDS)
                    .keepAliveTimeout(KEEPALIVE_SECONDS / 2, TimeUnit.SECONDS)
                    .keepAliveWithoutCalls(true)
                    .build();
            channel = opened;
            var unused = ReplicaServiceGrpc.newStub(opened).exchange(this);
        });
    }

    /** Whether requests may be sent now. */
    boolean usable() {
        return established && !silent && !ended;
    }

    /** What keeps an open link from being used, in words; empty if nothing is known yet. */
    String trouble() {
        if (silent) {
            long millis = (setting.clock().nanos() - heardNanos) / 1_000_000;
            return address + " has said nothing for " + millis + " ms, though the connection stands";
        }
        return "";
    }

    long send(long operationId, PeerRequest request, Duration timeout) {
        if (!usable()) {
            return PeerTransport.NOT_SENT;
        }
        if (queuedBytes >= setting.queueBytes()) {
            setting.counters().overflows().increment();
            return PeerTransport.NOT_SENT;
        }
        PeerOperation operation = PeerCodec.operation(operationId, request, timeout);
        queue.add(operation);
        queuedBytes += operation.getSerializedSize();
        if (!drainScheduled) {
            drainScheduled = true;
            loop.atEndOfPass(() -> {
                drainScheduled = false;
                drain();
            });
        }
        return number;
    }

    void close(String reason) {
        end(reason);
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<ExchangeRequest> requests) {
        stream = requests;
        // Whatever thread the channel calls from: state belongs to the loop.
        requests.setOnReadyHandler(() -> onLoop(this::ready));
    }

    private void ready() {
        ClientCallStreamObserver<ExchangeRequest> out = stream;
        if (out == null || ended) {
            return;
        }
        if (!greeted) {
            greeted = true;
            out.onNext(ExchangeRequest.newBuilder()
                    .setGreeting(setting.identity().greetingTo(peer))
                    .build());
        }
        drain();
    }

    /** Sends what waits, while the peer takes it. */
    private void drain() {
        ClientCallStreamObserver<ExchangeRequest> out = stream;
        while (out != null && established && !ended && !queue.isEmpty() && out.isReady()) {
            ExchangeRequest.Builder message = ExchangeRequest.newBuilder();
            long bytes = 0;
            while (!queue.isEmpty() && message.getOperationsCount() < MESSAGE_OPERATIONS && bytes < MESSAGE_BYTES) {
                PeerOperation operation = queue.remove();
                bytes += operation.getSerializedSize();
                message.addOperations(operation);
            }
            queuedBytes -= bytes;
            setting.counters().messages().increment();
            setting.counters().operations().add(message.getOperationsCount());
            out.onNext(message.build());
        }
    }

    @Override
    public void onNext(ExchangeResponse response) {
        onLoop(() -> received(response));
    }

    private void received(ExchangeResponse response) {
        if (ended) {
            return;
        }
        heardNanos = setting.clock().nanos();
        silent = false;
        if (!established) {
            Optional<String> objection = response.hasGreeting()
                    ? setting.identity().objectionTo(response.getGreeting()).map(ClusterIdentity.Objection::words)
                    : Optional.of(address + " did not greet");
            if (objection.isEmpty() && response.getGreeting().getNode() != peer.number()) {
                objection = Optional.of(address + " is n"
                        + response.getGreeting().getNode() + ", not " + peer + ": check the members' peer addresses");
            }
            if (objection.isPresent()) {
                end(MISMATCH + objection.get());
                return;
            }
            established = true;
            setting.counters().established().increment();
            connector.established();
            setting.events().onRingVersion(peer, response.getGreeting().getRingVersion());
            watch();
        }
        for (PeerAnswer answer : response.getAnswersList()) {
            PeerReply reply;
            try {
                reply = PeerCodec.reply(answer);
            } catch (MalformedException | IllegalArgumentException unreadable) {
                // Left unanswered: the caller's own timeout counts it as unknown, which it is.
                LOG.warn("peer {} sent an answer that cannot be read: {}", peer, unreadable.getMessage());
                continue;
            }
            setting.events().onPeerReply(peer, number, answer.getId(), reply);
        }
    }

    /** Looks for silence, again and again. */
    private void watch() {
        if (timer != null) {
            timer.cancel();
        }
        long set = setting.clock().nanos();
        timer = loop.after(PROBE_INTERVAL, () -> {
            long now = setting.clock().nanos();
            // Woken late, this process was the one that paused: what the peer said meanwhile has not been read yet.
            boolean late = now - set > 2 * PROBE_INTERVAL.toNanos();
            long quiet = now - heardNanos;
            if (!late && quiet > LOSS_NANOS) {
                end(address + " said nothing for " + quiet / 1_000_000 + " ms");
                return;
            }
            silent = !late && quiet > SILENCE_NANOS;
            ClientCallStreamObserver<ExchangeRequest> out = stream;
            if (quiet > PROBE_INTERVAL.toNanos() / 2 && out != null && out.isReady()) {
                out.onNext(ExchangeRequest.getDefaultInstance());
            }
            watch();
        });
    }

    @Override
    public void onError(Throwable thrown) {
        onLoop(() -> end(words(thrown)));
    }

    @Override
    public void onCompleted() {
        onLoop(() -> end(address + " ended the stream"));
    }

    /** The innermost cause's own words: gRPC's "io exception" helps nobody. */
    private String words(Throwable thrown) {
        Status status = Status.fromThrowable(thrown);
        Throwable cause = status.getCause();
        while (cause != null && cause.getCause() != null) {
            cause = cause.getCause();
        }
        String description = String.valueOf(status.getDescription());
        if (status.getCode() == Status.Code.FAILED_PRECONDITION) {
            return (StatusMapping.reasonOf(thrown).equals("NODE_REMOVED") ? REMOVED : MISMATCH) + description;
        }
        if (status.getCode() != Status.Code.UNAVAILABLE) {
            return address + " ended the stream with " + status.getCode() + ": " + description;
        }
        String innermost = cause == null ? description : String.valueOf(cause.getMessage());
        if (innermost.contains("Connection refused")) {
            return address + " refused the connection: no node listens there";
        }
        return innermost.contains("Connection reset")
                ? address + " broke the connection: the process there has ended"
                : address + ": " + innermost;
    }

    private void end(String reason) {
        if (ended) {
            return;
        }
        ended = true;
        queue.clear();
        queuedBytes = 0;
        if (timer != null) {
            timer.cancel();
        }
        if (stream != null) {
            stream.cancel(reason, null);
        }
        if (channel != null) {
            channel.shutdownNow();
        }
        connector.ended(this, established, reason);
    }

    private void onLoop(Runnable task) {
        if (loop.inLoop()) {
            task.run();
        } else {
            loop.execute(task);
        }
    }
}
