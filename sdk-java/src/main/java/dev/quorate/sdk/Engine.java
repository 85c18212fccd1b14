package dev.quorate.sdk;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.quorate.proto.kv.v1.PipelineResponse;
import dev.quorate.proto.kv.v1.Topology;
import dev.quorate.sdk.routing.KeySlots;
import dev.quorate.sdk.routing.Ring;
import dev.quorate.sdk.transport.ClientLoop;
import dev.quorate.sdk.transport.ConnectionSettings;
import dev.quorate.sdk.transport.Failure;
import dev.quorate.sdk.transport.NodeConnection;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The inside of a client: admits calls, chooses nodes, carries out what {@link RetryPolicy} decides and keeps deadlines. All of it is
 * confined to the one loop except admission, request ids and reading the ring.
 */
final class Engine implements NodeConnection.Watcher {
    private static final Logger LOG = LoggerFactory.getLogger(QuorateClient.class);
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
    private static final long UPKEEP_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long REFRESH_NANOS = TimeUnit.SECONDS.toNanos(30);
    private static final int PERMITS_OVERHEAD_BYTES = 256;

    private final ClientSettings settings;
    private final ClientLoop loop;
    private final ThreadPoolExecutor nameLookups;
    private final WriteLanes lanes;
    private final RetryBudget budget;

    // Admission happens on the calling threads: it is what bounds the loop's queue.
    private final Semaphore callPermits;
    private final Semaphore bytePermits;
    private final AtomicLong refusedInFlight = new AtomicLong();

    private final long requestIdHigh;
    private final AtomicLong requestIdLow;

    private volatile @Nullable Ring ring;
    private volatile boolean closed;

    private final Map<String, Node> nodes = new LinkedHashMap<>();
    private Node[] members = new Node[0];
    private final List<Call<?>> live = new ArrayList<>();
    private boolean ticking;
    private @Nullable String clusterId;

    private boolean bootstrapping;
    private int seedsPending;
    private final List<Failure> seedFailures = new ArrayList<>();
    private boolean refreshing;
    private int seedTurn;
    private long lastRefreshNanos = System.nanoTime();

    private long requests;
    private long retries;
    private long connectionsLost;

