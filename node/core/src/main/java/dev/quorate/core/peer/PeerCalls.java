package dev.quorate.core.peer;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.Metrics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Matches answers of peers with the requests that wait for them. Confined to the event loop.
 *
 * <p>Operation ids are unique in the process, and an answer counts only on the link that carried its request (rules.md A13): an
 * answer that was delayed past a reconnect, or duplicated, finds nobody waiting.
 */
public final class PeerCalls {
    /** Calls in flight, over all peers; beyond it a call fails at once as not sent. */
    static final int MAX_PENDING = 262_144;

    /** The answer to a ping is worth having only while its peer is in doubt. */
    static final Duration PING_TIMEOUT = Duration.ofMillis(500);

    /** What somebody who looks at more than calls thinks of a peer; owned here, so that whoever asks a peer looks in one place. */
    public interface Verdicts {
        /** Whether requests should go to the peer. */
        boolean usable(NodeId peer);

        /** In words for people, why not; empty when they should. */
        String unusableBecause(NodeId peer);
    }

    private static final Verdicts NO_OBJECTION = new Verdicts() {
        @Override
        public boolean usable(NodeId peer) {
            return true;
        }

        @Override
        public String unusableBecause(NodeId peer) {
            return "";
        }
    };

    private static final Waiter NOBODY = new Waiter() {
        @Override
        public void answered(PeerReply reply) {}

        @Override
        public void failed(CallFailure failure) {}
    };

    /** Told exactly once what became of a call. */
    public interface Waiter {
        void answered(PeerReply reply);

        void failed(CallFailure failure);
    }

    /** Why there is no answer. */
    public enum CallFailure {
        /** Nothing left this process. */
        NOT_SENT,
        /** The link broke: the peer may or may not have done it. */
        LINK_LOST,
        /** No answer in time: the peer may or may not have done it. */
        TIMEOUT
    }

    private static final class Pending {
        final Waiter waiter;
        final NodeId peer;
        final PeerHealth.Peer health;
        long link;
        DeadlineWheel.Handle timeout = DeadlineWheel.Handle.NONE;

        Pending(Waiter waiter, NodeId peer, PeerHealth.Peer health) {
            this.waiter = waiter;
            this.peer = peer;
            this.health = health;
        }
    }

    private final PeerTransport transport;
    private final DeadlineWheel wheel;
    private final PeerHealth health;
    // Insertion order, so that a lost link fails its calls in the order they were made, on every run alike.
    private final Map<Long, Pending> pending = new LinkedHashMap<>();
    private final Metrics.Counter overflows;
    private final Metrics.Counter strays;
    private final Metrics.Counter timeouts;
    private Verdicts verdicts = NO_OBJECTION;
    private long nextOperationId;

    public PeerCalls(PeerTransport transport, DeadlineWheel wheel, Clock clock, Metrics metrics) {
        this.transport = transport;
        this.wheel = wheel;
        this.health = new PeerHealth(clock, wheel, metrics, this::ping);
        this.overflows =
                metrics.counter("peer_calls_refused_total", "Calls to peers refused because too many are in flight");
        this.strays =
                metrics.counter("peer_answers_unmatched_total", "Answers of peers that nobody waited for any more");
        this.timeouts = metrics.counter("peer_call_timeouts_total", "Calls to peers that got no answer in time");
        metrics.gauge("peer_calls_in_flight", "Calls to peers that wait for an answer", pending::size);
    }

    /** Asks these as well before a peer is called reachable. */
    public void consult(Verdicts others) {
        verdicts = others;
    }

    /** Whether requests should go to the peer: a link is up, the peer has not fallen silent, and nobody has another objection. */
    public boolean reachable(NodeId peer) {
        return answering(peer) && verdicts.usable(peer);
    }

    /** In words for people, why it is not reachable; empty when it is. */
    public String unreachableBecause(NodeId peer) {
        if (!transport.reachable(peer)) {
            return transport.unreachableBecause(peer);
        }
        if (health.silent(peer)) {
            return "it says nothing, though the connection stands";
        }
        return verdicts.unusableBecause(peer);
    }

    /** Whether a link is up and the peer has not fallen silent: what this node knows by itself. */
    public boolean answering(NodeId peer) {
        return transport.reachable(peer) && !health.silent(peer);
    }

    /** Whether the peer has answered for a while: where there is a choice, such peers are quicker than one that has just come. */
    public boolean settled(NodeId peer) {
        return health.settled(peer);
    }

    /** Whether the peer answered anything at that time of the monotonic clock or later. */
    public boolean heardSince(NodeId peer, long nanos) {
        return health.heardSince(peer, nanos);
    }

    private void ping(NodeId peer) {
        if (transport.reachable(peer)) {
            call(peer, PeerRequest.Ping.INSTANCE, PING_TIMEOUT, NOBODY);
        }
    }

    /** Asks a peer. The waiter may be told before this returns. */
    public void call(NodeId peer, PeerRequest request, Duration timeout, Waiter waiter) {
        if (pending.size() >= MAX_PENDING) {
            overflows.increment();
            waiter.failed(CallFailure.NOT_SENT);
            return;
        }
        long id = ++nextOperationId;
        Pending call = new Pending(waiter, peer, health.peer(peer));
        pending.put(id, call);
        call.link = transport.send(peer, id, request, timeout);
        if (call.link == PeerTransport.NOT_SENT) {
            pending.remove(id);
            waiter.failed(CallFailure.NOT_SENT);
            return;
        }
        health.asked(call.health);
        call.timeout = wheel.after(timeout, () -> {
            if (pending.remove(id) != null) {
                timeouts.increment();
                health.gaveUp(call.health);
                waiter.failed(CallFailure.TIMEOUT);
            }
        });
    }

    /** The transport received an answer. */
    public void onReply(NodeId peer, long link, long operationId, PeerReply reply) {
        Pending call = pending.get(operationId);
        if (call == null || call.link != link || !call.peer.equals(peer)) {
            strays.increment();
            health.heard(health.peer(peer));
            return;
        }
        pending.remove(operationId);
        call.timeout.cancel();
        health.answered(call.health);
        call.waiter.answered(reply);
    }

    /** The transport gave the link up: whatever it carried unanswered stays unanswered. */
    public void onLinkLost(NodeId peer, long link) {
        List<Pending> lost = new ArrayList<>();
        pending.values().removeIf(call -> {
            boolean onIt = call.link == link && call.peer.equals(peer);
            if (onIt) {
                lost.add(call);
            }
            return onIt;
        });
        for (Pending call : lost) {
            call.timeout.cancel();
            health.gaveUp(call.health);
        }
        health.linkLost(peer);
        for (Pending call : lost) {
            call.waiter.failed(CallFailure.LINK_LOST);
        }
    }
}
