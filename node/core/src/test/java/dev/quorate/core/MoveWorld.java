package dev.quorate.core;

import dev.quorate.core.antientropy.AntiEntropy;
import dev.quorate.core.antientropy.AntiEntropyConfig;
import dev.quorate.core.antientropy.Hints;
import dev.quorate.core.antientropy.RecoveringSlots;
import dev.quorate.core.antientropy.Surroundings;
import dev.quorate.core.handoff.Handoff;
import dev.quorate.core.handoff.HandoffConfig;
import dev.quorate.core.handoff.Rows;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Mode;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.PeerTransport;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.replication.ClientAnswer;
import dev.quorate.core.replication.ClientGet;
import dev.quorate.core.replication.ClientWrite;
import dev.quorate.core.replication.Consistency;
import dev.quorate.core.replication.Coordinator;
import dev.quorate.core.replication.Local;
import dev.quorate.core.replication.ReplicationConfig;
import dev.quorate.core.replication.RingUpdates;
import dev.quorate.core.replication.SafetyRules;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.KeyHasher;
import dev.quorate.core.ring.Member;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.RingEdit;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.core.ring.SlotTable;
import dev.quorate.core.runtime.BootSource;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.HybridClock;
import dev.quorate.core.runtime.LoopLag;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.RandomSource;
import dev.quorate.core.storage.HintRules;
import dev.quorate.core.storage.LeafRebuild;
import dev.quorate.core.storage.Lookup;
import dev.quorate.core.storage.MerkleTree;
import dev.quorate.core.storage.ReplicaTable;
import dev.quorate.core.storage.TransferRules;
import dev.quorate.core.transfer.Flips;
import dev.quorate.core.transfer.RingNews;
import dev.quorate.core.transfer.TransferConfig;
import dev.quorate.core.transfer.TransferStatus;
import dev.quorate.core.transfer.Transfers;
import dev.quorate.core.version.RecordCodec;
import dev.quorate.core.version.Sibling;
import dev.quorate.core.version.VersionRules;
import dev.quorate.core.version.VersionedObject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.PriorityQueue;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;

/**
 * Five nodes and a ring of one slot that moves to and fro between the first and the fourth, while clients write and read, nodes crash, messages
 * are late or lost, and everybody learns of changes of the ring when it happens. Whatever happens is drawn from the seed.
 *
 * <p>The nodes are made of the real parts of core, all but membership: nobody is ever declared DOWN here, and which rings are used where is
 * known to the world.
 */
final class MoveWorld {
    private static final NodeId FIRST = new NodeId(1);
    private static final NodeId FOURTH = new NodeId(4);
    private static final int NODES = 5;
    private static final List<String> KEYS = List.of("a", "b");
    private static final int MAX_WRITES = 48;
    private static final Duration CLIENT_TIMEOUT = Duration.ofSeconds(1);

    private static final TransferConfig QUICK = new TransferConfig(
            2,
            2,
            Duration.ofMillis(100),
            Duration.ofMillis(300),
            Duration.ofMillis(40),
            Duration.ofMillis(400),
            Duration.ofMillis(200),
            1,
            Duration.ofMillis(200),
            100_000,
            50L << 20);

    private static final AntiEntropyConfig EXCHANGES = new AntiEntropyConfig(
            true,
            Duration.ofSeconds(3),
            Duration.ofMillis(100),
            Duration.ofMillis(500),
            Duration.ofMillis(500),
            4,
            50_000,
            32 << 20,
            Duration.ofDays(14));

    private static final HandoffConfig HANDOFF =
            new HandoffConfig(Duration.ZERO, Duration.ZERO, 5000, 16L << 20, 4, Duration.ofHours(24));

    private record Message(NodeId from, NodeId to, boolean ofRegister, Runnable delivery) {}

    private record Scheduled(long at, long order, Runnable task) {}

