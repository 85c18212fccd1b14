package dev.quorate.sdk;

import dev.quorate.sdk.routing.Ring;
import dev.quorate.sdk.transport.ClientLoop;
import dev.quorate.sdk.transport.ConnectionSettings;
import dev.quorate.sdk.transport.Failure;
import dev.quorate.sdk.transport.NodeConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the client knows of the cluster: the ring, the nodes and how they do. Learns the ring from the seeds and keeps it up to date, chooses
 * the node for an attempt, and looks after nodes that are down or silent. Confined to the client's loop, except for reading the ring.
 */
final class Cluster implements NodeConnection.Watcher {
    /** Told of what calls may be waiting for. */
    interface Listener {
        /** The first ring is there. */
        void topologyKnown();

        /** No seed could tell the ring. */
        void topologyUnavailable(List<Failure> seedFailures);

        /** A node is back; each of these calls wants to know its boot. */
        void nodeReturned(List<Call<?>> waiting);

        /** A node could not be reached again. */
        void nodeDidNotReturn(List<Call<?>> waiting, Failure failure);
    }

    private static final Logger LOG = LoggerFactory.getLogger(QuorateClient.class);
    private static final long UPKEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long REFRESH_NANOS = TimeUnit.SECONDS.toNanos(30);
    /** While slots move the ring changes several times a second; a table that is a moment old costs a hop, a table each time costs more. */
    private static final long BETWEEN_REFRESHES_NANOS = TimeUnit.MILLISECONDS.toNanos(200);
    /** A write that may have been applied at a node that has left the ring can still be asked about for so long. */
    private static final long FORMER_NANOS = TimeUnit.SECONDS.toNanos(5);

    private static final Duration KEEP_ALIVE = Duration.ofSeconds(20);

    // Costs are nanoseconds of latency times calls in flight, far below one tier: a better tier always wins.
    private static final double TIER = 1e15;
    private static final double OWNER_NOT_WARM = TIER / 2;
    private static final double OWNER_TO_CONNECT = TIER;
    private static final double OTHER_READY = 2 * TIER;
    private static final double OTHER_TO_CONNECT = 3 * TIER;
    private static final double OWNER_IN_TROUBLE = 4 * TIER;
    private static final double OTHER_IN_TROUBLE = 5 * TIER;

    private final ClientSettings settings;
    private final ClientLoop loop;
    private final Listener listener;
    private final ConnectionSettings connectionSettings;
    private final ThreadPoolExecutor nameLookups;

    private volatile @Nullable Ring ring;
    private @Nullable String clusterId;
    private final Map<String, Node> nodes = new LinkedHashMap<>();

    /** In the order of the ring's members. */
    private Node[] members = new Node[0];

    private boolean bootstrapping;
    private int seedsPending;
    private final List<Failure> seedFailures = new ArrayList<>();
    private boolean refreshing;
    private long lastRefreshNanos = System.nanoTime();
    /** The latest epoch that a node has told, which may be later than the ring's. */
    private long epochTold;

    private boolean catchUpScheduled;
    private int seedTurn;
    private long connectionsLost;
    private boolean closed;

