package dev.quorate.core;

import dev.quorate.core.antientropy.AntiEntropy;
import dev.quorate.core.antientropy.Hints;
import dev.quorate.core.antientropy.RecoveringSlots;
import dev.quorate.core.antientropy.RepairStatus;
import dev.quorate.core.antientropy.Surroundings;
import dev.quorate.core.handoff.Handoff;
import dev.quorate.core.handoff.Rows;
import dev.quorate.core.membership.MemberView;
import dev.quorate.core.membership.Membership;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.peer.PeerCalls;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.peer.PeerRequest;
import dev.quorate.core.peer.Result;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.replication.ClientAnswer;
import dev.quorate.core.replication.ClientGet;
import dev.quorate.core.replication.ClientWrite;
import dev.quorate.core.replication.Coordinator;
import dev.quorate.core.replication.Inspection;
import dev.quorate.core.replication.Local;
import dev.quorate.core.replication.Placement;
import dev.quorate.core.replication.SafetyRules;
import dev.quorate.core.ring.CurrentRing;
import dev.quorate.core.ring.KeyHasher;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.NodeStatus;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.core.runtime.DeadlineWheel;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.runtime.HybridClock;
import dev.quorate.core.runtime.LoopLag;
import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.storage.HybridClockMark;
import dev.quorate.core.storage.LeafRebuild;
import dev.quorate.core.storage.MerkleTree;
import dev.quorate.core.storage.ReplicaTable;
import dev.quorate.core.storage.Storage;
import dev.quorate.core.topology.Quorums;
import dev.quorate.core.topology.RegisterRules;
import dev.quorate.core.topology.Topology;
import dev.quorate.core.transfer.Flips;
import dev.quorate.core.transfer.Transfers;
import dev.quorate.core.version.RecordCodec;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One node's decisions, wired together. The same class runs in the server and in the simulation.
 *
 * <p>All methods are called on the node's event loop, and all stages and callbacks complete on it. An operation that a client is told
 * about in so many words is a {@link Failure}; a stage that completes exceptionally is a defect.
 */
public final class NodeCore {
    /** Operations of clients under way, those coordinated for other nodes included; beyond it they are refused. */
    public static final int MAX_OPERATIONS = 16_384;

    private final NodeConfig config;
    private final NodeEnvironment environment;
    private final PeerCalls peers;
    private final HybridClockMark clockMark;
    private final ReplicaTable replicas;
    private final Coordinator coordinator;
    private final Membership membership;
    private final CurrentRing ring;
    private final MerkleTree tree;
    private final LeafRebuild rebuild;
    private final RecoveringSlots recovering;
    private final AntiEntropy antiEntropy;
    private final Handoff handoff;
    private final Topology topology;
    private final RingChores chores;
    private final Transfers transfers;
    private final Metrics.Counter refusedOverloaded;
    private NodeState state = NodeState.STARTING;
    private int operationsInFlight;

    public NodeCore(NodeConfig config, NodeEnvironment environment, SafetyRules rules) {
        this(config, environment, rules, new RegisterRules());
    }

    public NodeCore(NodeConfig config, NodeEnvironment environment, SafetyRules rules, RegisterRules registerRules) {
        this(config, environment, rules, registerRules, null);
    }

