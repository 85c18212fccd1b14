package dev.quorate.core.membership;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.PeerTransport;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.SlotAllocator;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.runtime.BootSource;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.RandomSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.LongSupplier;

/** Members that do nothing but watch each other, with time and every message in the hands of the test. */
final class MembershipWorld {
    /** Which messages are lost. Links stay up, as they do over a dead path: nothing but silence tells. */
    interface Loss {
        boolean loses(int from, int to, PeerRequest request);
    }

    /** One process. */
    final class Node implements PeerTransport, EventLoop, MembershipListener {
        final int number;
        final List<String> said = new ArrayList<>();
        final Map<String, Long> counters = new TreeMap<>();
        private final List<Runnable> backlog = new ArrayList<>();
        private final PeerCalls calls;
        private final Membership membership;
        private long startNo;
        private boolean paused;
        private boolean dead;

        Node(int number, long startNo) {
            this.number = number;
            this.startNo = startNo;
            DeadlineWheel wheel = new DeadlineWheel(clock, this);
            Metrics metrics = new Metrics() {
                @Override
                public Counter counter(String name, String help) {
                    return amount -> counters.merge(name, amount, Long::sum);
                }

                @Override
                public void gauge(String name, String help, LongSupplier value) {}

                @Override
                public Histogram histogram(String name, String help) {
                    return value -> {};
                }
            };
            calls = new PeerCalls(this, wheel, clock, metrics);
            BootSource boots = new BootSource() {
                @Override
                public long current() {
                    return Node.this.startNo << 32 | 0xb007;
                }

                @Override
                public CompletionStage<Long> renewAbove(long above) {
                    Node.this.startNo = Math.max(Node.this.startNo, above) + 1;
                    return CompletableFuture.completedFuture(current());
                }
            };
            membership = new Membership(
                    new NodeId(number),
                    new CurrentRing(RingState.of(table)),
                    MembershipConfig.DEFAULTS,
                    new Membership.Surroundings(
                            calls,
                            boots,
                            boots::renewAbove,
                            (sources, needed) -> sources >= needed,
                            () -> 0,
                            (node, version) -> {},
                            clock,
                            this,
                            wheel,
                            random,
                            metrics,
                            this));
            calls.consult(membership);
            membership.start();
        }

        Membership membership() {
            return membership;
        }

        boolean reaches(int other) {
            return calls.reachable(new NodeId(other));
        }

        MemberView sees(int other) {
            return membership.members().stream()
                    .filter(view -> view.node().number() == other)
                    .findFirst()
                    .orElseThrow();
        }

        Verdict verdict(int other) {
            return sees(other).verdict();
        }

        long count(String counter) {
            return counters.getOrDefault(counter, 0L);
        }

        long startNo() {
            return startNo;
        }

        /** As SIGSTOP. */
        void pause() {
            paused = true;
        }

        void resume() {
            paused = false;
            List<Runnable> due = List.copyOf(backlog);
            backlog.clear();
            due.forEach(this::run);
        }

        void kill() {
            dead = true;
        }

        private void run(Runnable task) {
            if (dead) {
                return;
            }
            if (paused) {
                backlog.add(task);
            } else {
                task.run();
            }
        }

        @Override
        public boolean reachable(NodeId peer) {
            return peer.number() != number && node(peer.number()) != null;
        }

        @Override
        public String unreachableBecause(NodeId peer) {
            return reachable(peer) ? "" : "not there";
        }

        @Override
        public long send(NodeId peer, long operationId, PeerRequest request, Duration timeout) {
            int to = peer.number();
            deliver(number, to, request, () -> nodes.get(to).receive(this, operationId, request));
            return 1;
        }

        private void receive(Node from, long operationId, PeerRequest request) {
            NodeId sender = new NodeId(from.number);
            if (request instanceof PeerRequest.Ping) {
                reply(from, operationId, request, PeerReply.Pong.INSTANCE);
            } else if (request instanceof PeerRequest.OfMembership ofMembership) {
                membership.onPeerRequest(sender, ofMembership, reply -> reply(from, operationId, request, reply));
            }
        }