    Cluster(ClientSettings settings, ClientLoop loop, Listener listener) {
        this.settings = settings;
        this.loop = loop;
        this.listener = listener;
        this.clusterId = settings.clusterId();
        connectionSettings = new ConnectionSettings(
                settings.transport() == Transport.PIPELINE, settings.requestTimeout(), KEEP_ALIVE, "quorate-sdk-java");
        // Looking up a host name blocks, so it gets a thread, which lives only while there are names to look up.
        nameLookups = new ThreadPoolExecutor(1, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread thread = new Thread(task, "quorate-client-dns");
            thread.setDaemon(true);
            return thread;
        });
        nameLookups.allowCoreThreadTimeOut(true);
    }

    // ---- Any thread ----

    /** Null until a seed has told it. */
    @Nullable
    Ring ring() {
        return ring;
    }

    List<String> owners(String bucket, byte[] key) {
        Ring known = ring;
        Ring.Bucket placed = known == null ? null : known.bucket(bucket);
        if (known == null || placed == null) {
            return List.of();
        }
        long position = known.keySlots().position(placed.id(), key);
        List<String> owners = new ArrayList<>();
        for (int place = 0; place < placed.owners(); place++) {
            Ring.Member owner = known.members().get(known.owner(position, place));
            owners.add(owner.id() + " " + owner.clientAddress());
        }
        return owners;
    }

    /** After the loop has ended. */
    void endNameLookups() {
        nameLookups.shutdown();
    }

    // ---- Life ----

    void begin() {
        bootstrap();
        scheduleUpkeep();
    }

    void close() {
        closed = true;
        nodes.values().forEach(node -> node.connection.close());
    }

    boolean isTerminated() {
        return nodes.values().stream().allMatch(node -> node.connection.isTerminated());
    }

    long connectionsLost() {
        return connectionsLost;
    }

    private void schedule(Runnable task) {
        if (!closed) {
            var unused = loop.schedule(task, UPKEEP_NANOS);
        }
    }

    private void scheduleUpkeep() {
        schedule(() -> {
            upkeep();
            scheduleUpkeep();
        });
    }

    private void upkeep() {
        if (closed || ring == null) {
            return;
        }
        long now = System.nanoTime();
        boolean anyReady = false;
        boolean anyDown = false;
        for (Node member : members) {
            NodeConnection connection = member.connection;
            connection.forgetOldLatency(now);
            anyReady |= connection.state() == NodeConnection.State.READY;
            if (connection.state() == NodeConnection.State.DOWN) {
                anyDown = true;
                connection.connect();
            }
        }
        if (refreshing) {
            return;
        }
        if (anyDown && !anyReady) {
            // Every member has moved or died: the seeds may know where they are now.
            refresh(node(settings.seeds().get(seedTurn++ % settings.seeds().size())));
            return;
        }
        closeFormerMembers();
        if (now - lastRefreshNanos > REFRESH_NANOS) {
            refreshAnywhere(); // nodes tell of a new epoch on open streams; this is for the case that none is open
        }
    }

    // ---- Choosing ----

    /**
     * The cheapest owner that is up, rarely one that has just begun; else an owner not connected yet; else any node that is up, at the cost of a hop; else, as a
     * last resort, whoever is left. Null when the call has tried all.
     */
    @Nullable
    Node choose(Call<?> call, Ring known) {
        Node best = null;
        double bestCost = Double.MAX_VALUE;
        if (call.locate(known)) {
            long now = System.nanoTime();
            for (int place = 0; place < call.owners(); place++) {
                Node owner = members[known.owner(call.position(), place)];
                if (!call.tried.contains(owner)) {
                    double cost = tierOfOwner(owner, now) + owner.connection.cost();
                    if (cost < bestCost) {
                        best = owner;
                        bestCost = cost;
                    }
                }
            }
            if (bestCost < OWNER_TO_CONNECT) {
                return best;
            }
        }
        for (Node member : members) {
            if (member != best && !call.tried.contains(member)) {
                double cost = tierOfOther(member) + member.connection.cost();
                if (cost < bestCost) {
                    best = member;
                    bestCost = cost;
                }
            }
        }
        return best;
    }

    private static double tierOfOwner(Node owner, long now) {
        NodeConnection.State state = owner.connection.state();
        if (state == NodeConnection.State.IDLE) {
            owner.connection.connect(); // so that it can take its share from now on
        }
        if (owner.isInTrouble()) {
            return OWNER_IN_TROUBLE;
        }
        if (state != NodeConnection.State.READY) {
            return OWNER_TO_CONNECT;
        }
        return owner.takesTurn(now) ? 0 : OWNER_NOT_WARM;
    }

    private static double tierOfOther(Node node) {
        if (node.isInTrouble()) {
            return OTHER_IN_TROUBLE;
        }
        return node.connection.state() == NodeConnection.State.READY ? OTHER_READY : OTHER_TO_CONNECT;
    }

    boolean triedAll(Call<?> call) {
        for (Node member : members) {
            if (!call.tried.contains(member)) {
                return false;
            }
        }
        return true;
    }

    boolean isOwner(Call<?> call, Node node) {
        Ring known = ring;
        if (known == null || !call.locate(known)) {
            return false;
        }
        for (int place = 0; place < call.owners(); place++) {
            if (members[known.owner(call.position(), place)] == node) {
                return true;
            }
        }
        return false;
    }

    // ---- Nodes ----

    private Node node(String address) {
        return nodes.computeIfAbsent(
                address, unknown -> new Node(new NodeConnection(loop, nameLookups, connectionSettings, unknown, this)));
    }

    /** Requests go unanswered and nothing else comes either: others are asked first until the node answers a probe. */
    void suspect(Node node) {
        if (!node.suspect) {
            node.suspect = true;
            LOG.info("{} does not answer; asking others first", node);
            probe(node);
        }
    }

    private void probe(Node node) {
        if (node.probing || closed) {
            return;
        }
        node.probing = true;
        Ring known = ring;
        node.connection.fetchTopology(
                known == null ? 0 : known.epoch(), UPKEEP_NANOS, new NodeConnection.TopologyReceiver() {
                    @Override
                    public void received(NodeConnection from, @Nullable Ring newer) {
                        node.probing = false;
                        cleared(node);
                    }

                    @Override
                    public void failed(NodeConnection from, Failure failure) {
                        node.probing = false;
                        if (node.suspect) {
                            schedule(() -> probe(node));
                        }
                    }
                });
    }

    private static void cleared(Node node) {
        if (node.suspect) {
            node.suspect = false;
            LOG.info("{} answers again", node);
        }
    }

    @Override
    public @Nullable String objection(NodeConnection connection, String greetedClusterId) {
        if (clusterId != null && !clusterId.equals(greetedClusterId)) {
            return "the node belongs to cluster %s, this client to %s".formatted(greetedClusterId, clusterId);
        }
        return null;
    }

    @Override
    public void ready(NodeConnection connection) {
        Node node = nodes.get(connection.address());
        if (node == null) {
            return;
        }
        cleared(node);
        node.greeted(connection.boot(), System.nanoTime());
        epochTold(connection, connection.epoch());
        listener.nodeReturned(node.takeAwaitingReturn());
    }

    @Override
    public void epochTold(NodeConnection connection, long epoch) {
        Ring known = ring;
        if (known == null || Long.compareUnsigned(epoch, known.epoch()) <= 0) {
            return;
        }
        if (Long.compareUnsigned(epoch, epochTold) > 0) {
            epochTold = epoch;
        }
        Node node = nodes.get(connection.address());
        if (node != null) {
            catchUp(node);
        }
    }

    /** Gets the ring that nodes have told of, as soon as the bound on asking allows. */
    private void catchUp(Node teller) {
        Ring known = ring;
        boolean behind = known != null && Long.compareUnsigned(epochTold, known.epoch()) > 0;
        if (!behind || refreshing || catchUpScheduled || closed) {
            return;
        }
        long wait = lastRefreshNanos + BETWEEN_REFRESHES_NANOS - System.nanoTime();
        if (wait > 0) {
            catchUpScheduled = true;
            var unused = loop.schedule(
                    () -> {
                        catchUpScheduled = false;
                        catchUp(teller);
                    },
                    wait);
        } else if (teller.connection.state() == NodeConnection.State.READY) {
            refresh(teller);
        } else {
            refreshAnywhere();
        }
    }

    @Override
    public void lost(NodeConnection connection, Failure failure) {
        Node node = nodes.get(connection.address());
        if (node == null) {
            return;
        }
        if (failure.kind() == Failure.Kind.LOST || failure.kind() == Failure.Kind.ANSWERED) {
            connectionsLost++;
            LOG.info("lost the connection to {}: {}", node, failure.text());
            refreshAnywhere();
        }
        if (failure.kind() == Failure.Kind.WRONG_CLUSTER && !node.refusedBefore) {
            node.refusedBefore = true;
            LOG.warn("{} is not used: {}", node, failure.text());
        }
        listener.nodeDidNotReturn(node.takeAwaitingReturn(), failure);
    }

    private void closeFormerMembers() {
        long now = System.nanoTime();
        List<Node> current = List.of(members);
        nodes.values().removeIf(node -> {
            if (current.contains(node)) {
                node.formerSinceNanos = 0;
                return false;
            }
            if (node.formerSinceNanos == 0) {
                node.formerSinceNanos = now;
            }
            boolean leave = now - node.formerSinceNanos >= FORMER_NANOS
                    && node.connection.inFlight() == 0
                    && node.awaitingReturn.isEmpty();
            if (leave) {
                node.connection.close();
            }
            return leave;
        });
    }

    // ---- Topology ----

    /** Asks all seeds at once, unless that is under way: the first answer counts, and a black hole among them delays nobody. */
    void bootstrap() {
        if (bootstrapping || closed || ring != null) {
            return;
        }
        bootstrapping = true;
        seedFailures.clear();
        seedsPending = settings.seeds().size();
        NodeConnection.TopologyReceiver receiver = new NodeConnection.TopologyReceiver() {
            @Override
            public void received(NodeConnection from, @Nullable Ring first) {
                seedAnswered(from, first);
            }

            @Override
            public void failed(NodeConnection from, Failure failure) {
                seedFailed(failure);
            }
        };
        for (String seed : settings.seeds()) {
            node(seed).connection.fetchTopology(0, settings.requestTimeout().toNanos(), receiver);
        }
    }

    /** Why seeds could not tell the ring, so far. */
    List<Failure> seedFailures() {
        return seedFailures;
    }

    private void seedAnswered(NodeConnection from, @Nullable Ring first) {
        String objection = first == null ? "the node has no topology yet" : install(first);
        if (objection == null) {
            seedsPending--;
            bootstrapping = false;
            listener.topologyKnown();
        } else {
            LOG.warn("the seed {} is not used: {}", from.address(), objection);
            seedFailed(
                    new Failure(Failure.Kind.WRONG_CLUSTER, "", from.address(), 0, "", objection, Map.of(), 0, null));
        }
    }

    private void seedFailed(Failure failure) {
        seedFailures.add(failure);
        if (--seedsPending == 0 && ring == null) {
            bootstrapping = false;
            listener.topologyUnavailable(List.copyOf(seedFailures));
        }
    }

    private static void logMembers(List<Node> before, List<Node> now, Ring newer) {
        List<Node> come = now.stream().filter(node -> !before.contains(node)).toList();
        List<Node> gone = before.stream().filter(node -> !now.contains(node)).toList();
        if (!come.isEmpty() || !gone.isEmpty()) {
            LOG.info(
                    "cluster {}: {} nodes, ring epoch {}; new {}, gone {}",
                    newer.clusterId(),
                    now.size(),
                    newer.epoch(),
                    come,
                    gone);
        }
    }

    private void refreshAnywhere() {
        for (Node member : members) {
            if (member.connection.state() == NodeConnection.State.READY && !member.suspect) {
                refresh(member);
                return;
            }
        }
    }

    private void refresh(Node from) {
        Ring known = ring;
        if (refreshing || closed || known == null) {
            return;
        }
        refreshing = true;
        lastRefreshNanos = System.nanoTime();
        from.connection.fetchTopology(
                known.epoch(), settings.requestTimeout().toNanos(), new NodeConnection.TopologyReceiver() {
                    @Override
                    public void received(NodeConnection connection, @Nullable Ring newer) {
                        refreshing = false;
                        String objection = newer == null ? null : install(newer);
                        if (objection != null) {
                            LOG.warn("the topology from {} is of no use: {}", connection.address(), objection);
                        }
                        catchUp(from);
                    }

                    @Override
                    public void failed(NodeConnection connection, Failure failure) {
                        refreshing = false; // the next loss or greeting, or the next turn of upkeep, asks again
                        catchUp(from);
                    }
                });
    }

    /** Null when the ring is now in use, or not newer; else why it cannot be used. */
    private @Nullable String install(Ring newer) {
        if (clusterId != null && !clusterId.equals(newer.clusterId())) {
            return "the node belongs to cluster %s, this client to %s".formatted(newer.clusterId(), clusterId);
        }
        Ring known = ring;
        if (known != null && Long.compareUnsigned(newer.epoch(), known.epoch()) <= 0) {
            return null;
        }
        if (newer.members().isEmpty()) {
            return "the topology names no nodes";
        }
        clusterId = newer.clusterId();
        Node[] next = new Node[newer.members().size()];
        for (int i = 0; i < next.length; i++) {
            Ring.Member member = newer.members().get(i);
            next[i] = node(member.clientAddress());
            next[i].id = member.id();
        }
        List<Node> before = List.of(members);
        members = next;
        ring = newer;
        closeFormerMembers();
        if (known == null) {
            LOG.info("cluster {}: {} nodes, ring epoch {}", clusterId, next.length, newer.epoch());
        } else {
            logMembers(before, List.of(next), newer);
        }
        return null;
    }
}
