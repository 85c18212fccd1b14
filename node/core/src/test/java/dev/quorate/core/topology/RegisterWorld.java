package dev.quorate.core.topology;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.PeerTransport;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingEdit;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.ManualTime;
import dev.quorate.core.runtime.RandomSource;
import dev.quorate.core.topology.Change.Step;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Six nodes that change one ring at the same time, over messages that are lost, delayed, reordered and delivered twice, and across crashes. After
 * the model {@code casreg.py}, with the real classes. Each state carries its own name and its parent's, so that what was agreed about can be
 * checked to be one chain.
 */
final class RegisterWorld {
    static final int NODES = 6;
    private static final Duration LONG = Duration.ofSeconds(20);

    /** A request on its way, or the answer to one. */
    private record Message(
            int from,
            int to,
            long link,
            long operationId,
            @Nullable PeerRequest request,
            @Nullable PeerReply reply) {}

    /** One node; its disk survives its processes. */
    private final class Node implements PeerTransport {
        final int number;
        CrashingStorage disk = new CrashingStorage();
        long life;
        int waiting;
        PeerCalls calls;
        CurrentRing ring;
        Acceptor acceptor;
        RingKeeper keeper;
        Proposer proposer;

        Node(int number) {
            this.number = number;
            start();
        }

        void start() {
            life++;
            PeerTransport mine = new Process(this, life);
            DeadlineWheel wheel = new DeadlineWheel(time, time);
            calls = new PeerCalls(mine, wheel, time, time);
            ring = new CurrentRing(genesis);
            ring.onChange((before, now) -> adopted(number, now));
            acceptor = new Acceptor(rules, ring, disk.storage(), time, time);
            NodeId self = new NodeId(number);
            keeper = new RingKeeper(self, ring, disk.storage(), calls, time, wheel, source, time);
            proposer = new Proposer(self, rules, keeper, acceptor, calls, time, wheel, source, time);
            keeper.load();
            acceptor.load(wipes);
            if (acceptor.isForgetful()) {
                new VoteRecall(self, keeper, acceptor, proposer, wheel, source).begin();
            }
        }

        /** The disk is lost; with two at a time, what they alone had agreed about would be. */
        void wipe() {
            if (nodes.stream().noneMatch(node -> node.acceptor.isForgetful())) {
                waiting = 0;
                disk = new CrashingStorage();
                start();
            }
        }

        void submitOne() {
            long mine = life;
            if (waiting < 2) {
                waiting++;
                proposer.submit(RegisterWorld.this::change, LONG, outcome -> waiting -= mine == life ? 1 : 0);
            }
        }

        void crash() {
            waiting = 0;
            disk.crash(random.nextInt(disk.unsynced() + 1));
            start();
        }

        void receive(Message message) {
            NodeId from = new NodeId(message.from);
            PeerReply reply = message.reply;
            PeerRequest request = message.request;
            if (reply != null) {
                calls.onReply(from, message.link, message.operationId, reply);
            } else if (request instanceof PeerRequest.FetchRing fetch) {
                answer(message, new PeerReply.RingFetched(keeper.updateSince(fetch.since())));
            } else if (request instanceof PeerRequest.TellRing told) {
                keeper.told(from, told.update());
                answer(message, PeerReply.Pong.INSTANCE);
            } else if (request instanceof PeerRequest.OfTopology toVoter) {
                long mine = life;
                proposer.answerAsVoter(toVoter, answer -> {
                    if (mine == life) {
                        answer(message, answer);
                    }
                });
            } else {
                answer(message, PeerReply.Pong.INSTANCE);
            }
        }

        private void answer(Message message, PeerReply reply) {
            messages.add(new Message(number, message.from, message.link, message.operationId, null, reply));
        }

        @Override
        public boolean reachable(NodeId peer) {
            return true;
        }

        @Override
        public String unreachableBecause(NodeId peer) {
            return "";
        }

        @Override
        public long send(NodeId peer, long operationId, PeerRequest request, Duration timeout) {
            messages.add(new Message(number, peer.number(), life, operationId, request, null));
            return life;
        }
    }

