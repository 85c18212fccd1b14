package dev.quorate.server.grpc;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.proto.peer.v1.ExchangeRequest;
import dev.quorate.proto.peer.v1.ExchangeResponse;
import dev.quorate.proto.peer.v1.ReplicaServiceGrpc;
import dev.quorate.server.system.LogRateLimit;
import dev.quorate.server.system.NettyEventLoop;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/** What peers ask of this node. Runs on the event loop. */
public final class PeerGrpcService extends ReplicaServiceGrpc.ReplicaServiceImplBase {
    /** Under which the health service tells whether peers are served. */
    public static final String HEALTH_NAME = ReplicaServiceGrpc.SERVICE_NAME;

    private static final Duration LOG_INTERVAL = Duration.ofSeconds(10);

    /** Takes a peer's request; {@code answer} is called at most once. */
    public interface Requests {
        void onPeerRequest(NodeId from, PeerRequest request, Duration timeout, Consumer<PeerReply> answer);
    }

    /** Told which ring a peer uses, by its greeting. */
    public interface RingVersions {
        void heard(NodeId from, long packedVersion);
    }

    /** What all streams share. */
    record Setting(
            ClusterIdentity identity,
            NettyEventLoop loop,
            DeadlineWheel wheel,
            Requests requests,
            RingVersions ringVersions,
            IntSupplier load,
            Defects defects,
            long maxBytes,
            LogRateLimit refusals,
            PeerTraffic traffic,
            Metrics.Counter operations,
            Metrics.Counter malformed) {}

    private final Setting setting;
    private final SortedMap<NodeId, PeerStream> greeted = new TreeMap<>();
    private final Set<PeerStream> open = new LinkedHashSet<>();

    /** @param maxBytes of requests in work and answers not taken, per peer; above it no more is read from the peer */
    public PeerGrpcService(
            ClusterIdentity identity,
            NettyEventLoop loop,
            Clock clock,
            Requests requests,
            RingVersions ringVersions,
            IntSupplier load,
            Defects defects,
            long maxBytes,
            Metrics metrics) {
        this.setting = new Setting(
                identity,
                loop,
                new DeadlineWheel(clock, loop),
                requests,
                ringVersions,
                load,
                defects,
                maxBytes,
                new LogRateLimit(clock, LOG_INTERVAL),
                PeerTraffic.of(metrics),
                metrics.counter("peer_operations_received_total", "Operations that peers asked for"),
                metrics.counter("peer_operations_malformed_total", "Operations of peers that could not be read"));
    }

    @Override
    public StreamObserver<ExchangeRequest> exchange(StreamObserver<ExchangeResponse> observer) {
        PeerStream stream = new PeerStream((ServerCallStreamObserver<ExchangeResponse>) observer, setting, this);
        open.add(stream);
        stream.open();
        return stream;
    }

    /** A peer has one stream: with a new one it says that the former is dead, however it looks from here. */
    void greeted(NodeId peer, PeerStream stream) {
        @Nullable PeerStream former = greeted.put(peer, stream);
        if (former != null && former != stream) {
            former.end("A newer stream of " + peer + " took this one's place.");
        }
    }

    /** Ends the streams of nodes that take no part any more. Call on the loop. */
    public void endStreamsOf(NodeId peer, String why) {
        @Nullable PeerStream stream = greeted.get(peer);
        if (stream != null) {
            stream.end(why);
        }
    }

    void ended(@Nullable NodeId peer, PeerStream stream) {
        open.remove(stream);
        if (peer != null) {
            greeted.remove(peer, stream);
        }
    }

    /** Ends all streams. Call on the loop. */
    public void endStreams() {
        new ArrayList<>(open).forEach(stream -> stream.end("The node is shutting down."));
    }
}