    private final SplittableRandom random;
    private final SafetyRules rules;
    private final List<Node> nodes = new ArrayList<>();
    private final List<Message> messages = new ArrayList<>();
    private final List<RingState> rings = new ArrayList<>();
    private final PriorityQueue<Scheduled> timers =
            new PriorityQueue<>((a, b) -> a.at != b.at ? Long.compare(a.at, b.at) : Long.compare(a.order, b.order));
    private final SortedMap<String, SortedSet<String>> strictlyAcknowledged = new TreeMap<>();
    private final SortedMap<String, SortedSet<String>> acknowledged = new TreeMap<>();
    private final double slowRegister;
    private final double syncs;
    private final double reads;
    private final boolean exchanges;
    private final double cuts;
    private final double restarts;
    private final double losses;
    private final boolean repairs;
    private final int[] pace;
    private final SortedSet<String> cut = new TreeSet<>();
    private int wipes;
    private long now = 1_000_000_000;
    private long order;
    private int writes;
    private boolean healing;

    // Strict reads that missed what was strictly acknowledged before they began.
    private final List<String> staleReads = new ArrayList<>();
    private final SortedMap<String, Integer> seen = new TreeMap<>();

    MoveWorld(long seed, TransferRules transferRules) {
        this.random = new SplittableRandom(seed * 7919 + 13);
        this.rules = new SafetyRules(
                new VersionRules((kept, dropped) -> count("dot conflicts")), new HintRules(), transferRules);
        this.slowRegister = pick(0, 0.8, 0.95, 0.99);
        this.syncs = pick(0, 0, 0.3);
        this.reads = pick(0, 0, 0.1);
        this.exchanges = random.nextInt(3) == 0;
        this.cuts = pick(0, 0.3, 0.7);
        this.restarts = pick(0.1, 0.3, 1);
        this.losses = pick(0.05, 0.3, 0.3);
        this.repairs = random.nextInt(3) == 0;
        this.wipes = random.nextInt(2);
        this.pace = List.of(new int[] {0, 0, 1}, new int[] {0, 1, 2}, new int[] {0, 2, 4})
                .get(random.nextInt(3));
        List<Member> members = new ArrayList<>();
        for (int number = 1; number <= NODES; number++) {
            members.add(new Member(new NodeId(number), 1.0, "dc1", "r" + number, "h" + number));
        }
        rings.add(RingState.of(SlotTable.of(1, 0, members, List.of(List.of(FIRST, new NodeId(2), new NodeId(3))))));
        for (String key : KEYS) {
            strictlyAcknowledged.put(key, new TreeSet<>());
            acknowledged.put(key, new TreeSet<>());
        }
        for (Member member : members) {
            nodes.add(new Node(member.id()));
        }
    }

    private double pick(double... choices) {
        return choices[random.nextInt(choices.length)];
    }

    private boolean chance(double probability) {
        return random.nextDouble() < probability;
    }

    private void count(String what) {
        seen.merge(what, 1, Integer::sum);
    }

    /** What happened, by name. */
    SortedMap<String, Integer> seen() {
        return seen;
    }

    private Node node(NodeId id) {
        return nodes.get(id.number() - 1);
    }

    private Node anyNode() {
        return nodes.get(random.nextInt(NODES));
    }

    private RingState committed() {
        return rings.get(rings.size() - 1);
    }

    private void commit(UnaryOperator<RingEdit> change) {
        rings.add(change.apply(committed().edit()).build());
    }

    /** Lets so much happen, then heals everything. Returns with what was promised and not kept. */
    List<String> run(int steps) {
        for (int i = 0; i < steps; i++) {
            step();
        }
        List<String> problems = heal();
        problems.addAll(0, staleReads);
        return problems;
    }