    /** {@code flips} other than null only for tests that are the register themselves. */
    NodeCore(
            NodeConfig config,
            NodeEnvironment environment,
            SafetyRules rules,
            RegisterRules registerRules,
            @Nullable Flips flips) {
        this.config = config;
        this.environment = environment;
        Metrics metrics = environment.metrics();
        DeadlineWheel wheel = new DeadlineWheel(environment.clock(), environment.loop());
        this.peers = new PeerCalls(environment.transport(), wheel, environment.clock(), metrics);
        HybridClock hybridClock = new HybridClock(environment.clock(), metrics);
        this.clockMark = new HybridClockMark(hybridClock, environment.storage());
        SortedMap<Integer, Bucket> buckets = new TreeMap<>();
        config.buckets().forEach(bucket -> buckets.put(bucket.id(), bucket));
        Storage storage = environment.storage();
        EventLoop loop = environment.loop();
        RecordCodec codec = rules.recordCodec();
        KeyHasher hasher = new KeyHasher(config.hashSeed());
        this.tree = new MerkleTree(storage, rules.objectDigest(config.hashSeed()));
        this.rebuild = new LeafRebuild(storage, tree, codec, loop, metrics);
        this.ring = new CurrentRing(config.genesis());
        this.recovering =
                new RecoveringSlots(config.self(), ring, this::ringOf, fenceSize(config), storage, loop, metrics);
        this.replicas =
                new ReplicaTable(storage, loop, codec, tree, rebuild, rules.queuesBehindReadForMerge(), metrics);
        HandoversOfTransfers handovers = new HandoversOfTransfers();
        Local local = new Local(
                config.self(),
                ring,
                this::fetchRing,
                handovers,
                hasher,
                buckets,
                config.replication(),
                rules,
                replicas,
                this::isRecovering,
                this::isUnfenced,
                storage,
                peers,
                environment.clock(),
                loop,
                wheel,
                environment.random(),
                metrics);
        this.coordinator =
                new Coordinator(local, config.clusterNumber(), config.clusterKey(), environment.boots(), hybridClock);
        this.membership = new Membership(
                config.self(),
                ring,
                config.membership(),
                new Membership.Surroundings(
                        peers,
                        environment.boots(),
                        coordinator::renewBootAbove,
                        rules::declaresDown,
                        this::load,
                        this::heardOfRing,
                        environment.clock(),
                        environment.loop(),
                        wheel,
                        environment.random(),
                        metrics,
                        environment.members()));
        peers.consult(membership);
        this.topology = new Topology(new Topology.Surroundings(
                config.self(),
                ring,
                config.buckets().stream()
                        .map(bucket -> new Quorums(bucket.name(), bucket.n(), bucket.r(), bucket.w()))
                        .toList(),
                registerRules,
                storage,
                peers,
                environment.clock(),
                loop,
                wheel,
                environment.random(),
                metrics));
        LoopLag lag = new LoopLag(environment.clock(), wheel, metrics);
        this.antiEntropy = new AntiEntropy(new Surroundings(
                config.self(),
                ring,
                hasher,
                config.antiEntropy(),
                storage,
                replicas,
                tree,
                rebuild,
                codec,
                new ReplicasOfCoordinator(coordinator, hybridClock),
                hints(),
                peers,
                recovering,
                environment.clock(),
                loop,
                wheel,
                lag,
                environment.random(),
                metrics));
        Rows rows = new Rows() {
            @Override
            public List<NodeId> owners(Key key, KeyHash hash) {
                return local.owners(key, hash);
            }

            @Override
            public boolean isMember(NodeId node) {
                return ring.state().isActive(node);
            }

            @Override
            public boolean isLeaving() {
                NodeEntry self = ring.state().node(config.self());
                return self != null
                        && self.status() == NodeStatus.DRAINING
                        && ring.table().slotsOf(config.self()) == 0;
            }

            @Override
            public boolean mayOwn(KeyHash hash) {
                return local.mayOwn(hash.slot(ring.table().log2Slots()));
            }

            @Override
            public boolean receives(Key key, KeyHash hash) {
                return handovers.receives(hash.slot(ring.table().log2Slots()));
            }
        };
        this.handoff = new Handoff(
                config.self(),
                config.handoff(),
                rules.hints(),
                rows,
                replicas,
                environment.storage(),
                peers,
                environment.clock(),
                hybridClock,
                environment.loop(),
                wheel,
                lag,
                environment.random(),
                metrics);
        ring.onChange(handoff::follow);
        this.transfers = new Transfers(new dev.quorate.core.transfer.Surroundings(
                config.self(),
                ring,
                config.transfer(),
                rules.transfers(),
                storage,
                replicas,
                tree,
                peers,
                new OwnershipOfNode(
                        config.self(),
                        coordinator,
                        recovering,
                        config.antiEntropy().enabled()),
                new CopiesOfAntiEntropy(antiEntropy),
                flips == null ? new FlipsOfTopology(topology) : flips,
                new RingNewsOfMembership(config.self(), ring, membership, this::fetchRing),
                environment.clock(),
                loop,
                wheel,
                metrics));
        handovers.introduce(transfers);
        antiEntropy.paceCopies(
                config.transfer().keysPerSecond(), config.transfer().bytesPerSecond());
        this.chores = new RingChores(
                config.self(),
                ring,
                topology,
                membership,
                recovering,
                () -> replicas.hints().isEmpty() && transfers.isIdle(),
                wheel);
        this.refusedOverloaded = metrics.counter(
                "operations_refused_total", "Operations of clients refused because too many are under way");
        metrics.gauge("operations_in_flight", "Operations of clients under way", () -> operationsInFlight);
        metrics.gauge("deadlines_kept", "Timeouts neither run nor cancelled", wheel::size);
    }

