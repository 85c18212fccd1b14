package dev.quorate.core.topology;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.PeerTransport;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.ManualTime;
import dev.quorate.core.runtime.RandomSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;

/** Nodes that do nothing but agree about their ring. A message takes a millisecond, and so does a sync. */
final class TopologyWorld {
    static final Duration TIMEOUT = Duration.ofSeconds(10);

    /** One node; its disk survives its processes. */
    final class Node implements PeerTransport {
        final NodeId id;
        final List<PeerRequest> sent = new ArrayList<>();
        private CrashingStorage disk;
        private final RingState given;
        private long life;
        private boolean down;
        private CurrentRing ring;
        private PeerCalls calls;
        private Topology topology;

        Node(NodeId id, RingState given) {
            this.id = id;
            this.given = given;
            this.disk = newDisk();
            start();
        }

        private CrashingStorage newDisk() {
            return new CrashingStorage(() -> time.after(TICK, this::sync));
        }

        /** It comes back with an empty disk. */
        void wipe() {
            disk = newDisk();
            restart();
        }

        private void sync() {
            disk.sync();
        }

        private void start() {
            life++;
            down = false;
            DeadlineWheel wheel = new DeadlineWheel(time, time);
            ring = new CurrentRing(given);
            calls = new PeerCalls(new Process(this, life), wheel, time, time);
            topology = new Topology(new Topology.Surroundings(
                    id,
                    ring,
                    PlanWorld.BUCKETS,
                    new RegisterRules(),
                    disk.storage(),
                    calls,
                    time,
                    time,
                    wheel,
                    source,
                    time));
        }

        Topology topology() {
            return topology;
        }

        RingState ring() {
            return topology.state();
        }

        void crash() {
            disk.crash(0);
            life++;
            down = true;
        }

        void restart() {
            start();
            topology.load();
            topology.start();
        }

        private void receive(NodeId from, long link, long operationId, PeerRequest request) {
            boolean itsOwn = topology.onPeerRequest(
                    from,
                    request,
                    reply -> deliver(id, life, from, to -> to.calls.onReply(id, link, operationId, reply)));
            if (!itsOwn) {
                deliver(id, life, from, to -> to.calls.onReply(id, link, operationId, PeerReply.Pong.INSTANCE));
            }
        }

        @Override
        public boolean reachable(NodeId peer) {
            Node other = nodes.get(peer);
            return other != null && !other.down && reach(id, peer);
        }

        @Override
        public String unreachableBecause(NodeId peer) {
            return reachable(peer) ? "" : "down";
        }

        @Override
        public long send(NodeId peer, long operationId, PeerRequest request, Duration timeout) {
            if (!reachable(peer)) {
                return NOT_SENT;
            }
            sent.add(request);
            long link = life;
            if (!lost.test(request)) {
                deliver(id, life, peer, to -> to.receive(id, link, operationId, request));
            }
            return link;
        }
    }

    private record Process(Node node, long life) implements PeerTransport {
        @Override
        public boolean reachable(NodeId peer) {
            return node.reachable(peer);
        }

        @Override
        public String unreachableBecause(NodeId peer) {
            return node.unreachableBecause(peer);
        }

        @Override
        public long send(NodeId peer, long operationId, PeerRequest request, Duration timeout) {
            return life == node.life ? node.send(peer, operationId, request, timeout) : NOT_SENT;
        }
    }

    private static final Duration TICK = Duration.ofMillis(1);

    final ManualTime time = new ManualTime();
    private final SplittableRandom random = new SplittableRandom(7);
    private final RandomSource source = new RandomSource() {
        @Override
        public long nextLong() {
            return random.nextLong();
        }

        @Override
        public int nextInt(int boundExclusive) {
            return random.nextInt(boundExclusive);
        }

        @Override
        public double nextDouble() {
            return random.nextDouble();
        }
    };
    private final SortedMap<NodeId, Node> nodes = new TreeMap<>();
    private final TreeSet<NodeId> island = new TreeSet<>();
    private Predicate<PeerRequest> lost = request -> false;

    TopologyWorld(int founders) {
        RingState genesis = PlanWorld.evenly(founders, 1, 5);
        for (NodeId id : genesis.nodes().keySet()) {
            add(id, genesis);
        }
        time.pass(Duration.ofSeconds(5));
    }

    /** A node that was admitted, with the ring that it was told. */
    Node add(NodeId id, RingState given) {
        Node node = new Node(id, given);
        nodes.put(id, node);
        node.topology.load();
        node.topology.start();
        return node;
    }

    Node node(int number) {
        return nodes.get(new NodeId(number));
    }

    RandomSource source() {
        return source;
    }

    /** These reach one another, and the others one another. */
    void isolate(int... numbers) {
        island.clear();
        for (int number : numbers) {
            island.add(new NodeId(number));
        }
    }

    void lose(Predicate<PeerRequest> requests) {
        lost = requests;
    }

    private boolean reach(NodeId a, NodeId b) {
        return island.contains(a) == island.contains(b);
    }

    private void deliver(NodeId from, long life, NodeId to, Consumer<Node> message) {
        time.after(TICK, () -> {
            Node sender = nodes.get(from);
            Node receiver = nodes.get(to);
            if (sender != null && sender.life == life && receiver != null && !receiver.down && reach(from, to)) {
                message.accept(receiver);
            }
        });
    }

    /** Asks for a change and waits what comes of it. */
    ChangeOutcome await(Consumer<Consumer<ChangeOutcome>> change) {
        List<ChangeOutcome> outcomes = new ArrayList<>();
        change.accept(outcomes::add);
        for (int waited = 0; waited < 20_000 && outcomes.isEmpty(); waited += 5) {
            time.pass(Duration.ofMillis(5));
        }
        if (outcomes.size() != 1) {
            throw new AssertionError("outcomes: " + outcomes);
        }
        return outcomes.get(0);
    }
}
