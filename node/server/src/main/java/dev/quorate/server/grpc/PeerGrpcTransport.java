package dev.quorate.server.grpc;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.PeerTransport;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.RandomSource;
import dev.quorate.server.system.NettyEventLoop;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The streams to all other members: one each, for as long as both take part, in one {@link PeerLink} after another. */
public final class PeerGrpcTransport implements PeerTransport {
    /** What all links share. */
    record Setting(
            ClusterIdentity identity,
            NettyEventLoop loop,
            Clock clock,
            RandomSource random,
            PeerEvents events,
            long queueBytes,
            int maxMessageBytes,
            Counters counters) {}

    /** What the links count together. */
    record Counters(
            Metrics.Counter messages,
            Metrics.Counter operations,
            Metrics.Counter established,
            Metrics.Counter lost,
            Metrics.Counter overflows) {
        static Counters of(Metrics metrics) {
            return new Counters(
                    metrics.counter("peer_messages_sent_total", "Messages sent to peers, each a batch of requests"),
                    metrics.counter("peer_requests_sent_total", "Requests sent to peers"),
                    metrics.counter("peer_links_established_total", "Streams to peers that were greeted"),
                    metrics.counter("peer_links_lost_total", "Streams to peers that broke after the greeting"),
                    metrics.counter(
                            "peer_requests_refused_total",
                            "Requests not sent because too many bytes waited for the peer"));
        }
    }

    private final NettyEventLoop loop;
    private final Clock clock;
    private final RandomSource random;
    private final long queueBytes;
    private final int maxMessageBytes;
    private final Counters counters;
    private final SortedMap<NodeId, PeerConnector> connectors = new TreeMap<>();
    private @Nullable Setting setting;

    public PeerGrpcTransport(
            NettyEventLoop loop,
            Clock clock,
            RandomSource random,
            long queueBytes,
            int maxMessageBytes,
            Metrics metrics) {
        this.loop = loop;
        this.clock = clock;
        this.random = random;
        this.queueBytes = queueBytes;
        this.maxMessageBytes = maxMessageBytes;
        this.counters = Counters.of(metrics);
        metrics.gauge(
                "peers_reachable",
                "Peers with a working stream",
                () -> connectors.values().stream()
                        .filter(PeerConnector::reachable)
                        .count());
    }

    /** Begins to connect, and goes on until {@link #stop}. Call on the loop. */
    public void start(
            ClusterIdentity identity, PeerEvents events, SortedMap<NodeId, Supplier<InetSocketAddress>> addresses) {
        setting = new Setting(identity, loop, clock, random, events, queueBytes, maxMessageBytes, counters);
        meet(addresses);
    }

    /**
     * From now on these are peers as well: begins to connect to those that are new, and turns to where the others are now. Before
     * {@link #start} it does nothing. Call on the loop.
     */
    public void meet(SortedMap<NodeId, Supplier<InetSocketAddress>> addresses) {
        Setting shared = setting;
        if (shared == null) {
            return;
        }
        addresses.forEach((peer, address) -> {
            PeerConnector known = connectors.get(peer);
            if (known != null) {
                known.moveTo(address);
            } else {
                PeerConnector connector = new PeerConnector(peer, address, shared);
                connectors.put(peer, connector);
                connector.connect();
            }
        });
    }

    /** Of which nothing is wanted any more. Call on the loop. */
    public void partFrom(NodeId peer) {
        PeerConnector connector = connectors.remove(peer);
        if (connector != null) {
            connector.stop("it takes no part in the cluster any more");
        }
    }

    /** Whether each peer has been reached by now, or has failed to answer once. */
    public boolean triedAll() {
        return connectors.values().stream().allMatch(PeerConnector::tried);
    }

    @Override
    public boolean reachable(NodeId peer) {
        PeerConnector connector = connectors.get(peer);
        return connector != null && connector.reachable();
    }

    @Override
    public String unreachableBecause(NodeId peer) {
        PeerConnector connector = connectors.get(peer);
        return connector == null ? peer + " is not a member" : connector.unreachableBecause();
    }

    @Override
    public long send(NodeId peer, long operationId, PeerRequest request, Duration timeout) {
        @Nullable PeerConnector connector = connectors.get(peer);
        return connector == null ? NOT_SENT : connector.send(operationId, request, timeout);
    }

    /** Ends all streams. Call on the loop. */
    public void stop() {
        setting = null;
        connectors.values().forEach(connector -> connector.stop("this node stops"));
    }
}
