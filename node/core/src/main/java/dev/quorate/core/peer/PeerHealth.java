package dev.quorate.core.peer;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.Metrics;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * Which peers have fallen silent: the fast path by which requests avoid a node long before membership calls it DOWN. Confined to the
 * event loop.
 *
 * <p>A process that dies breaks its links. One that is stopped, or a network that swallows, says nothing: its links stand, and every
 * request to it would wait until its deadline. So a peer that leaves requests without any answer is pinged, which a merely busy one
 * answers at once; if it says nothing at all for {@link #SILENCE_NANOS} it is silent until it says something.
 */
final class PeerHealth {
    static final Duration LOOK_INTERVAL = Duration.ofMillis(100);
    static final Duration PING_INTERVAL = Duration.ofMillis(200);
    static final long SILENCE_NANOS = Duration.ofMillis(600).toNanos();
    /** A peer that has begun to answer only lately may be a new process, which is slow at first and busy with catching up. */
    static final long SETTLED_NANOS = Duration.ofSeconds(30).toNanos();

    /** A look this much too late says that this process was the one that stopped. */
    private static final long STALL_NANOS = Duration.ofMillis(200).toNanos();

    /** What is known of one peer. */
    static final class Peer {
        private final NodeId id;
        private int outstanding;
        /** Whether something was asked since the peer last said anything, whether or not somebody still waits for the answer. */
        private boolean waiting;

        private long waitingSince;
        private long pingedAt;
        private long heardAt;
        private boolean everHeard;
        /** Since when it answers without a break. */
        private long answersSince;

        private boolean answers;
        private boolean silent;
        private boolean listed;

        private Peer(NodeId id) {
            this.id = id;
        }
    }

    private final Clock clock;
    private final DeadlineWheel wheel;
    private final Consumer<NodeId> ping;
    private final TreeMap<NodeId, Peer> peers = new TreeMap<>();
    // Those that may be waiting or silent, in the order in which they began: the others cost nothing.
    private final List<Peer> watched = new ArrayList<>();
    private final Metrics.Counter fellSilent;
    private boolean looking;
    private long lookDue;

    /** @param ping asks the peer for a sign of life, which comes back as {@link #answered} */
    PeerHealth(Clock clock, DeadlineWheel wheel, Metrics metrics, Consumer<NodeId> ping) {
        this.clock = clock;
        this.wheel = wheel;
        this.ping = ping;
        this.fellSilent = metrics.counter(
                "peers_fell_silent_total",
                "Times a peer gave no sign of life for 600 ms while something was asked of it");
        metrics.gauge(
                "peers_silent",
                "Peers that give no sign of life, though their link stands",
                () -> peers.values().stream().filter(peer -> peer.silent).count());
    }

    Peer peer(NodeId id) {
        Peer peer = peers.get(id);
        if (peer == null) {
            peer = new Peer(id);
            peers.put(id, peer);
        }
        return peer;
    }

    boolean silent(NodeId id) {
        Peer peer = peers.get(id);
        return peer != null && peer.silent;
    }

    /** Whether the peer answered anything at that time or later. */
    boolean heardSince(NodeId id, long nanos) {
        Peer peer = peers.get(id);
        return peer != null && peer.everHeard && peer.heardAt - nanos >= 0;
    }

    /** Whether the peer has answered for a while, without its link having broken or itself having fallen silent. */
    boolean settled(NodeId id) {
        Peer peer = peers.get(id);
        return peer != null && peer.answers && clock.nanos() - peer.answersSince >= SETTLED_NANOS;
    }

    /** A request went out. */
    void asked(Peer peer) {
        peer.outstanding++;
        if (!peer.waiting) {
            peer.waiting = true;
            peer.waitingSince = clock.nanos();
            watch(peer);
        }
    }

    /** The peer answered one of the requests that wait. */
    void answered(Peer peer) {
        peer.outstanding--;
        heard(peer);
    }

    /** The peer answered something, perhaps too late for whoever asked. */
    void heard(Peer peer) {
        peer.everHeard = true;
        peer.heardAt = clock.nanos();
        if (!peer.answers) {
            peer.answers = true;
            peer.answersSince = peer.heardAt;
        }
        peer.silent = false;
        // What else is asked of it gets its own time: the answer shows that the peer lives, not that it is done.
        peer.waiting = peer.outstanding > 0;
        peer.waitingSince = peer.heardAt;
    }

    /** Nobody waits any more for one of the requests; the peer has still not said anything. */
    void gaveUp(Peer peer) {
        peer.outstanding--;
    }

    /** What was asked over a link that is gone cannot be answered. A silent peer stays silent: its next link may be as dead. */
    void linkLost(NodeId id) {
        Peer peer = peers.get(id);
        if (peer != null) {
            peer.answers = false;
        }
        if (peer != null && !peer.silent) {
            peer.waiting = peer.outstanding > 0;
            peer.waitingSince = clock.nanos();
        }
    }

    private void watch(Peer peer) {
        if (!peer.listed) {
            peer.listed = true;
            watched.add(peer);
        }
        if (!looking) {
            looking = true;
            look(LOOK_INTERVAL);
        }
    }

    private void look(Duration later) {
        lookDue = clock.nanos() + later.toNanos();
        wheel.after(later, this::look);
    }

    private void look() {
        long now = clock.nanos();
        // Answers may have come meanwhile that this process has not got round to read.
        boolean stalled = now - lookDue > STALL_NANOS;
        boolean undecided = false;
        List<NodeId> due = new ArrayList<>(0);
        watched.removeIf(peer -> {
            peer.listed = peer.waiting || peer.silent;
            return !peer.listed;
        });
        for (Peer peer : watched) {
            if (stalled && !peer.silent) {
                peer.waitingSince = now;
            }
            long quiet = now - peer.waitingSince;
            if (!peer.silent && quiet >= SILENCE_NANOS) {
                peer.silent = true;
                peer.answers = false;
                fellSilent.increment();
            }
            undecided |= !peer.silent;
            if (quiet >= PING_INTERVAL.toNanos() && now - peer.pingedAt >= PING_INTERVAL.toNanos()) {
                peer.pingedAt = now;
                due.add(peer.id);
            }
        }
        looking = !watched.isEmpty();
        if (looking) {
            // Whoever is silent already is only pinged.
            look(undecided ? LOOK_INTERVAL : PING_INTERVAL);
        }
        due.forEach(ping);
    }
}