    Engine(ClientSettings settings) {
        NodeConnection.requireProviders();
        this.settings = settings;
        this.clusterId = settings.clusterId();
        SecureRandom random = new SecureRandom();
        requestIdHigh = random.nextLong();
        requestIdLow = new AtomicLong(random.nextLong());
        loop = new ClientLoop("quorate-client");
        nameLookups = new ThreadPoolExecutor(1, 1, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread thread = new Thread(task, "quorate-client-dns");
            thread.setDaemon(true);
            return thread;
        });
        nameLookups.allowCoreThreadTimeOut(true);
        lanes = new WriteLanes(loop, settings.maxCarriedContexts(), settings.maxCarriedContextBytes());
        budget = new RetryBudget(settings.retryReserve());
        callPermits = new Semaphore(settings.maxInFlight());
        bytePermits = new Semaphore(settings.maxInFlightBytes());
        loop.execute(this::bootstrap);
        scheduleUpkeep();
    }

    // ---- Any thread ----

    @Nullable
    Ring ring() {
        return ring;
    }

    WriteLanes lanes() {
        return lanes;
    }

    long deadline(long startNanos, @Nullable Duration timeout) {
        return startNanos + (timeout == null ? settings.requestTimeout() : timeout).toNanos();
    }

    /** Sixteen bytes: a secret per client and a counter, so no two writes of the world share them. */
    ByteString newRequestId() {
        ByteBuffer id = ByteBuffer.allocate(16).putLong(requestIdHigh).putLong(requestIdLow.getAndIncrement());
        return UnsafeByteOperations.unsafeWrap(id.array());
    }

    /** Takes the call if the bounds allow it at once; otherwise its future fails with OVERLOADED. */
    void submit(Call<?> call, int bytes) {
        submit(call, bytes, false);
    }

    /** As {@link #submit}, but waits for room up to the call's deadline: a thread that waits is its own bound. */
    void submitWaiting(Call<?> call, int bytes) {
        submit(call, bytes, true);
    }

    private void submit(Call<?> call, int bytes, boolean wait) {
        int byteCount = Math.min(settings.maxInFlightBytes(), bytes + PERMITS_OVERHEAD_BYTES);
        if (!admitted(call, byteCount, wait)) {
            return;
        }
        call.permits = 1;
        call.bytePermits = byteCount;
        hand(call);
    }

    /** Starts a call that runs on the admission of another. */
    void submitAdmitted(Call<?> call) {
        hand(call);
    }

    private void hand(Call<?> call) {
        try {
            loop.execute(call);
        } catch (RejectedExecutionException closedLoop) {
            releasePermits(call);
            call.result.completeExceptionally(clientClosed(false));
        }
    }

    private boolean admitted(Call<?> call, int byteCount, boolean wait) {
        if (callPermits.tryAcquire()) {
            if (bytePermits.tryAcquire(byteCount)) {
                return true;
            }
            callPermits.release();
        }
        if (wait) {
            try {
                long left = call.deadlineNanos - System.nanoTime();
                if (callPermits.tryAcquire(left, TimeUnit.NANOSECONDS)) {
                    if (bytePermits.tryAcquire(
                            byteCount, call.deadlineNanos - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                        return true;
                    }
                    callPermits.release();
                }
            } catch (InterruptedException interruption) {
                Thread.currentThread().interrupt();
                call.result.completeExceptionally(QuorateException.local(
                        QuorateException.Reason.INTERRUPTED, "interrupted before the request was sent", interruption));
                return false;
            }
        }
        refusedInFlight.incrementAndGet();
        call.result.completeExceptionally(new QuorateException(
                QuorateException.Reason.OVERLOADED,
                "this client has %d calls and %d bytes in flight, which is its limit"
                        .formatted(settings.maxInFlight(), settings.maxInFlightBytes()),
                true,
                false,
                List.of(),
                Map.of("where", "client"),
                null));
        return false;
    }

    private void releasePermits(Call<?> call) {
        if (call.permits > 0) {
            callPermits.release(call.permits);
            bytePermits.release(call.bytePermits);
            call.permits = 0;
        }
    }

    List<String> owners(String bucket, byte[] key) {
        Ring known = ring;
        Integer bucketId = known == null ? null : known.bucketId(bucket);
        if (known == null || bucketId == null) {
            return List.of();
        }
        long position = known.keySlots().position(bucketId, key);
        List<String> owners = new ArrayList<>();
        for (int place = 0; place < known.rowWidth(); place++) {
            Ring.Member owner = known.members().get(known.owner(position, place));
            owners.add(owner.id() + " " + owner.clientAddress());
        }
        return owners;
    }

    boolean isLoopThread() {
        return loop.isCurrentThread();
    }

    void execute(Runnable task) {
        loop.execute(task);
    }

    /** Ends every call, every connection and the thread. */
    void close() {
        if (closed) {
            return;
        }
        closed = true;
        loop.execute(() -> {
            while (!live.isEmpty()) {
                Call<?> call = live.get(live.size() - 1);
                boolean unknown = call.isWrite() && (call.uncertain != null || call.wasSent());
                if (call.node != null) {
                    call.node.connection.forget(call);
                }
                fail(call, clientClosed(unknown));
            }
            nodes.values().forEach(node -> node.connection.close());
            loop.endWhen(() -> nodes.values().stream().allMatch(node -> node.connection.isTerminated()));
        });
        loop.awaitEnd();
        nameLookups.shutdown();
    }

    private static QuorateException clientClosed(boolean outcomeUnknown) {
        return new QuorateException(
                QuorateException.Reason.CLIENT_CLOSED,
                "the client was closed",
                false,
                outcomeUnknown,
                List.of(),
                Map.of(),
                null);
    }

    /** Figures that are kept on the loop are read as of some recent moment. */
    ClientCounters counters() {
        return new ClientCounters(
                requests,
                retries,
                budget.refused(),
                refusedInFlight.get(),
                lanes.contexts(),
                lanes.evictions(),
                connectionsLost);
    }

    // ---- Calls ----

    void start(Call<?> call) {
        if (closed) {
            releasePermits(call);
            call.result.completeExceptionally(clientClosed(false));
            return;
        }
        requests++;
        budget.requestStarted();
        call.liveIndex = live.size();
        live.add(call);
        keepTicking();
        if (call.laneKey != null) {
            call.stage = Call.Stage.LANE;
            WriteLanes.Lane lane = lanes.lane(call.laneKey);
            call.lane = lane;
            lanes.enter(lane, () -> {
                if (call.stage == Call.Stage.LANE) {
                    call.proceed();
                } else {
                    lanes.leave(lane); // its deadline passed while it waited
                }
            });
        } else {
            call.proceed();
        }
    }

    void dispatch(Call<?> call) {
        Ring known = ring;
        if (known == null) {
            call.stage = Call.Stage.TOPOLOGY;
            bootstrap();
            return;
        }
        call.locate(known);
        Node node = choose(call, known);
        if (node != null) {
            send(call, node);
        } else {
            fail(call, exception(call));
        }
    }

    private void send(Call<?> call, Node node) {
        if (call.attemptsMade++ > 0) {
            retries++;
        }
        call.stage = Call.Stage.NODE;
        call.node = node;
        call.attemptStartNanos = System.nanoTime();
        node.connection.send(call);
    }

    <A> void succeed(Call<A> call, A answer) {
        if (end(call)) {
            observeEnd(call, null);
            call.result.complete(answer);
        }
    }

    void fail(Call<?> call, QuorateException failure) {
        if (end(call)) {
            observeEnd(call, failure);
            call.result.completeExceptionally(failure);
        }
    }

    private boolean end(Call<?> call) {
        if (call.stage == Call.Stage.DONE) {
            return false;
        }
        boolean inLane = call.stage != Call.Stage.LANE;
        call.stage = Call.Stage.DONE;
        Call<?> last = live.remove(live.size() - 1);
        if (last != call) {
            live.set(call.liveIndex, last);
            last.liveIndex = call.liveIndex;
        }
        if (call.leavesLane && inLane && call.lane != null) {
            lanes.leave(call.lane);
        }
        releasePermits(call);
        return true;
    }

    /** Gives the lane to a call that keeps it, with its admission, until {@link #release}. */
    void grant(LaneCall call) {
        call.leavesLane = false;
        int permits = call.permits;
        call.permits = 0;
        WriteLanes.Lane lane = call.lane;
        if (lane == null) {
            throw new IllegalStateException("a lane was granted that was never entered");
        }
        succeed(call, lane);
        call.permits = permits;
    }

    /** The end of what {@link #grant} began. From any thread. */
    void release(LaneCall call) {
        try {
            loop.execute(() -> {
                if (call.lane != null) {
                    lanes.leave(call.lane);
                }
                releasePermits(call);
            });
        } catch (RejectedExecutionException closedLoop) {
            releasePermits(call); // lanes have ended with the loop
        }
    }

    void attemptFailed(Call<?> call, Failure failure) {
        Node node = call.node;
        call.remember(failure);
        boolean possiblyApplied = call.isWrite() && RetryPolicy.possiblyApplied(failure);
        recordAttempt(
                call, new QuorateException.Attempt(failure.node(), failure.address(), failure.text(), possiblyApplied));
        if (possiblyApplied && call.uncertain == null) {
            call.uncertain = failure;
            call.pinnedBoot = failure.boot();
            // Only an owner coordinates what it is sent; from any other node the write went on to a coordinator we do
            // not know.
            call.pinnedNode = node != null && isOwner(call, node) ? node : null;
        }
        if (failure.kind() == Failure.Kind.ANSWERED) {
            call.answeredAttempts++;
            if (node != null) {
                node.avoid(RetryPolicy.reason(failure), failure.retryAfterNanos());
            }
        }
        if (dropsRefusedContext(call, failure)) {
            dispatch(call);
            return;
        }
        RetryPolicy.Decision decision = RetryPolicy.decide(
                new RetryPolicy.Situation(
                        call.isWrite(), call.allowsDuplicates(), call.uncertain != null, call.answeredAttempts),
                failure);
        long now = System.nanoTime();
        boolean inTime = now + decision.delayNanos() < call.deadlineNanos;
        if (decision.next() == RetryPolicy.Next.FAIL || !inTime || (decision.costsBudget() && !budget.tryRetry())) {
            fail(call, exception(call));
            return;
        }
        if (decision.next() == RetryPolicy.Next.OTHER_NODE && node != null) {
            call.addTried(node);
            if (failure.kind() == Failure.Kind.ANSWERED && triedAll(call)) {
                call.tried.clear(); // everybody answered: the same nodes again, after the delay
            }
        }
        call.resumesAtSameBoot = decision.next() == RetryPolicy.Next.SAME_BOOT;
        if (decision.delayNanos() > 0) {
            call.stage = Call.Stage.DELAY;
            call.resumeAtNanos = now + decision.delayNanos();
        } else {
            resume(call);
        }
    }

    private void resume(Call<?> call) {
        if (call.resumesAtSameBoot) {
            sendToSameBoot(call);
        } else {
            dispatch(call);
        }
    }

    private void sendToSameBoot(Call<?> call) {
        Node node = call.pinnedNode;
        if (node == null) {
            fail(call, exception(call));
        } else if (node.connection.state() != NodeConnection.State.READY) {
            call.stage = Call.Stage.RECONNECT;
            node.awaitingReturn.add(call);
            node.connection.connect();
        } else if (node.connection.boot() == call.pinnedBoot) {
            send(call, node);
        } else {
            recordAttempt(
                    call,
                    new QuorateException.Attempt(
                            node.idOrGreeted(),
                            node.connection.address(),
                            "restarted since, and no longer knows the request",
                            false));
            fail(call, exception(call));
        }
    }

    // A remembered context can outlive what it names, for example when the cluster was set up anew. Nothing was written
    // then, and without
    // it the write is what it would be from a client that has just started.
    private boolean dropsRefusedContext(Call<?> call, Failure failure) {
        if (failure.kind() == Failure.Kind.ANSWERED
                && RetryPolicy.reason(failure) == QuorateException.Reason.CONTEXT_INVALID
                && call.uncertain == null
                && call instanceof WriteCall<?> write
                && write.sendsCarriedContext()
                && write.lane != null) {
            lanes.forget(write.lane);
            return true;
        }
        return false;
    }

    private boolean triedAll(Call<?> call) {
        for (Node member : members) {
            if (!call.tried.contains(member)) {
                return false;
            }
        }
        return true;
    }

    private boolean isOwner(Call<?> call, Node node) {
        Ring known = ring;
        if (known == null || !call.locate(known)) {
            return false;
        }
        for (int place = 0; place < known.rowWidth(); place++) {
            if (members[known.owner(call.position(), place)] == node) {
                return true;
            }
        }
        return false;
    }

    private void recordAttempt(Call<?> call, QuorateException.Attempt attempt) {
        call.addAttempt(attempt);
        RequestListener listener = settings.listener();
        if (listener != null) {
            try {
                listener.attemptFailed(request(call), attempt);
            } catch (RuntimeException thrown) {
                LOG.warn("a request listener threw", thrown);
            }
        }
    }

    private void observeEnd(Call<?> call, @Nullable QuorateException failure) {
        RequestListener listener = settings.listener();
        if (listener != null && call.isObserved()) {
            try {
                listener.completed(
                        request(call),
                        Duration.ofNanos(System.nanoTime() - call.startNanos),
                        call.attemptsMade,
                        failure);
            } catch (RuntimeException thrown) {
                LOG.warn("a request listener threw", thrown);
            }
        }
    }

    private static RequestListener.Request request(Call<?> call) {
        return new RequestListener.Request(call.operation(), call.bucket, call.key.toStringUtf8());
    }

    private static QuorateException exception(Call<?> call) {
        Failure told = call.uncertain != null ? call.uncertain : call.mostTelling;
        if (told == null || RetryPolicy.reason(told) == QuorateException.Reason.CONNECT_FAILED) {
            return new QuorateException(
                    QuorateException.Reason.CONNECT_FAILED,
                    "no node could be reached",
                    true,
                    call.uncertain != null,
                    call.attempts,
                    told == null ? Map.of() : told.details(),
                    told == null ? null : told.cause());
        }
        QuorateException.Reason reason = RetryPolicy.reason(told);
        return new QuorateException(
                reason,
                told.text(),
                RetryPolicy.mayPass(reason),
                call.uncertain != null,
                call.attempts,
                told.details(),
                told.cause());
    }

    // ---- Time ----

    private void keepTicking() {
        if (!ticking) {
            ticking = true;
            schedule(this::tick, TICK_NANOS);
        }
    }

    // One sweep over all calls every 10 ms costs less than a timer per call, which would be set and cancelled hundreds
    // of thousands of
    // times a second.
    private void tick() {
        ticking = false;
        long now = System.nanoTime();
        try {
            for (int i = live.size() - 1; i >= 0; i--) {
                if (i < live.size()) { // ending one call may end others
                    tick(live.get(i), now);
                }
            }
        } finally {
            if (!live.isEmpty()) {
                keepTicking();
            }
        }
    }

    private void tick(Call<?> call, long now) {
        if (now - call.deadlineNanos >= 0) {
            expire(call, now);
        } else if (call.stage == Call.Stage.DELAY && now - call.resumeAtNanos >= 0) {
            resume(call);
        } else if (call.stage == Call.Stage.NODE
                && now - call.attemptStartNanos >= settings.attemptTimeout().toNanos()) {
            overdue(call, now);
        }
    }

    /** The attempt takes longer than it should: ask somebody else if that is safe. */
    private void overdue(Call<?> call, long now) {
        Node node = call.node;
        Ring known = ring;
        if (node == null || known == null) {
            return;
        }
        if (node.connection.lastReceivedNanos() - call.attemptStartNanos < 0) {
            suspect(node);
        }
        boolean sent = call.wasSent();
        if (sent && call.isWrite() && !call.allowsDuplicates()) {
            return; // TCP delivers it or breaks; sending it again on the same stream would change nothing
        }
        call.addTried(node);
        Node other = choose(call, known);
        if (other == null || other.connection.state() == NodeConnection.State.DOWN || (sent && !budget.tryRetry())) {
            call.tried.remove(node);
            call.attemptStartNanos = now;
            return;
        }
        node.connection.forget(call);
        String text = (sent ? "no answer within %d ms" : "no connection within %d ms")
                .formatted(settings.attemptTimeout().toMillis());
        if (sent && call.isWrite() && call.uncertain == null) {
            call.uncertain = new Failure(
                    Failure.Kind.SILENT,
                    node.idOrGreeted(),
                    node.connection.address(),
                    node.connection.boot(),
                    "",
                    text,
                    Map.of(),
                    0,
                    null);
        }
        recordAttempt(
                call,
                new QuorateException.Attempt(
                        node.idOrGreeted(), node.connection.address(), text, sent && call.isWrite()));
        send(call, other);
    }

    private void expire(Call<?> call, long now) {
        String after = "%d ms".formatted((now - call.startNanos) / 1_000_000);
        boolean sent = call.wasSent();
        Node node = call.node;
        String where = "";
        switch (call.stage) {
            case NODE -> {
                if (node != null) {
                    node.connection.forget(call);
                    if (node.connection.lastReceivedNanos() - call.attemptStartNanos < 0) {
                        suspect(node);
                    }
                    recordAttempt(
                            call,
                            new QuorateException.Attempt(
                                    node.idOrGreeted(),
                                    node.connection.address(),
                                    (sent ? "no answer after %d ms" : "no connection after %d ms")
                                            .formatted((now - call.attemptStartNanos) / 1_000_000),
                                    sent && call.isWrite()));
                }
            }
            case LANE -> where = ", spent waiting for earlier writes of this key";
            case TOPOLOGY -> {
                where = ", and no seed has answered yet";
                seedFailures.forEach(failure -> addAttempt(call, failure));
                for (String seed : settings.seeds()) {
                    if (call.attempts.stream()
                            .noneMatch(attempt -> attempt.address().equals(seed))) {
                        call.addAttempt(new QuorateException.Attempt("", seed, "no answer", false));
                    }
                }
            }
            case RECONNECT -> {
                if (call.pinnedNode != null) {
                    call.pinnedNode.awaitingReturn.remove(call);
                }
                where = ", spent waiting for the coordinator to come back";
            }
            case DELAY -> where = ", spent waiting to try again";
            case NEW, DONE -> throw new IllegalStateException("a call in stage " + call.stage + " has no deadline");
        }
        Failure told = call.uncertain != null ? call.uncertain : call.mostTelling;
        boolean leavesMoreOpen = sent && call.isWrite() && call.uncertain == null;
        if (told != null && told.kind() == Failure.Kind.ANSWERED && !leavesMoreOpen) {
            fail(
                    call,
                    exception(call)); // what a node said about the call tells more than that time ran out over trying
            // again
            return;
        }
        fail(
                call,
                new QuorateException(
                        QuorateException.Reason.DEADLINE,
                        "no result within " + after + where,
                        true,
                        call.isWrite() && (sent || call.uncertain != null),
                        call.attempts,
                        Map.of(),
                        null));
    }

    private static void addAttempt(Call<?> call, Failure failure) {
        call.remember(failure);
        call.addAttempt(new QuorateException.Attempt(failure.node(), failure.address(), failure.text(), false));
    }

    private void scheduleUpkeep() {
        schedule(
                () -> {
                    upkeep();
                    scheduleUpkeep();
                },
                UPKEEP_NANOS);
    }

    private void upkeep() {
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
        if (ring == null) {
            return;
        }
        if (anyDown && !anyReady && !refreshing) {
            // Every member moved or died: the seeds may know where they are now.
            refresh(node(settings.seeds().get(seedTurn++ % settings.seeds().size())));
        } else if (!refreshing) {
            closeFormerMembers();
            if (now - lastRefreshNanos > REFRESH_NANOS) {
                refreshAnywhere(); // open streams do not tell of a new epoch
            }
        }
    }

    private void schedule(Runnable task, long delayNanos) {
        if (!closed) {
            var unused = loop.schedule(task, delayNanos);
        }
    }

    // ---- Nodes ----

    /**
     * The cheapest owner that is up; else an owner not connected yet; else any node that is up, at the cost of a hop; else, as a last
     * resort, whoever is left. Null when all have been tried.
     */
    private @Nullable Node choose(Call<?> call, Ring known) {
        Node best = null;
        double bestCost = Double.MAX_VALUE;
        if (call.locate(known)) {
            for (int place = 0; place < known.rowWidth(); place++) {
                Node owner = members[known.owner(call.position(), place)];
                if (call.tried.contains(owner)) {
                    continue;
                }
                double cost = tierOfOwner(owner) + owner.connection.cost();
                if (cost < bestCost) {
                    best = owner;
                    bestCost = cost;
                }
            }
            if (bestCost < SECOND_TIER) {
                return best;
            }
        }
        for (Node member : members) {
            if (member == best || call.tried.contains(member)) {
                continue;
            }
            double cost = tierOfOthers(member) + member.connection.cost();
            if (cost < bestCost) {
                best = member;
                bestCost = cost;
            }
        }
        return best;
    }

    private static final double TIER = 1e15; // nanoseconds of latency times calls in flight stay far below
    private static final double SECOND_TIER = TIER;

    private static double tierOfOwner(Node owner) {
        NodeConnection.State state = owner.connection.state();
        if (state == NodeConnection.State.IDLE) {
            owner.connection.connect(); // so that it can take its share from now on
        }
        if (owner.isToBeAvoided()) {
            return 3 * TIER;
        }
        return switch (state) {
            case READY -> 0;
            case IDLE, CONNECTING -> TIER;
            case DOWN, CLOSED -> 3 * TIER;
        };
    }

    private static double tierOfOthers(Node node) {
        if (node.isToBeAvoided()) {
            return 5 * TIER;
        }
        return switch (node.connection.state()) {
            case READY -> 2 * TIER;
            case IDLE, CONNECTING -> 2 * TIER + TIER / 2;
            case DOWN, CLOSED -> 5 * TIER;
        };
    }

    private Node node(String address) {
        return nodes.computeIfAbsent(
                address,
                unknown -> new Node(new NodeConnection(
                        loop,
                        nameLookups,
                        new ConnectionSettings(
                                settings.transport() == Transport.PIPELINE,
                                settings.requestTimeout(),
                                Duration.ofSeconds(20),
                                "quorate-sdk-java"),
                        unknown,
                        this)));
    }

    private void suspect(Node node) {
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
                    public void received(NodeConnection from, @Nullable Topology topology) {
                        node.probing = false;
                        cleared(node);
                    }

                    @Override
                    public void failed(NodeConnection from, Failure failure) {
                        node.probing = false;
                        if (node.suspect) {
                            schedule(() -> probe(node), UPKEEP_NANOS);
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
    public @Nullable String objection(NodeConnection connection, PipelineResponse.Greeting greeting) {
        if (clusterId != null && !clusterId.equals(greeting.getClusterId())) {
            return "the node belongs to cluster %s, this client to %s".formatted(greeting.getClusterId(), clusterId);
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
        Ring known = ring;
        if (known != null && Long.compareUnsigned(connection.epoch(), known.epoch()) > 0) {
            refresh(node);
        }
        List<Call<?>> returning = List.copyOf(node.awaitingReturn);
        node.awaitingReturn.clear();
        returning.forEach(this::sendToSameBoot);
    }

    @Override
    public void lost(NodeConnection connection, Failure failure) {
        Node node = nodes.get(connection.address());
        if (node == null) {
            return;
        }
        if (failure.kind() == Failure.Kind.LOST) {
            connectionsLost++;
            LOG.info("lost the connection to {}: {}", node, failure.text());
            refreshAnywhere();
        }
        if (failure.kind() == Failure.Kind.WRONG_CLUSTER && !node.refusedBefore) {
            node.refusedBefore = true;
            LOG.warn("{} is not used: {}", node, failure.text());
        }
        List<Call<?>> stranded = List.copyOf(node.awaitingReturn);
        node.awaitingReturn.clear();
        for (Call<?> call : stranded) {
            recordAttempt(call, new QuorateException.Attempt(failure.node(), failure.address(), failure.text(), false));
            fail(call, exception(call));
        }
    }

    // ---- Topology ----

    private void bootstrap() {
        if (bootstrapping || closed || ring != null) {
            return;
        }
        bootstrapping = true;
        seedFailures.clear();
        seedsPending = settings.seeds().size();
        for (String seed : settings.seeds()) {
            node(seed)
                    .connection
                    .fetchTopology(0, settings.requestTimeout().toNanos(), new NodeConnection.TopologyReceiver() {
                        @Override
                        public void received(NodeConnection from, @Nullable Topology topology) {
                            seedAnswered(from, topology);
                        }

                        @Override
                        public void failed(NodeConnection from, Failure failure) {
                            seedFailed(failure);
                        }
                    });
        }
    }

    private void seedAnswered(NodeConnection from, @Nullable Topology topology) {
        String objection = topology == null ? "the node has no topology yet" : install(topology);
        if (objection == null) {
            seedsPending--;
            bootstrapping = false;
            List.copyOf(live).forEach(call -> {
                if (call.stage == Call.Stage.TOPOLOGY) {
                    dispatch(call);
                }
            });
        } else {
            seedFailed(
                    new Failure(Failure.Kind.WRONG_CLUSTER, "", from.address(), 0, "", objection, Map.of(), 0, null));
        }
    }

    private void seedFailed(Failure failure) {
        seedFailures.add(failure);
        if (--seedsPending > 0 || ring != null) {
            return;
        }
        bootstrapping = false;
        for (Call<?> call : List.copyOf(live)) {
            if (call.stage == Call.Stage.TOPOLOGY) {
                seedFailures.forEach(one -> addAttempt(call, one));
                fail(call, exception(call));
            }
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
                    public void received(NodeConnection connection, @Nullable Topology topology) {
                        refreshing = false;
                        String objection = topology == null ? null : install(topology);
                        if (objection != null) {
                            LOG.warn("the topology from {} is of no use: {}", connection.address(), objection);
                        }
                    }

                    @Override
                    public void failed(NodeConnection connection, Failure failure) {
                        refreshing = false; // the next loss or greeting asks again
                    }
                });
    }

    /** Null when the topology is now in use, or not newer; else why it cannot be used. */
    private @Nullable String install(Topology topology) {
        if (clusterId != null && !clusterId.equals(topology.getClusterId())) {
            return "the node belongs to cluster %s, this client to %s".formatted(topology.getClusterId(), clusterId);
        }
        Ring known = ring;
        if (known != null && Long.compareUnsigned(topology.getEpoch(), known.epoch()) <= 0) {
            return null;
        }
        Ring newer;
        try {
            newer = toRing(topology);
        } catch (IllegalArgumentException malformed) {
            return "malformed topology: " + malformed.getMessage();
        }
        if (newer.members().isEmpty()) {
            return "the topology names no nodes";
        }
        clusterId = topology.getClusterId();
        Node[] next = new Node[newer.members().size()];
        for (int i = 0; i < next.length; i++) {
            Ring.Member member = newer.members().get(i);
            next[i] = node(member.clientAddress());
            next[i].id = member.id();
        }
        members = next;
        ring = newer;
        closeFormerMembers();
        if (known == null) {
            LOG.info("cluster {}: {} nodes, ring epoch {}", clusterId, next.length, newer.epoch());
        }
        return null;
    }

    private void closeFormerMembers() {
        List<Node> current = List.of(members);
        nodes.values().removeIf(node -> {
            boolean leave = !current.contains(node) && node.connection.inFlight() == 0 && node.awaitingReturn.isEmpty();
            if (leave) {
                node.connection.close();
            }
            return leave;
        });
    }

    private static Ring toRing(Topology topology) {
        List<Ring.Member> members = topology.getNodesList().stream()
                .map(node -> new Ring.Member(node.getId(), node.getClientAddress()))
                .toList();
        Map<String, Integer> bucketIds = new HashMap<>();
        topology.getBucketsList().forEach(bucket -> bucketIds.put(bucket.getName(), bucket.getId()));
        return new Ring(
                topology.getClusterId(),
                topology.getEpoch(),
                topology.getLog2Slots(),
                new KeySlots(topology.getHashSeed().toByteArray()),
                members,
                topology.getOwnersList().stream().mapToInt(Integer::intValue).toArray(),
                topology.getRowWidth(),
                bucketIds);
    }
}