    private void step() {
        for (int i = pace[random.nextInt(pace.length)]; i > 0; i--) {
            deliverOne();
        }
        // Where a slot may have changed hands without its old owner knowing it, most happens.
        boolean tense = nodes.stream().anyMatch(Node::isFlipping);
        if (tense && chance(0.3)) {
            if (chance(0.5)) {
                write();
            } else {
                read();
            }
            return;
        }
        double what = random.nextDouble();
        if (what < 0.04) {
            write();
        } else if (what < 0.16) {
            read();
        } else if (what < 0.20) {
            changeRing();
        } else if (what < 0.21) {
            Node node = anyNode();
            String pair = pair(node.id, anyNode().id);
            if (chance(cuts)) {
                cut.add(pair);
            } else {
                cut.remove(pair);
            }
        } else if (what < 0.45) {
            deliverOne();
        } else if (what < 0.52) {
            Node node = nodes.stream().filter(each -> !each.up).findFirst().orElse(anyNode());
            if (!node.up) {
                if (chance(restarts)) {
                    node.start();
                }
            } else {
                RingState later = rings.get(random.nextInt(rings.indexOf(node.ring), rings.size()));
                boolean changesHands = !later.table().equals(node.ring.table());
                if (!changesHands || !chance(slowRegister)) {
                    node.learn(later);
                }
            }
        } else if (what < 0.53) {
            crash();
        } else if (what < 0.60) {
            holdOrRelease(anyNode());
        } else {
            pass(Duration.ofMillis(random.nextInt(20)));
        }
    }

    private void holdOrRelease(Node node) {
        if (node.up && chance(syncs)) {
            node.storage.holdSyncs();
        } else if (node.up && chance(reads)) {
            node.storage.holdReads();
        } else {
            node.storage.sync();
            node.storage.releaseReads();
        }
    }

    /** Half of the time one that knows the latest ring, or one that does not. */
    private Node coordinator(boolean upToDate) {
        Node any = anyNode();
        if (chance(0.5)) {
            return any;
        }
        int from = random.nextInt(NODES);
        for (int i = 0; i < NODES; i++) {
            Node node = nodes.get((from + i) % NODES);
            if (node.up && upToDate == node.ring.equals(committed())) {
                return node;
            }
        }
        return any;
    }

    private void write() {
        Node coordinator = coordinator(true);
        if (!coordinator.up || writes == MAX_WRITES) {
            return;
        }
        String key = KEYS.get(random.nextInt(KEYS.size()));
        String value = "w" + ++writes;
        Mode mode = random.nextInt(5) < 3 ? Mode.STRICT : Mode.SLOPPY;
        ClientWrite write = new ClientWrite(
                "",
                Bytes.utf8(key),
                Bytes.utf8(value),
                Bytes.EMPTY,
                Consistency.DEFAULT,
                OptionalInt.empty(),
                OptionalInt.empty(),
                false,
                false,
                Bytes.EMPTY,
                1,
                mode);
        count("writes");
        coordinator.coordinator.write(write, CLIENT_TIMEOUT, result -> {
            ClientAnswer answer = result.match(answered -> answered, failure -> null);
            if (answer == null) {
                return;
            }
            count("writes acknowledged");
            acknowledged.get(key).add(value);
            if (answer.report().strict()) {
                strictlyAcknowledged.get(key).add(value);
            }
        });
    }

    private void read() {
        Node coordinator = coordinator(false);
        if (!coordinator.up) {
            return;
        }
        String key = KEYS.get(random.nextInt(KEYS.size()));
        SortedSet<String> must = new TreeSet<>(strictlyAcknowledged.get(key));
        ClientGet get = new ClientGet(
                "", Bytes.utf8(key), Consistency.DEFAULT, OptionalInt.empty(), OptionalInt.empty(), Mode.STRICT);
        count("reads");
        coordinator.coordinator.get(get, CLIENT_TIMEOUT, result -> {
            ClientAnswer answer = result.match(answered -> answered, failure -> null);
            if (answer == null) {
                return;
            }
            count("reads answered");
            must.removeAll(valuesOf(answer.siblings()));
            if (!must.isEmpty()) {
                staleReads.add("stale read: " + key + " misses " + must + " by " + answer.report());
            }
        });
    }

    private static List<String> valuesOf(List<Sibling> siblings) {
        return siblings.stream().map(sibling -> text(sibling.value())).toList();
    }

    private static String text(Bytes bytes) {
        return new String(bytes.toByteArray(), java.nio.charset.StandardCharsets.UTF_8);
    }