        private void reply(Node to, long operationId, PeerRequest request, PeerReply reply) {
            deliver(number, to.number, request, () -> to.calls.onReply(new NodeId(number), 1, operationId, reply));
        }

        @Override
        public Timer after(Duration delay, Runnable task) {
            at(now + delay.toNanos(), () -> run(task));
            return () -> {};
        }

        @Override
        public void execute(Runnable task) {
            after(Duration.ZERO, task);
        }

        @Override
        public void accuses(NodeId accused, long heartbeat) {
            said.add("accuses " + accused);
        }

        @Override
        public void judged(NodeId member, Verdict before, Verdict verdict, List<NodeId> accusers) {
            said.add(member + " " + verdict);
        }

        @Override
        public void rolledBack(long own, long known) {
            said.add("rolled back");
        }
    }

    private record Event(long time, long order, Runnable task) {}

    private static final long MESSAGE_NANOS = 1_000_000;

    private final SlotTable table;
    private final Map<Integer, Node> nodes = new TreeMap<>();
    private final PriorityQueue<Event> events = new PriorityQueue<>(
            (a, b) -> a.time != b.time ? Long.compare(a.time, b.time) : Long.compare(a.order, b.order));
    private final SplittableRandom seeded;
    private Loss loss = (from, to, request) -> false;
    private long now = 77_000_000_000L;
    private long order;

    private final Clock clock = new Clock() {
        @Override
        public long nanos() {
            return now;
        }

        @Override
        public long wallMillis() {
            return now / 1_000_000;
        }
    };

    private final RandomSource random = new RandomSource() {
        @Override
        public long nextLong() {
            return seeded.nextLong();
        }

        @Override
        public int nextInt(int boundExclusive) {
            return seeded.nextInt(boundExclusive);
        }

        @Override
        public double nextDouble() {
            return seeded.nextDouble();
        }
    };

    /** @param hosts the host of each member, from the first on; a member each where there is none */
    MembershipWorld(long seed, int size, String... hosts) {
        this.seeded = new SplittableRandom(seed);
        List<Member> members = new ArrayList<>();
        for (int i = 1; i <= size; i++) {
            members.add(new Member(new NodeId(i), 1, "dc", "rack", i <= hosts.length ? hosts[i - 1] : "h" + i));
        }
        this.table = SlotAllocator.initial(members, Math.min(3, size), 3);
        for (int i = 1; i <= size; i++) {
            nodes.put(i, new Node(i, 1));
        }
    }

    Node node(int number) {
        Node node = nodes.get(number);
        if (node == null) {
            throw new IllegalArgumentException("no node " + number);
        }
        return node;
    }

    List<Node> nodes() {
        return List.copyOf(nodes.values());
    }

    /** The process ends, and another begins with that start number. */
    Node restart(int number, long startNo) {
        node(number).kill();
        Node next = new Node(number, startNo);
        nodes.put(number, next);
        return next;
    }

    void lose(Loss which) {
        loss = which;
    }

    /** Neither hears the other. */
    void cut(List<Integer> one, List<Integer> other) {
        lose((from, to, request) ->
                one.contains(from) && other.contains(to) || other.contains(from) && one.contains(to));
    }

    void heal() {
        lose((from, to, request) -> false);
    }

    private void deliver(int from, int to, PeerRequest request, Runnable arrival) {
        if (!loss.loses(from, to, request)) {
            // Some spread, so that members do not move in step.
            at(now + MESSAGE_NANOS + seeded.nextInt(1_000_000), () -> node(to).run(arrival));
        }
    }

    private void at(long time, Runnable task) {
        events.add(new Event(time, order++, task));
    }

    void pass(Duration time) {
        long until = now + time.toNanos();
        while (!events.isEmpty() && events.peek().time() <= until) {
            Event next = events.poll();
            now = Math.max(now, next.time());
            next.task().run();
        }
        now = until;
    }
}
