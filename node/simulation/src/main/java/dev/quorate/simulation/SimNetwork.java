package dev.quorate.simulation;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.PeerTransport;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Links between machines. A link is one life of one stream from a caller to a peer: it is numbered, carries the caller's requests one
 * way and the answers back, and ends when it is broken or when either process does. Messages take time, overtake each other,
 * get lost and come twice, each direction with randomness of its own.
 *
 * <p>Only requests that a peer may safely see twice are doubled; a stream never doubles the forwarding of a whole operation, and core
 * relies on that.
 */
final class SimNetwork {
    /** Where processes are found. Machines are numbered from 1. */
    interface Host {
        /** The running process; null while there is none. */
        @Nullable
        SimProcess process(int machine);
    }

    /** How one direction of a link behaves now. */
    static final class Direction {
        private final SimRandom random;
        private final long usualNanos;
        private boolean cut;
        private double loss;
        private double duplicates;
        private double slowness = 1;
        private long lastArrival;

        Direction(SimRandom random, long usualNanos) {
            this.random = random;
            this.usualNanos = usualNanos;
        }
    }

    private static final class Link {
        private final long number;
        private final SimProcess caller;
        private final SimProcess callee;
        private boolean up = true;
        /** Break it as soon as the next request has arrived: applied, but reported as failed. */
        private boolean breakAfterDelivery;

        Link(long number, SimProcess caller, SimProcess callee) {
            this.number = number;
            this.caller = caller;
            this.callee = callee;
        }
    }

    private static final long NOT_HEARD_OF = Long.MIN_VALUE;

    /** Attempts at a link before its caller becomes patient: else minutes of silence would be minutes of dialling. */
    private static final int EAGER_DIALS = 24;

    private final SimWorld world;
    private final Host host;
    private final Situations situations;
    private final int machines;
    private final boolean inOrder;
    private final Direction[][] directions;
    private final @Nullable Link[][] links;
    private final long[][] cutSince;
    private final int[][] dials;
    private long nextLink = 1;
    private long messages;
    private long latestArrival;

    SimNetwork(SimWorld world, Host host, Setup setup, Situations situations) {
        this.world = world;
        this.host = host;
        this.situations = situations;
        this.machines = setup.nodes();
        this.inOrder = setup.inOrder();
        this.directions = new Direction[machines + 1][machines + 1];
        this.links = new Link[machines + 1][machines + 1];
        this.cutSince = new long[machines + 1][machines + 1];
        this.dials = new int[machines + 1][machines + 1];
        for (int from = 1; from <= machines; from++) {
            for (int to = 1; to <= machines; to++) {
                SimRandom random = world.random("direction", from * 64L + to);
                // Some pairs are always farther apart than others.
                long usual = (long) (setup.latencyNanos() * (0.5 + random.nextDouble()));
                directions[from][to] = new Direction(random, usual);
                cutSince[from][to] = NOT_HEARD_OF;
            }
        }
    }

    /** When the last of the messages that are under way arrives; some were sent while everything was slow. */
    long lastArrivalNanos() {
        return latestArrival;
    }

    long messages() {
        return messages;
    }

    /** The transport of one life of one node. */
    PeerTransport transportOf(SimProcess process) {
        return new PeerTransport() {
            @Override
            public boolean reachable(NodeId peer) {
                return linkOf(process, peer) != null;
            }

            @Override
            public String unreachableBecause(NodeId peer) {
                return reachable(peer) ? "" : "no simulated link";
            }

            @Override
            public long send(NodeId peer, long operationId, PeerRequest request, Duration timeout) {
                Link link = linkOf(process, peer);
                if (link == null) {
                    return NOT_SENT;
                }
                request(link, operationId, request, timeout);
                return link.number;
            }
        };
    }

    private @Nullable Link linkOf(SimProcess caller, NodeId peer) {
        int to = peer.number();
        if (to < 1 || to > machines) {
            return null;
        }
        Link link = links[caller.machine()][to];
        return link != null && link.up && link.caller == caller ? link : null;
    }

    private void request(Link link, long operationId, PeerRequest request, Duration timeout) {
        link.caller.sent(request);
        boolean mayComeTwice =
                !(request instanceof PeerRequest.ForwardGet || request instanceof PeerRequest.ForwardWrite);
        carry(link, link.caller.machine(), link.callee.machine(), mayComeTwice, SimWorld.Kind.REQUEST, () -> {
            if (host.process(link.callee.machine()) != link.callee) {
                return;
            }
            link.callee
                    .loop()
                    .run(() -> link.callee
                            .core()
                            .onPeerRequest(
                                    link.caller.identity(),
                                    request,
                                    timeout,
                                    reply -> reply(link, operationId, request, reply)));
            if (link.breakAfterDelivery && link.up) {
                link.breakAfterDelivery = false;
                situations.happened(Situation.APPLIED_BUT_REPORTED_FAILED);
                breakLink(link);
            }
        });
    }

    private void reply(Link link, long operationId, PeerRequest request, PeerReply reply) {
        if (link.callee.loop().dead()) {
            return;
        }
        link.callee.answered(request, reply);
        carry(link, link.callee.machine(), link.caller.machine(), true, SimWorld.Kind.REPLY, () -> {
            // Handed over even when the link broke meanwhile: the number on it must keep it from counting.
            if (host.process(link.caller.machine()) == link.caller) {
                link.caller.loop().run(() -> {
                    if (!link.up) {
                        situations.happened(Situation.ANSWER_ON_A_DEAD_LINK);
                    }
                    link.caller.core().onPeerReply(link.callee.name(), link.number, operationId, reply);
                });
            }
        });
    }