    /** Plans a move if there is none; else, now and then, cancels it. */
    private void changeRing() {
        RingState ring = committed();
        if (!ring.moves().isEmpty()) {
            if (chance(0.06)) {
                Move move = ring.moves().get(0);
                commit(edit -> edit.cancel(move));
                count("cancels");
            }
            return;
        }
        NodeId from = ring.table().owners(0).get(0);
        NodeId to = from.equals(FIRST) ? FOURTH : FIRST;
        commit(edit -> edit.plan(Move.Kind.MOVE, 0, 0, from, to));
        for (NodeId each : List.of(from, to)) {
            if (node(each).up && chance(0.8)) {
                node(each).learn(committed());
            }
        }
    }

    private void crash() {
        long up = nodes.stream().filter(node -> node.up).count();
        Node node = chance(0.6) ? node(chance(0.5) ? FIRST : FOURTH) : anyNode();
        if (chance(0.5)) {
            // Where it hurts most.
            node = nodes.stream()
                    .filter(Node::isFlipping)
                    .findFirst()
                    .map(source -> chance(0.6) ? source : node(source.id.equals(FIRST) ? FOURTH : FIRST))
                    .orElse(node);
        }
        if (node.up && up > 3) {
            count("crashes");
            node.crash();
            if (wipes > 0 && chance(0.3)) {
                // Of the two that acknowledged a write, one may be destroyed.
                wipes--;
                count("disks lost");
                node.storage.clear();
                node.forgetful = true;
                node.ring = rings.get(0);
            }
        }
    }

    private void deliverOne() {
        if (messages.isEmpty()) {
            return;
        }
        int index = random.nextInt(messages.size());
        if (messages.get(index).ofRegister && chance(slowRegister) && !healing) {
            return;
        }
        Message message = messages.remove(index);
        if (chance(0.03) && !healing) {
            return;
        }
        message.delivery.run();
    }

    private void pass(Duration time) {
        long until = now + time.toNanos();
        while (!timers.isEmpty() && timers.peek().at <= until) {
            Scheduled next = timers.poll();
            now = Math.max(now, next.at);
            next.task.run();
        }
        now = until;
    }

    /** All nodes come back, everything is delivered, moves end: then nothing acknowledged may be missing, and no hint be left. */
    private List<String> heal() {
        healing = true;
        cut.clear();
        for (Node node : nodes) {
            node.storage.sync();
            node.storage.releaseReads();
            if (!node.up) {
                node.start();
            }
        }
        for (int round = 0; round < 600 && (round < 400 || !isQuiet()); round++) {
            for (Node node : nodes) {
                node.learn(committed());
                node.startExchanges();
            }
            while (!messages.isEmpty()) {
                deliverOne();
            }
            pass(Duration.ofMillis(50));
        }
        List<String> problems = new ArrayList<>();
        RingState ring = committed();
        if (!ring.moves().isEmpty()) {
            problems.add("the move does not end: "
                    + node(ring.moves().get(0).from()).transfers.status());
        }
        for (NodeId owner : ring.table().owners(0)) {
            for (String key : KEYS) {
                SortedSet<String> missing = new TreeSet<>(acknowledged.get(key));
                missing.removeAll(node(owner).holds(key));
                if (!missing.isEmpty()) {
                    problems.add(owner + " lacks " + missing + " of " + key);
                }
            }
        }
        for (Node node : nodes) {
            if (!node.records.hints().isEmpty()) {
                problems.add(node.id + " keeps hints for "
                        + node.records.hints().backlogs().keySet());
            }
            if (!ring.table().owns(node.id, 0) && node.tree.root(0, 1 << 16).count() > 0) {
                problems.add(node.id + " keeps what is another's: " + node.transfers.status());
            }
        }
        return problems;
    }

    private boolean isQuiet() {
        if (!committed().moves().isEmpty()) {
            return false;
        }
        for (Node node : nodes) {
            if (!node.transfers.isIdle() || !node.records.hints().isEmpty()) {
                return false;
            }
        }
        return true;
    }

    private final Clock clock = new Clock() {
        @Override
        public long nanos() {
            return now;
        }

        @Override
        public long wallMillis() {
            return 1_800_000_000_000L + now / 1_000_000;
        }
    };

