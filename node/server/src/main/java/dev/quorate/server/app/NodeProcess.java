package dev.quorate.server.app;

import dev.quorate.core.NodeConfig;
import dev.quorate.core.NodeCore;
import dev.quorate.core.NodeEnvironment;
import dev.quorate.core.antientropy.AntiEntropyConfig;
import dev.quorate.core.membership.MembershipConfig;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.PeerReply;
import dev.quorate.core.replication.SafetyRules;
import dev.quorate.core.ring.Move;
import dev.quorate.core.ring.NodeEntry;
import dev.quorate.core.ring.RingState;
import dev.quorate.core.ring.RingVersion;
import dev.quorate.core.runtime.Clock;
import dev.quorate.core.runtime.RandomSource;
import dev.quorate.core.transfer.TransferStatus;
import dev.quorate.server.config.Address;
import dev.quorate.server.config.ConfigText;
import dev.quorate.server.config.NodeSettings;
import dev.quorate.server.grpc.Admission;
import dev.quorate.server.grpc.ClientOperations;
import dev.quorate.server.grpc.ClusterGrpcService;
import dev.quorate.server.grpc.ClusterIdentity;
import dev.quorate.server.grpc.ClusterTerms;
import dev.quorate.server.grpc.Defects;
import dev.quorate.server.grpc.HintGrpcService;
import dev.quorate.server.grpc.InspectGrpcService;
import dev.quorate.server.grpc.KvGrpcService;
import dev.quorate.server.grpc.MembershipGrpcService;
import dev.quorate.server.grpc.MembershipLog;
import dev.quorate.server.grpc.NodeGrpcService;
import dev.quorate.server.grpc.PeerEvents;
import dev.quorate.server.grpc.PeerGrpcService;
import dev.quorate.server.grpc.PeerGrpcTransport;
import dev.quorate.server.grpc.RepairGrpcService;
import dev.quorate.server.grpc.TopologyGrpcService;
import dev.quorate.server.lmdb.LmdbStorage;
import dev.quorate.server.lmdb.StorageStats;
import dev.quorate.server.metrics.LoopMetrics;
import dev.quorate.server.metrics.MetricsListener;
import dev.quorate.server.metrics.PrometheusText;
import dev.quorate.server.system.IdentityException;
import dev.quorate.server.system.IdentityFile;
import dev.quorate.server.system.NettyEventLoop;
import dev.quorate.server.system.SystemClock;
import dev.quorate.server.system.SystemRandom;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A whole node: makes every adapter, hands them to the core, and starts and stops it all in order. Several may live in one JVM. */
public final class NodeProcess implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(NodeProcess.class);
    private static final Duration START_LIMIT = Duration.ofMinutes(5);
    private static final Duration LOOP_LIMIT = Duration.ofMinutes(1);
    private static final Duration RING_PATIENCE = Duration.ofSeconds(3);
    private static final Duration PEERS_LIMIT = Duration.ofSeconds(3);
    private static final Duration DRAIN_LIMIT = Duration.ofSeconds(10);
    private static final Duration GOODBYE_LIMIT = Duration.ofSeconds(2);

    /** From a change of the ring that takes a node out to the end of the links with it. */
    private static final Duration PARTING = Duration.ofSeconds(2);

    private static final long POLL_MILLIS = 10;

    /** Told of what the node must not survive: a defect that left its state half changed, or a log that cannot be written. */
    @FunctionalInterface
    public interface FatalHandler {
        void fatal(String what, Throwable cause);
    }

    private final NodeId self;
    private final NodeSettings settings;
    private final NettyEventLoop loop;
    private final LoopMetrics metrics = new LoopMetrics();
    private final HealthStatusManager health = new HealthStatusManager();
    private final HealthStatusManager peerHealth = new HealthStatusManager();
    private final AtomicBoolean stopped = new AtomicBoolean();

    /** What peers said of it; empty while this node has a part in the ring. Of the loop. */
    private String goneBecause = "";

    private final LmdbStorage storage;
    private final NodeCore core;
    private final PeerGrpcTransport transport;
    private final KvGrpcService kv;
    private final PeerGrpcService replica;
    private final PrometheusText metricsText;
    private final Server clients;
    private final Server peers;
    private final Server admin;
    private final @Nullable MetricsListener metricsListener;

    /**
     * Starts the node and returns when it serves. A node that joins is admitted first, which may take as long as its cluster does.
     *
     * @throws IOException if the data directory or an address cannot be used, or the node is not admitted
     * @throws IdentityException if the data belongs to another node or cluster, or to one that is gone
     */
    public static NodeProcess start(NodeSettings settings, FatalHandler fatal)
            throws IOException, IdentityException, InterruptedException {
        return start(settings, fatal, node -> {});
    }

    /** @param named told which node this is, as soon as that is known */
    public static NodeProcess start(NodeSettings settings, FatalHandler fatal, Consumer<NodeId> named)
            throws IOException, IdentityException, InterruptedException {
        Clock clock = new SystemClock();
        NettyEventLoop loop = new NettyEventLoop(
                "node-" + settings.label(), thrown -> fatal.fatal("a task of the event loop threw", thrown));
        try {
            return new NodeProcess(settings, clock, loop, fatal, named);
        } catch (IOException | IdentityException | RuntimeException | InterruptedException failed) {
            loop.stop();
            throw failed;
        }
    }

    private NodeProcess(
            NodeSettings given, Clock clock, NettyEventLoop loop, FatalHandler fatal, Consumer<NodeId> named)
            throws IOException, IdentityException, InterruptedException {
        this.loop = loop;
        OwnTerms own = OwnTerms.of(given);
        this.storage = LmdbStorage.open(given.storage(), loop, metrics, fatal::fatal);
        List<Server> started = new ArrayList<>();
        PeerGrpcTransport opened = null;
        try {
            ClusterTerms terms = own.obtain(loop);
            this.self = terms.node();
            named.accept(self);
            this.settings = own.effective(terms);
            IdentityFile identity = own.identity(terms, loop);
            RandomSource random = new SystemRandom();
            opened = new PeerGrpcTransport(
                    loop,
                    clock,
                    random,
                    settings.limits().peerQueueBytes(),
                    GrpcListeners.peerMessageBytes(settings),
                    metrics);
            this.transport = opened;
            NodeConfig config = new NodeConfig(
                    self,
                    terms.clusterNumber(),
                    terms.ring(),
                    terms.hashSeed(),
                    terms.clusterKey(),
                    terms.buckets(),
                    settings.replication(),
                    MembershipConfig.DEFAULTS,
                    AntiEntropyConfig.DEFAULTS,
                    settings.handoff(),
                    settings.transfer(),
                    RING_PATIENCE);
            NodeEnvironment environment = new NodeEnvironment(
                    clock, loop, random, storage, transport, identity, metrics, new MembershipLog());
            this.core = onLoop(() -> new NodeCore(config, environment, SafetyRules.production(metrics)));
            ClusterIdentity cluster = ClusterIdentity.of(
                    terms.clusterId(),
                    terms.clusterNumber(),
                    self,
                    core::boot,
                    core.ring(),
                    terms.hashSeed(),
                    terms.clusterKey(),
                    terms.buckets());
            Defects defects = new Defects(self.toString(), core::boot, metrics);
            Admission admission = new Admission(
                    settings.limits().operations(), settings.limits().operationBytes(), metrics);
            this.kv = new KvGrpcService(
                    new ClientOperations(core, clock, admission, defects, metrics),
                    loop,
                    cluster,
                    settings.limits().pipelineOperations(),
                    settings.replication().maxTimeout());
            this.replica = new PeerGrpcService(
                    cluster,
                    loop,
                    clock,
                    core::onPeerRequest,
                    this::heardOfRing,
                    core::load,
                    defects,
                    settings.limits().peerQueueBytes(),
                    metrics);
            this.metricsText = new PrometheusText(metrics, loop);
            Directory directory = new Directory(settings, self, core.ring());

            await("load its state", core::recall);
            OwnTerms.requirePart(terms, onLoop(() -> core.ring().state()));

            this.peers = GrpcListeners.peers(
                    settings,
                    loop,
                    List.of(
                            replica,
                            new MembershipGrpcService(terms, settings.joinToken(), core.topology()::admit, clock),
                            peerHealth.getHealthService()));
            started.add(peers);
            RingLog ringLog = new RingLog(self);
            onLoop(() -> {
                transport.start(
                        cluster, new Replies(core, defects, this::heardOfRing, this::takeLeave), directory.peers());
                core.ring().onChange((before, now) -> {
                    ringLog.changed(before, now);
                    followRing(before, now, directory);
                });
                return true;
            });
            // Without a way to its peers the node could neither ask what has changed while it was away, nor serve
            // anybody.
            awaitPeersTried();
            String refused = onLoop(() -> goneBecause);
            if (!refused.isEmpty()) {
                throw new IdentityException(refused);
            }
            await("begin to serve", core::serve);
            OwnTerms.requirePart(terms, onLoop(() -> core.ring().state()));
            peerHealth.setStatus(PeerGrpcService.HEALTH_NAME, ServingStatus.SERVING);
            onLoop(() -> {
                ringLog.started(core.ring().state());
                return true;
            });
            // With port 0 the addresses are known only once the sockets are bound, and the services below tell them.
            this.clients = GrpcListeners.clients(
                    settings,
                    loop,
                    admission,
                    List.of(
                            kv,
                            new TopologyGrpcService(cluster, terms.hashSeed(), directory, terms.buckets(), core),
                            health.getHealthService()));
            started.add(clients);
            this.admin = GrpcListeners.admin(
                    settings,
                    loop,
                    List.of(
                            new ClusterGrpcService(
                                    new ClusterGrpcService.Surroundings(
                                            cluster,
                                            terms.clusterName(),
                                            directory,
                                            this::transfers,
                                            this::ownBytes,
                                            settings.transfer().bytesPerSecond()),
                                    core),
                            new InspectGrpcService(core, defects),
                            new RepairGrpcService(self, core),
                            new HintGrpcService(self, core, defects),
                            new NodeGrpcService(
                                    self.toString(),
                                    version(),
                                    core,
                                    clock,
                                    this::storageStatus,
                                    metricsText::page,
                                    ConfigText.effective(settings)),
                            health.getHealthService()));
            started.add(admin);
            directory.bound(clients.getPort(), peers.getPort(), admin.getPort());
            this.metricsListener = settings.metricsListen().isEmpty()
                    ? null
                    : MetricsListener.start(settings.metricsListen().get().resolve(), loop, metricsText);
            health.setStatus(KvGrpcService.HEALTH_NAME, ServingStatus.SERVING);
        } catch (IOException | IdentityException | RuntimeException | InterruptedException failed) {
            started.forEach(Server::shutdownNow);
            if (opened != null) {
                loop.execute(opened::stop);
            }
            storage.close();
            throw failed;
        }
    }

    /** Connects to nodes that are new, parts from those that are gone, and lets clients know. */
    private void followRing(RingState before, RingState now, Directory directory) {
        transport.meet(directory.peers());
        List<NodeId> gone = new ArrayList<>();
        for (NodeEntry entry : before.active()) {
            if (!now.isActive(entry.id())) {
                gone.add(entry.id());
            }
        }
        if (!gone.isEmpty()) {
            // They are told so over the links that stand, and by nobody later.
            loop.after(PARTING, () -> gone.forEach(this::partFrom));
        }
        kv.ringChanged();
        if (!now.isActive(self)) {
            health.setStatus(KvGrpcService.HEALTH_NAME, ServingStatus.NOT_SERVING);
        }
    }

    private void partFrom(NodeId node) {
        transport.partFrom(node);
        replica.endStreamsOf(node, node + " takes no part in the cluster any more.");
    }

    /**
     * Peers know a ring in which this node has no part any more, and nobody tells it that ring. Whatever it answered from now on would be its
     * own opinion only.
     */
    private void takeLeave(String words) {
        if (goneBecause.isEmpty()) {
            goneBecause = words;
            LOG.error("this node serves nobody any more: {}", words);
            health.setStatus(KvGrpcService.HEALTH_NAME, ServingStatus.NOT_SERVING);
            core.drain();
        }
    }

    /** A peer greets with the ring that it uses. */
    private void heardOfRing(NodeId peer, long packedVersion) {
        if (packedVersion > 0) {
            core.topology().heardOf(peer, RingVersion.ofPacked(packedVersion));
        }
    }

    private List<ClusterGrpcService.OwnTransfer> transfers() {
        List<ClusterGrpcService.OwnTransfer> own = new ArrayList<>();
        for (TransferStatus status : core.transfers().status()) {
            // What is left of hand-overs that are through is no move any more.
            if (status.moveId() != 0) {
                own.add(new ClusterGrpcService.OwnTransfer(
                        status.moveId(),
                        status.state() == TransferStatus.State.WAITING
                                ? "QUEUED"
                                : status.state().name(),
                        status.keys(),
                        status.bytes(),
                        status.keysLeft(),
                        status.problem()));
            }
        }
        for (Move move : core.ring().state().currentMoves().values()) {
            if (move.kind() == Move.Kind.RECOVER && move.to().equals(self)) {
                String state = core.isRecovering(move.slot()) ? "RECOVERING" : "RECOVERED";
                own.add(new ClusterGrpcService.OwnTransfer(move.id(), state, 0, 0, -1, ""));
            }
        }
        return own;
    }

    private long ownBytes() {
        StorageStats stats = storage.stats();
        return stats.dataFileBytes() + stats.memoryTableBytes();
    }

    private void awaitPeersTried() throws InterruptedException {
        long deadline = System.nanoTime() + PEERS_LIMIT.toNanos();
        while (!onLoop(transport::triedAll) && System.nanoTime() - deadline < 0) {
            Thread.sleep(POLL_MILLIS);
        }
    }

    private void await(String what, Supplier<CompletionStage<Void>> step) throws IOException, InterruptedException {
        CompletableFuture<Void> ready = new CompletableFuture<>();
        loop.execute(() -> {
            var unused = step.get().whenComplete((nothing, thrown) -> {
                if (thrown == null) {
                    ready.complete(null);
                } else {
                    ready.completeExceptionally(thrown);
                }
            });
        });
        try {
            ready.get(START_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException failed) {
            throw new IOException("the node cannot " + what + ": " + failed.getCause(), failed.getCause());
        } catch (TimeoutException slow) {
            throw new IOException("the node did not " + what + " within " + START_LIMIT, slow);
        }
    }

    private NodeGrpcService.StorageStatus storageStatus() {
        StorageStats stats = storage.stats();
        return new NodeGrpcService.StorageStatus(
                stats.appendedLsn(),
                stats.syncedLsn(),
                stats.checkpointLsn(),
                stats.memoryTableBytes(),
                stats.dataFileBytes(),
                stats.freeDiskBytes(),
                "sync");
    }

    static String version() {
        String version = NodeProcess.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    /** Which node this is; known to itself only when it has joined. */
    public NodeId node() {
        return self;
    }

    public Address clientAddress() {
        return settings.listen().client().withPort(clients.getPort());
    }

    public Address peerAddress() {
        return settings.listen().peer().withPort(peers.getPort());
    }

    public Address adminAddress() {
        return settings.listen().admin().withPort(admin.getPort());
    }

    /**
     * Stops in the order that hurts nobody: say so, take nothing new, finish what was begun, end streams, close the store. Peers are
     * served until the node's own operations are done. Once only; not on the loop.
     */
    @Override
    public void close() throws IOException, InterruptedException {
        if (!stopped.compareAndSet(false, true)) {
            return;
        }
        health.enterTerminalState();
        onLoop(() -> {
            core.drain();
            return true;
        });
        int unfinished = awaitZero(core::operationsInFlight, DRAIN_LIMIT);
        if (unfinished > 0) {
            LOG.warn("stopping with {} operations in flight", unfinished);
        }
        onLoop(() -> {
            kv.endStreams();
            return true;
        });
        // So that the last outcomes leave before the connections do.
        awaitZero(kv::openStreams, GOODBYE_LIMIT);
        clients.shutdown();
        admin.shutdown();
        peerHealth.enterTerminalState();
        awaitZero(core::goodbyesUnderWay, GOODBYE_LIMIT);
        onLoop(() -> {
            replica.endStreams();
            transport.stop();
            return true;
        });
        peers.shutdown();
        for (Server server : List.of(clients, admin, peers)) {
            if (!server.awaitTermination(GOODBYE_LIMIT.toMillis(), TimeUnit.MILLISECONDS)) {
                server.shutdownNow();
                server.awaitTermination(GOODBYE_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
            }
        }
        if (metricsListener != null) {
            metricsListener.close();
        }
        storage.close();
        metricsText.close();
        loop.stop();
    }

    /** Returns with what is left after that time. */
    private int awaitZero(Supplier<Integer> left, Duration most) throws InterruptedException {
        long deadline = System.nanoTime() + most.toNanos();
        int now = onLoop(left);
        while (now > 0 && System.nanoTime() - deadline < 0) {
            Thread.sleep(POLL_MILLIS);
            now = onLoop(left);
        }
        return now;
    }

    private <T> T onLoop(Supplier<T> task) throws InterruptedException {
        try {
            return loop.ask(LOOP_LIMIT, task);
        } catch (TimeoutException stuck) {
            throw new IllegalStateException("the event loop did not answer within " + LOOP_LIMIT, stuck);
        }
    }

    /** Hands what the transport receives to the core. What goes wrong there must not take the link with it. */
    private record Replies(
            NodeCore core, Defects defects, PeerGrpcService.RingVersions ringVersions, Consumer<String> gone)
            implements PeerEvents {
        @Override
        public void onPeerReply(NodeId peer, long link, long operationId, PeerReply reply) {
            try {
                core.onPeerReply(peer, link, operationId, reply);
            } catch (RuntimeException defect) {
                defects.note("answer of " + peer, defect);
            }
        }

        @Override
        public void onLinkLost(NodeId peer, long link) {
            try {
                core.onLinkLost(peer, link);
            } catch (RuntimeException defect) {
                defects.note("loss of the link to " + peer, defect);
            }
        }

        @Override
        public void onRingVersion(NodeId peer, long packedVersion) {
            ringVersions.heard(peer, packedVersion);
        }

        @Override
        public void onRefusedAsGone(NodeId peer, String words) {
            gone.accept(words);
        }
    }
}