    private Hints hints() {
        return new Hints() {
            @Override
            public Duration begunAfter() {
                return handoff.begunAfter();
            }

            @Override
            public boolean areUnderWayWith(NodeId peer) {
                return handoff.isUnderWayWith(peer);
            }
        };
    }

    /** Recalls, and serves as soon as that is allowed. Until the stage completes the node answers NODE_STARTING. */
    public CompletionStage<Void> start() {
        return recall().thenCompose(done -> serve());
    }

    /** Reads what the node knew in its former lives. From then on peers are told of the ring, and nothing else. */
    public CompletionStage<Void> recall() {
        return topology.load()
                .thenCompose(done -> clockMark.load())
                .thenCompose(done -> replicas.hints().load())
                .thenCompose(done -> tree.load())
                .thenCompose(done -> rebuild.load())
                .thenCompose(done -> recovering.load())
                .thenCompose(found -> found == RecoveringSlots.Found.WITHOUT_LEAVES
                        ? rebuild.rebuildAll().thenCompose(done -> recovering.leavesComplete())
                        : CompletableFuture.completedFuture(null))
                .thenCompose(done -> transfers.load());
    }

    /**
     * Once loaded, and once peers can be reached: hears from a majority of the voters whether the ring has changed while this node was away, and
     * begins to serve (rules.md A18). It does not wait for them for ever: they are needed to change the ring, not to use it, and whoever asks
     * this node under a later row is not answered from an earlier one.
     */
    public CompletionStage<Void> serve() {
        CompletableFuture<Void> serving = new CompletableFuture<>();
        if (config.ringPatience().isZero()) {
            begin();
            serving.complete(null);
        } else {
            topology.readFromVoters(config.ringPatience(), heard -> {
                begin();
                serving.complete(null);
            });
        }
        return serving;
    }

    private void begin() {
        // A node told to stop while it starts has stopped.
        if (state == NodeState.STARTING) {
            state = NodeState.READY;
            membership.start();
            topology.start();
            antiEntropy.start();
            handoff.start();
            transfers.start();
            chores.start();
        }
    }

    /** @param timeout null for the default; cut to the longest allowed */
    public CompletionStage<Result<ClientAnswer>> get(ClientGet get, @Nullable Duration timeout) {
        return admitted(done -> coordinator.get(get, bounded(timeout), done));
    }

    /** @param timeout null for the default; cut to the longest allowed */
    public CompletionStage<Result<ClientAnswer>> write(ClientWrite write, @Nullable Duration timeout) {
        return admitted(done -> {
            clockMark.keepAhead();
            coordinator.write(write, bounded(timeout), done);
        });
    }