    /** Exchanges begin when they are due, whatever is kept for others. */
    private static final Hints NO_HINTS_FIRST = new Hints() {
        @Override
        public Duration begunAfter() {
            return Duration.ZERO;
        }

        @Override
        public boolean areUnderWayWith(NodeId peer) {
            return false;
        }
    };

    private static String pair(NodeId a, NodeId b) {
        return a.compareTo(b) < 0 ? a + " " + b : b + " " + a;
    }

    /** Without read repair in most runs: it would hide what else brings a replica up to date, or does not. */
    private ReplicationConfig replication() {
        ReplicationConfig d = ReplicationConfig.DEFAULTS;
        return new ReplicationConfig(
                d.defaultTimeout(),
                d.maxTimeout(),
                d.hedgeAfter(),
                d.hedgeBudget(),
                repairs ? d.compareProbability() : 0,
                repairs ? d.repairsPerSecond() : 0,
                d.standInAfter(),
                d.hintBytesPerOwner(),
                d.maxRecordBytes(),
                d.maxSiblings());
    }

    private static final Metrics NO_METRICS = new Metrics() {
        @Override
        public Counter counter(String name, String help) {
            return amount -> {};
        }

        @Override
        public void gauge(String name, String help, LongSupplier value) {}

        @Override
        public Histogram histogram(String name, String help) {
            return value -> {};
        }
    };

    /** One node: its disk, and the process over it while there is one. */
    private final class Node implements PeerTransport {
        private final NodeId id;
        private final ManualStorage storage = new ManualStorage();
        // On its disk.
        private RingState ring = rings.get(0);
        private boolean up;
        private boolean forgetful;
        private boolean exchanging;
        private long life;
        private CurrentRing current = new CurrentRing(ring);
        private PeerCalls calls;
        private ReplicaTable records;
        private MerkleTree tree;
        private Coordinator coordinator;
        private AntiEntropy antiEntropy;
        private Handoff handoff;
        private Transfers transfers;

        @SuppressWarnings("NullAway.Init")
        Node(NodeId id) {
            this.id = id;
            start();
        }