    /** Moves one message. Draws the same randomness whatever the faults are, so that one fault less moves nothing else. */
    private void carry(Link link, int from, int to, boolean mayComeTwice, SimWorld.Kind kind, Runnable arrival) {
        Direction direction = directions[from][to];
        SimRandom random = direction.random;
        double jitter = random.nextDouble();
        double lossDraw = random.nextDouble();
        double duplicateDraw = random.nextDouble();
        double again = random.nextDouble();
        messages++;
        if (direction.cut || lossDraw < direction.loss) {
            return;
        }
        // Mostly near the usual time, now and then a multiple of it.
        double spread = 0.6 + jitter * 0.8 + (jitter > 0.97 ? 8 * (jitter - 0.97) / 0.03 : 0);
        long delay = Math.max(1, (long) (direction.usualNanos * spread * direction.slowness));
        long at = world.now() + delay;
        if (inOrder) {
            at = Math.max(at, direction.lastArrival + 1);
            direction.lastArrival = at;
        }
        int lane = link.caller.machine() == to ? link.caller.machine() : link.callee.machine();
        latestArrival = Math.max(latestArrival, at);
        world.at(at, lane, kind, arrival);
        if (mayComeTwice && duplicateDraw < direction.duplicates) {
            world.at(at + 1 + (long) (again * again * 400_000_000L), lane, kind, () -> {
                situations.happened(Situation.DUPLICATE_DELIVERED);
                arrival.run();
            });
        }
    }

    /** Called when a process starts: its links, and the others' to it, come up one after the other. */
    void connect(SimProcess started) {
        for (int other = 1; other <= machines; other++) {
            if (other != started.machine() || started.isImpostor()) {
                dial(started.machine(), other);
            }
            if (other != started.machine()) {
                dial(other, started.machine());
            }
        }
    }

    private void dial(int from, int to) {
        SimRandom random = directions[from][to].random;
        long handshake = (long) (2 * directions[from][to].usualNanos * (1 + random.nextDouble()));
        world.after(handshake, from, SimWorld.Kind.LINK, () -> greet(from, to));
    }

    private void greet(int from, int to) {
        SimProcess caller = host.process(from);
        SimProcess callee = host.process(to);
        Link current = links[from][to];
        boolean alreadyUp = current != null && current.up && current.caller == caller && current.callee == callee;
        if (caller == null || callee == null || alreadyUp) {
            return;
        }
        if (isCut(from, to) || callee.loop().paused() || caller.loop().paused()) {
            redial(from, to);
            return;
        }
        dials[from][to] = 0;
        links[from][to] = new Link(nextLink++, caller, callee);
    }

    private void redial(int from, int to) {
        long wait = directions[from][to].random.between(50_000_000, 200_000_000);
        boolean patient = ++dials[from][to] > EAGER_DIALS;
        world.after(patient ? 6 * wait : wait, from, SimWorld.Kind.LINK, () -> greet(from, to));
    }

    private boolean isCut(int from, int to) {
        return directions[from][to].cut || directions[to][from].cut;
    }

    private void breakLink(Link link) {
        if (!link.up) {
            return;
        }
        link.up = false;
        int from = link.caller.machine();
        int to = link.callee.machine();
        if (links[from][to] == link) {
            links[from][to] = null;
        }
        world.note(from, 7_000 + link.number);
        if (host.process(from) == link.caller) {
            link.caller.loop().run(() -> link.caller.core().onLinkLost(link.callee.name(), link.number));
            redial(from, to);
        }
    }

    /** A process ended. Its own links are gone with it; the others notice soon, or only when keepalive does. */
    void disconnect(SimProcess ended, boolean silently) {
        for (int other = 1; other <= machines; other++) {
            links[ended.machine()][other] = null;
            Link toIt = links[other][ended.machine()];
            if (toIt != null && toIt.callee == ended) {
                SimRandom random = directions[other][ended.machine()].random;
                long noticed =
                        silently ? random.between(500_000_000, 6_000_000_000L) : random.between(100_000, 20_000_000);
                world.after(noticed, other, SimWorld.Kind.LINK, () -> breakLink(toIt));
            }
        }
    }

    /** Nothing passes from one to the other any more, or again. */
    void cut(int from, int to, boolean cut) {
        Direction direction = directions[from][to];
        if (direction.cut == cut) {
            return;
        }
        direction.cut = cut;
        if (cut) {
            long since = world.now();
            cutSince[from][to] = since;
            // A stream over a dead path looks alive until keepalive gives up: both ends lose theirs. Nobody may wait
            // for
            // that.
            long keepalive = direction.random.between(300_000_000, 6_000_000_000L);
            world.after(keepalive, from, SimWorld.Kind.LINK, () -> {
                if (direction.cut && cutSince[from][to] == since) {
                    breakIfUp(from, to);
                    breakIfUp(to, from);
                }
            });
        }
    }

    void breakIfUp(int from, int to) {
        Link link = links[from][to];
        if (link != null) {
            breakLink(link);
        }
    }

    /** The next request over this link is carried out and reported as lost. */
    void failAfterNextDelivery(int from, int to) {
        Link link = links[from][to];
        if (link != null) {
            link.breakAfterDelivery = true;
        }
    }

    void loss(int from, int to, double probability) {
        directions[from][to].loss = probability;
    }

    void duplicates(int from, int to, double probability) {
        directions[from][to].duplicates = probability;
    }

    void slowness(int from, int to, double factor) {
        directions[from][to].slowness = factor;
    }

    /** All faults end. Links that are down come up again by themselves. */
    void heal() {
        for (int from = 1; from <= machines; from++) {
            for (int to = 1; to <= machines; to++) {
                cut(from, to, false);
                loss(from, to, 0);
                duplicates(from, to, 0);
                slowness(from, to, 1);
            }
        }
    }
}