    /**
     * A peer asks. {@code answer} is called at most once, perhaps before this returns; not at all when the truth is "unknown", which
     * the peer's own timeout tells it.
     */
    public void onPeerRequest(NodeId from, PeerRequest request, Duration timeout, Consumer<PeerReply> answer) {
        if (request instanceof PeerRequest.Ping) {
            answer.accept(PeerReply.Pong.INSTANCE);
            return;
        }
        if (topology.onPeerRequest(from, request, answer)) {
            return;
        }
        if (state == NodeState.STARTING || isOut() || !ring.state().isActive(from)) {
            // Whoever is out of the ring, or thinks that this node is in, is to ask for the ring.
            boolean stale = state != NodeState.STARTING && request instanceof PeerRequest.Keyed;
            answer.accept(new PeerReply.Refused(stale ? PeerReply.Refusal.STALE_RING : PeerReply.Refusal.NOT_READY));
            return;
        }
        if (antiEntropy.onPeerRequest(from, request, answer) || transfers.onPeerRequest(from, request, answer)) {
            return;
        }
        if (request instanceof PeerRequest.OfMembership ofMembership) {
            membership.onPeerRequest(from, ofMembership, answer);
            return;
        }
        if (request instanceof PeerRequest.AskHintCredits asked) {
            answer.accept(handoff.grant(from, asked));
            return;
        }
        if (!(request instanceof PeerRequest.Keyed keyed)) {
            answer.accept(new PeerReply.Refused(PeerReply.Refusal.MALFORMED));
            return;
        }
        boolean coordinates = request instanceof PeerRequest.ForwardGet || request instanceof PeerRequest.ForwardWrite;
        if (!coordinates) {
            clockMark.keepAhead();
            coordinator.onPeerRequest(from, keyed, bounded(timeout), answer);
            return;
        }
        if (refusal() != null) {
            // Nothing was done, so the other node may ask the next owner.
            answer.accept(new PeerReply.Refused(
                    state == NodeState.READY ? PeerReply.Refusal.OVERLOADED : PeerReply.Refusal.NOT_READY));
            return;
        }
        clockMark.keepAhead();
        operationsInFlight++;
        coordinator.onPeerRequest(from, keyed, bounded(timeout), reply -> {
            operationsInFlight--;
            answer.accept(reply);
        });
    }

    /** Whether this node sends requests to the peer now. */
    public boolean reachable(NodeId peer) {
        return peers.reachable(peer);
    }

    /** In words for people, why not; empty when it does. */
    public String unreachableBecause(NodeId peer) {
        return peers.unreachableBecause(peer);
    }

    /** The transport received an answer to a request of this process. */
    public void onPeerReply(NodeId peer, long link, long operationId, PeerReply reply) {
        peers.onReply(peer, link, operationId, reply);
    }

    /** The transport gave a link up; what it carried unanswered will not be answered. */
    public void onLinkLost(NodeId peer, long link) {
        peers.onLinkLost(peer, link);
    }

    /** How the ring is changed. */
    public Topology topology() {
        return topology;
    }

    /** The ring as this node uses it. */
    public CurrentRing ring() {
        return ring;
    }

    /** Owners besides this node that have to know that it took a dead one's place: no quorum is left without one of them. */
    private static int fenceSize(NodeConfig config) {
        int smallest = Integer.MAX_VALUE;
        for (Bucket bucket : config.buckets()) {
            smallest = Math.min(smallest, Math.min(bucket.r(), bucket.w()));
        }
        return config.genesis().table().width() - smallest + 1;
    }

    /** The packed version of the ring that a node has last said to have on its disk; 0 if it never said. */
    public long ringOf(NodeId node) {
        return membership.ringOf(node);
    }

    private void fetchRing(NodeId peer, Runnable then) {
        topology.pullFrom(peer, later -> then.run());
    }

    private void heardOfRing(NodeId node, long version) {
        if (version != 0) {
            topology.heardOf(node, RingVersion.ofPacked(version));
        }
    }

    /** Whether this node has left the ring, or was taken out. */
    private boolean isOut() {
        return !ring.state().isActive(config.self());
    }

