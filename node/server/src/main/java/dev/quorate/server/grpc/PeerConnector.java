package dev.quorate.server.grpc;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.PeerTransport;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.server.system.LogRateLimit;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps a link to one peer: when one ends, the next is tried, soon at first, then about once a second, never in step with others. */
final class PeerConnector {
    private static final Logger LOG = LoggerFactory.getLogger(PeerConnector.class);
    private static final Duration FIRST_RETRY = Duration.ofMillis(50);
    private static final Duration LAST_RETRY = Duration.ofSeconds(1);
    private static final Duration LOG_INTERVAL = Duration.ofSeconds(10);

    private static final long PATIENCE_NANOS = Duration.ofSeconds(2).toNanos();

    /** Never reused in this process, so that a late answer of a former link is told from one of the present. */
    private static long lastLink;

    private final NodeId peer;
    private final PeerGrpcTransport.Setting setting;
    private final LogRateLimit logLimit;
    private Supplier<InetSocketAddress> address;

    private @Nullable PeerLink link;
    private EventLoop.@Nullable Timer retry;
    private Duration delay = FIRST_RETRY;
    private String because = "not connected yet";
    private boolean stopped;
    private boolean tried;
    private long downSinceNanos;

    PeerConnector(NodeId peer, Supplier<InetSocketAddress> address, PeerGrpcTransport.Setting setting) {
        this.peer = peer;
        this.address = address;
        this.setting = setting;
        this.logLimit = new LogRateLimit(setting.clock(), LOG_INTERVAL);
        this.downSinceNanos = setting.clock().nanos();
    }

    void connect() {
        if (stopped) {
            return;
        }
        retry = null;
        PeerLink next = new PeerLink(nextLink(), peer, address.get(), setting, this);
        link = next;
        next.open();
    }

    private static synchronized long nextLink() {
        return ++lastLink;
    }

    boolean tried() {
        return tried;
    }

    boolean reachable() {
        return link != null && link.usable();
    }

    String unreachableBecause() {
        if (reachable()) {
            return "";
        }
        String now = link == null ? "" : link.trouble();
        return now.isEmpty() ? because : now;
    }

    long send(long operationId, PeerRequest request, Duration timeout) {
        PeerLink current = link;
        return current == null ? PeerTransport.NOT_SENT : current.send(operationId, request, timeout);
    }

    /** The link was greeted. */
    void established() {
        tried = true;
        delay = FIRST_RETRY;
        because = "";
        LOG.info("peer {} connected, link {}", peer, link == null ? 0 : link.number());
    }

    /** The link is over. */
    void ended(PeerLink ended, boolean wasEstablished, String reason) {
        if (link != ended) {
            return;
        }
        link = null;
        tried = true;
        because = reason;
        long now = setting.clock().nanos();
        if (wasEstablished) {
            setting.counters().lost().increment();
            if (!stopped) {
                LOG.warn("peer {} lost, link {}: {}", peer, ended.number(), reason);
            }
            downSinceNanos = now;
            setting.events().onLinkLost(peer, ended.number());
        } else {
            // Nodes that start together miss each other at first: worth no line.
            boolean worthTelling = reason.startsWith(PeerLink.MISMATCH)
                    || reason.startsWith(PeerLink.REMOVED)
                    || now - downSinceNanos > PATIENCE_NANOS;
            if (worthTelling && logLimit.permits()) {
                LOG.warn("peer {} cannot be reached: {}", peer, reason);
            }
        }
        if (reason.startsWith(PeerLink.REMOVED)) {
            setting.events().onRefusedAsGone(peer, reason);
        }
        if (!stopped) {
            double jitter = 0.5 + setting.random().nextDouble();
            retry = setting.loop().after(Duration.ofNanos((long) (delay.toNanos() * jitter)), this::connect);
            Duration doubled = delay.multipliedBy(2);
            delay = doubled.compareTo(LAST_RETRY) < 0 ? doubled : LAST_RETRY;
        }
    }

    /** Where the next link goes; the present one stays while it works. */
    void moveTo(Supplier<InetSocketAddress> elsewhere) {
        address = elsewhere;
    }

    void stop(String why) {
        stopped = true;
        if (retry != null) {
            retry.cancel();
        }
        if (link != null) {
            link.close(why);
        }
    }
}