    /** What a process that has ended says reaches nobody. */
    private record Process(Node node, long life) implements PeerTransport {
        @Override
        public boolean reachable(NodeId peer) {
            return true;
        }

        @Override
        public String unreachableBecause(NodeId peer) {
            return "";
        }

        @Override
        public long send(NodeId peer, long operationId, PeerRequest request, Duration timeout) {
            return life == node.life ? node.send(peer, operationId, request, timeout) : NOT_SENT;
        }
    }

    private final boolean wipes;
    private final SplittableRandom random;
    private final RandomSource source;
    private final RegisterRules rules;
    private final ManualTime time = new ManualTime();
    private final RingState genesis;
    private final List<Node> nodes = new ArrayList<>();
    private final List<Message> messages = new ArrayList<>();
    private final Map<Long, RingState> agreed = new TreeMap<>();
    private final Map<String, String> parents = new TreeMap<>();
    private final Map<String, String> adoptedBy = new TreeMap<>();
    private final double loss;
    private int names;
    private int commits;
    private @Nullable String violation;

    RegisterWorld(long seed, RegisterRules rules) {
        this(seed, rules, false);
    }

    /** @param wipes whether nodes lose their disks, one at a time */
    RegisterWorld(long seed, RegisterRules rules, boolean wipes) {
        this.wipes = wipes;
        this.random = new SplittableRandom(seed);
        this.source = new RandomSource() {
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
        this.rules = rules;
        this.loss = new double[] {0.02, 0.15, 0.3}[random.nextInt(3)];
        List<NodeEntry> founders = new ArrayList<>();
        for (int number = 1; number <= NODES; number++) {
            Member member = new Member(new NodeId(number), 1, "dc1", "r1", "h" + number);
            founders.add(new NodeEntry(member, "", "", "", "genesis", NodeStatus.NORMAL));
        }
        this.genesis = RingState.genesis(founders, 1, 0);
        agreed.put(genesis.version().epoch(), genesis);
        for (int number = 1; number <= NODES; number++) {
            nodes.add(new Node(number));
        }
    }

    int commits() {
        return commits;
    }

    /** A new cluster's voters have nothing to remember, and have to find that out. */
    void found() {
        calm(2_000);
    }

    @Nullable
    String violation() {
        return violation;
    }

    /** Things happen, until something is wrong or so many have. */
    void run(int steps) {
        for (int step = 0; step < steps && violation == null; step++) {
            step();
        }
    }

    /** No more faults: what was begun ends, and one more change is agreed about, by all. */
    void settle() {
        calm(2_000);
        Node last = nodes.get(random.nextInt(NODES));
        List<ChangeOutcome> outcomes = new ArrayList<>();
        last.proposer.submit(this::change, Duration.ofSeconds(60), outcomes::add);
        calm(4_000);
        if (violation == null && (outcomes.isEmpty() || !(outcomes.get(0) instanceof ChangeOutcome.Committed))) {
            violation = "after all faults, a change comes to " + outcomes;
        }
        String name = name(last.keeper.state());
        TreeSet<String> chain = new TreeSet<>();
        while (name != null) {
            chain.add(name);
            name = parents.get(name);
        }
        adoptedBy.forEach((state, node) -> {
            if (violation == null && !chain.contains(state)) {
                violation = node + " adopted " + state + ", which was never agreed about";
            }
        });
    }

    void submit(int node) {
        nodes.get(node - 1).submitOne();
    }

    void crash(int node) {
        nodes.get(node - 1).crash();
    }

    List<PeerRequest> onTheWay() {
        List<PeerRequest> requests = new ArrayList<>();
        for (Message message : messages) {
            if (message.request != null) {
                requests.add(message.request);
            }
        }
        return requests;
    }

    /** Delivers what is on its way, and what comes of it, but for what is held back. */
    void deliverAllBut(Predicate<PeerRequest> heldBack) {
        for (int index = 0; index < messages.size(); ) {
            PeerRequest request = messages.get(index).request;
            if (request != null && heldBack.test(request)) {
                index++;
            } else {
                Message message = messages.remove(index);
                nodes.get(message.to - 1).receive(message);
                syncAll();
                index = 0;
            }
        }
    }

    private void syncAll() {
        for (Node node : nodes) {
            while (node.disk.hasUnsynced()) {
                node.disk.sync();
            }
        }
    }

    private void calm(int steps) {
        int idle = 0;
        for (int step = 0; step < steps && violation == null && idle < 100; step++) {
            idle = messages.isEmpty() ? idle + 1 : 0;
            if (!messages.isEmpty()) {
                Message message = messages.remove(random.nextInt(messages.size()));
                nodes.get(message.to - 1).receive(message);
            } else {
                time.pass(Duration.ofMillis(20));
            }
            nodes.forEach(node -> node.disk.sync());
        }
    }

    private void step() {
        double dice = random.nextDouble();
        Node node = nodes.get(random.nextInt(NODES));
        if (dice < 0.06) {
            node.submitOne();
        } else if (dice < 0.72) {
            deliverOne();
        } else if (dice < 0.90) {
            node.disk.sync();
        } else if (dice < 0.93) {
            Node other = nodes.get(random.nextInt(NODES));
            node.keeper.heardOf(new NodeId(other.number), other.keeper.version());
        } else if (wipes && dice < 0.935) {
            node.wipe();
        } else if (dice < 0.95) {
            node.crash();
        } else if (dice < 0.97 && messages.size() > 40) {
            messages.subList(0, messages.size() - 20).clear();
        } else {
            time.pass(Duration.ofMillis(random.nextInt(1, 200)));
        }
    }

    private void deliverOne() {
        if (messages.isEmpty()) {
            return;
        }
        int index = random.nextInt(messages.size());
        Message message = random.nextDouble() < 0.06 ? messages.get(index) : messages.remove(index);
        if (random.nextDouble() >= loss) {
            nodes.get(message.to - 1).receive(message);
        }
    }

    /** As operators and claimants change it: mostly something, often the voters, and always a half changed set of voters. */
    private Step change(RingState ring) {
        RingEdit edit = ring.edit();
        if (!ring.newVoters().isEmpty()) {
            edit.voters(ring.newVoters(), List.of());
        } else if (random.nextBoolean()) {
            List<NodeId> voters = anyVoters();
            if (!voters.equals(ring.voters())) {
                if (rules.changesVotersJointly()) {
                    edit.voters(ring.voters(), voters);
                } else {
                    edit.voters(voters, List.of());
                }
            }
        }
        String name = "s" + ++names;
        parents.put(name, name(ring));
        NodeEntry first = ring.nodes().get(ring.nodes().firstKey());
        edit.node(new NodeEntry(first.placement(), "", "", "", name, first.status()));
        return new Step.To(edit.build());
    }

    private List<NodeId> anyVoters() {
        int few = wipes ? 5 : 1;
        int wanted = random.nextInt(3) == 0 ? few : 3;
        TreeSet<NodeId> voters = new TreeSet<>();
        while (voters.size() < wanted) {
            voters.add(new NodeId(1 + random.nextInt(NODES)));
        }
        return List.copyOf(voters);
    }

    private static String name(RingState ring) {
        return ring.nodes().get(ring.nodes().firstKey()).adminAddress();
    }

    private void adopted(int node, RingState ring) {
        adoptedBy.putIfAbsent(name(ring), "n" + node);
        RingState before = agreed.putIfAbsent(ring.version().epoch(), ring);
        if (before == null) {
            commits++;
        } else if (!before.equals(ring) && violation == null) {
            violation = "two rings of epoch " + ring.version() + ": " + name(before) + " and " + name(ring)
                    + ", the latter adopted by n" + node;
        }
        RingState parent = agreed.get(ring.version().epoch() - 1);
        if (parent != null && !name(parent).equals(parents.get(name(ring))) && violation == null) {
            violation = name(ring) + " of epoch " + ring.version() + " was made from " + parents.get(name(ring))
                    + ", and agreed about was " + name(parent);
        }
    }
}