    private boolean isUnfenced(int slot) {
        return config.antiEntropy().enabled() && recovering.isUnfenced(slot);
    }

    /** What each owner of a key holds. */
    public CompletionStage<Result<List<Inspection>>> inspect(String bucket, Bytes key, @Nullable Duration timeout) {
        return coordinator.inspect(bucket, key, bounded(timeout));
    }

    /** What this node keeps for owners that are away. */
    public Handoff handoff() {
        return handoff;
    }

    /** What comes to this node, leaves it, or is left over. */
    public Transfers transfers() {
        return transfers;
    }

    /** How fast this node hands slots over, from now on. */
    public void paceTransfers(long bytesPerSecond) {
        antiEntropy.paceCopies(config.transfer().keysPerSecond(), bytesPerSecond);
    }

    /** Where a key lives. */
    public Result<Placement> placement(String bucket, Bytes key) {
        return coordinator.placement(bucket, key);
    }

    /** How equal this node is to its peers. */
    public RepairStatus repairStatus() {
        return antiEntropy.status();
    }

    /** Whether this node answers no reads of the slot, because it may have lost what it acknowledged. */
    public boolean isRecovering(int slot) {
        return config.antiEntropy().enabled() && recovering.contains(slot);
    }

    /** For those who judge this node: its own account of what it holds. */
    public MerkleTree hashTree() {
        return tree;
    }

    /** Compares with one peer, or with all, as soon as there is room. Returns with how many. */
    public int repair(@Nullable NodeId peer) {
        return antiEntropy.repair(peer);
    }

    /** Takes no more operations of clients, its own or forwarded ones; those under way go on. The others are told to go elsewhere. */
    public void drain() {
        if (state == NodeState.READY) {
            membership.shutDown();
        }
        state = NodeState.DRAINING;
    }

    /** All members as this node sees them, itself included. */
    public List<MemberView> members() {
        return membership.members();
    }

    public NodeState state() {
        return state;
    }

    /** Members that may not have heard yet that this node drains; 0 soon, whatever becomes of them. */
    public int goodbyesUnderWay() {
        return membership.goodbyesUnderWay();
    }

    public int operationsInFlight() {
        return operationsInFlight;
    }

    /** 0 to 100: how full the fullest queue on the way of an operation is. */
    public int load() {
        return Math.max(environment.storage().load(), (int) (operationsInFlight * 100L / MAX_OPERATIONS));
    }

    /** The boot under which this node mints now. */
    public long boot() {
        return coordinator.boot();
    }

    private CompletionStage<Result<ClientAnswer>> admitted(Consumer<Consumer<Result<ClientAnswer>>> operation) {
        CompletableFuture<Result<ClientAnswer>> stage = new CompletableFuture<>();
        Failure refused = refusal();
        if (refused != null) {
            stage.complete(Result.failed(refused));
            return stage;
        }
        operationsInFlight++;
        operation.accept(result -> {
            operationsInFlight--;
            stage.complete(result);
        });
        return stage;
    }

    private @Nullable Failure refusal() {
        return switch (state) {
            case STARTING -> Failure.of(Failure.Kind.NODE_STARTING).with("node", config.self());
            case DRAINING -> Failure.of(Failure.Kind.NODE_DRAINING).with("node", config.self());
            case READY -> {
                if (isOut()) {
                    yield Failure.of(Failure.Kind.NODE_DRAINING)
                            .with("node", config.self())
                            .with("cause", "it is not in the ring any more");
                }
                if (operationsInFlight < MAX_OPERATIONS) {
                    yield null;
                }
                refusedOverloaded.increment();
                yield Failure.of(Failure.Kind.OVERLOADED)
                        .with("node", config.self())
                        .with("in_flight", operationsInFlight);
            }
        };
    }

    private Duration bounded(@Nullable Duration timeout) {
        if (timeout == null) {
            return config.replication().defaultTimeout();
        }
        Duration longest = config.replication().maxTimeout();
        return timeout.compareTo(longest) > 0 ? longest : timeout;
    }
}