        void start() {
            boolean first = life == 0;
            up = true;
            exchanging = false;
            long mine = ++life;
            EventLoop loop = new EventLoop() {
                @Override
                public Timer after(Duration delay, Runnable task) {
                    Scheduled scheduled = new Scheduled(now + delay.toNanos(), order++, () -> {
                        if (mine == life && up) {
                            task.run();
                        }
                    });
                    timers.add(scheduled);
                    return () -> timers.remove(scheduled);
                }

                @Override
                public void execute(Runnable task) {
                    after(Duration.ZERO, task);
                }
            };
            RandomSource draws = new RandomSource() {
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
            BootSource boots = new BootSource() {
                @Override
                public long current() {
                    return mine << 32 | 1;
                }

                @Override
                public CompletionStage<Long> renewAbove(long startNo) {
                    throw new IllegalStateException("a boot is known already");
                }
            };
            DeadlineWheel wheel = new DeadlineWheel(clock, loop);
            HybridClock hybridClock = new HybridClock(clock, NO_METRICS);
            RecordCodec codec = rules.recordCodec();
            Bytes seed = Bytes.owning(new byte[16]);
            KeyHasher hasher = new KeyHasher(seed);
            current = new CurrentRing(ring);
            calls = new PeerCalls(this, wheel, clock, NO_METRICS);
            tree = new MerkleTree(storage, rules.objectDigest(seed));
            LeafRebuild rebuild = new LeafRebuild(storage, tree, codec, loop, NO_METRICS);
            RecoveringSlots recovering = new RecoveringSlots(id, current, node -> 0, 2, storage, loop, NO_METRICS);
            records = new ReplicaTable(storage, loop, codec, tree, rebuild, true, NO_METRICS);
            HandoversOfTransfers handovers = new HandoversOfTransfers();
            SortedMap<Integer, Bucket> buckets = new TreeMap<>();
            buckets.put(1, new Bucket("default", 1, 3, 2, 2, Bucket.BlindWrites.SIBLING));
            RingUpdates updates = this::fetch;
            Local local = new Local(
                    id,
                    current,
                    updates,
                    handovers,
                    hasher,
                    buckets,
                    replication(),
                    rules,
                    records,
                    recovering::contains,
                    slot -> false,
                    storage,
                    calls,
                    clock,
                    loop,
                    wheel,
                    draws,
                    NO_METRICS);
            coordinator = new Coordinator(local, 1, seed, boots, hybridClock);
            LoopLag lag = new LoopLag(clock, wheel, NO_METRICS);
            antiEntropy = new AntiEntropy(new Surroundings(
                    id,
                    current,
                    hasher,
                    EXCHANGES,
                    storage,
                    records,
                    tree,
                    rebuild,
                    codec,
                    new ReplicasOfCoordinator(coordinator, hybridClock),
                    NO_HINTS_FIRST,
                    calls,
                    recovering,
                    clock,
                    loop,
                    wheel,
                    lag,
                    draws,
                    NO_METRICS));
            Rows rows = new Rows() {
                @Override
                public List<NodeId> owners(Key key, KeyHash hash) {
                    return local.owners(key, hash);
                }

                @Override
                public boolean receives(Key key, KeyHash hash) {
                    return handovers.receives(0);
                }

                @Override
                public boolean isMember(NodeId node) {
                    return current.state().isActive(node);
                }

                @Override
                public boolean isLeaving() {
                    return false;
                }

                @Override
                public boolean mayOwn(KeyHash hash) {
                    return current.table().owns(id, 0) || handovers.receives(0);
                }
            };
            handoff = new Handoff(
                    id,
                    HANDOFF,
                    rules.hints(),
                    rows,
                    records,
                    storage,
                    calls,
                    clock,
                    hybridClock,
                    loop,
                    wheel,
                    lag,
                    draws,
                    NO_METRICS);
            transfers = new Transfers(new dev.quorate.core.transfer.Surroundings(
                    id,
                    current,
                    QUICK,
                    rules.transfers(),
                    storage,
                    records,
                    tree,
                    calls,
                    new OwnershipOfNode(id, coordinator, recovering, true),
                    new CopiesOfAntiEntropy(antiEntropy),
                    new Register(),
                    new RingNews() {
                        @Override
                        public void fetchFrom(NodeId node) {
                            fetch(node, () -> {});
                        }

                        @Override
                        public boolean usedEverywhere(RingVersion version) {
                            return nodes.stream()
                                    .filter(node -> node.up)
                                    .allMatch(node -> node.ring.version().compareTo(version) >= 0);
                        }
                    },
                    clock,
                    loop,
                    wheel,
                    NO_METRICS));
            handovers.introduce(transfers);
            CompletionStage<?> known = first ? recovering.leavesComplete() : CompletableFuture.completedFuture(null);
            CompletableFuture<Void> started = known.thenCompose(
                            done -> records.hints().load())
                    .thenCompose(done -> tree.load())
                    .thenCompose(done -> rebuild.load())
                    .thenCompose(done -> recovering.load())
                    .thenCompose(done -> transfers.load())
                    .toCompletableFuture();
            if (!started.isDone() || started.isCompletedExceptionally()) {
                throw new IllegalStateException(id + " does not start: " + started);
            }
            handoff.start();
            transfers.start();
            if (forgetful) {
                // It knows its first ring only, and hears of the present one from the voters before it serves.
                learn(committed());
            }
            if (exchanges) {
                startExchanges();
            }
        }

        boolean isFlipping() {
            return up
                    && transfers.status().stream().anyMatch(status -> status.state() == TransferStatus.State.FLIPPING);
        }

        void startExchanges() {
            if (!exchanging) {
                exchanging = true;
                antiEntropy.start();
            }
        }

        void learn(RingState later) {
            if (up && later.version().compareTo(ring.version()) > 0) {
                ring = later;
                current.adopt(later);
                forgetful &= !later.equals(committed());
            }
        }

        void crash() {
            up = false;
            storage.crash();
            boolean linksBreak = chance(0.5);
            for (Node other : nodes) {
                if (linksBreak && other.up) {
                    other.calls.onLinkLost(id, linkTo(other, this));
                }
            }
        }

        private void fetch(NodeId peer, Runnable then) {
            long mine = life;
            boolean[] over = new boolean[1];
            Runnable once = () -> {
                if (!over[0] && up && mine == life) {
                    over[0] = true;
                    then.run();
                }
            };
            timers.add(new Scheduled(now + Duration.ofMillis(200).toNanos(), order++, once));
            messages.add(new Message(id, peer, false, () -> {
                RingState theirs = node(peer).ring;
                if (node(peer).up) {
                    messages.add(new Message(peer, id, false, () -> {
                        if (up && mine == life) {
                            learn(theirs);
                            once.run();
                        }
                    }));
                }
            }));
        }

        SortedSet<String> holds(String key) {
            SortedSet<String> values = new TreeSet<>();
            KeyHash hash = new KeyHasher(Bytes.owning(new byte[16])).hash(new Key(1, Bytes.utf8(key)));
            records.read(hash, lookup -> {
                VersionedObject object =
                        lookup instanceof Lookup.Found found ? found.record().object() : null;
                if (object != null) {
                    values.addAll(valuesOf(object.siblings()));
                }
            });
            return values;
        }

        @Override
        public boolean reachable(NodeId peer) {
            Node other = node(peer);
            return other.up && !cut.contains(pair(id, peer));
        }

        @Override
        public String unreachableBecause(NodeId peer) {
            return "";
        }

        @Override
        public long send(NodeId peer, long operationId, PeerRequest request, Duration timeout) {
            Node target = node(peer);
            if (!reachable(peer)) {
                return NOT_SENT;
            }
            long link = linkTo(this, target);
            boolean write = request instanceof PeerRequest.Replicate replicate
                    && replicate.cause() == PeerRequest.Cause.CLIENT
                    && replicate.handover() == null;
            if (write && chance(losses) && !healing) {
                return link;
            }
            messages.add(new Message(id, peer, false, () -> {
                if (target.up && link == linkTo(this, target)) {
                    target.receive(
                            id,
                            request,
                            timeout,
                            reply -> messages.add(new Message(peer, id, false, () -> {
                                if (up && link == linkTo(this, target)) {
                                    calls.onReply(peer, link, operationId, reply);
                                }
                            })));
                }
            }));
            return link;
        }

        private void receive(NodeId from, PeerRequest request, Duration timeout, Consumer<PeerReply> answer) {
            if (request instanceof PeerRequest.Ping) {
                answer.accept(PeerReply.Pong.INSTANCE);
            } else if (request instanceof PeerRequest.AskHintCredits asked) {
                answer.accept(handoff.grant(from, asked));
            } else if (request instanceof PeerRequest.Keyed keyed) {
                coordinator.onPeerRequest(from, keyed, timeout, answer);
            } else if (!antiEntropy.onPeerRequest(from, request, answer)
                    && !transfers.onPeerRequest(from, request, answer)) {
                throw new IllegalStateException("nobody answers " + request);
            }
        }

        /** The register as this node reaches it: a request may be late, or lost, and so may the answer. */
        private final class Register implements Flips {
            @Override
            public void finish(Move move, Consumer<Outcome> done) {
                ask(move, "flips", edit -> edit.finish(move), done);
            }

            @Override
            public void again(Move move, Consumer<Outcome> done) {
                ask(move, "begun again", edit -> edit.again(move), done);
            }

            @Override
            public boolean mayBeForgotten() {
                return forgetful;
            }

            private void ask(Move move, String what, UnaryOperator<RingEdit> change, Consumer<Outcome> done) {
                long mine = life;
                messages.add(new Message(id, id, true, () -> {
                    boolean underWay = committed().isUnderWay(move.slot(), move.id(), move.attempt());
                    if (underWay) {
                        commit(change);
                        count(what);
                        if (chance(0.5)) {
                            node(move.to()).learn(committed());
                        }
                    }
                    RingState known = committed();
                    messages.add(new Message(id, id, true, () -> {
                        if (up && mine == life) {
                            done.accept(underWay ? Outcome.COMMITTED : Outcome.STALE);
                            learn(known);
                        }
                    }));
                }));
            }
        }
    }

    private static long linkTo(Node a, Node b) {
        return a.life * 1000 + b.life;
    }
}
