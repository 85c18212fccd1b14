package dev.quorate.sdk;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.quorate.sdk.routing.Ring;
import dev.quorate.sdk.transport.ClientLoop;
import dev.quorate.sdk.transport.Failure;
import dev.quorate.sdk.transport.NodeConnection;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The inside of a client: starts calls, carries out what {@link RetryPolicy} decides and keeps deadlines. Confined to the client's loop,
 * except what stands under "any thread".
 */
final class Engine implements Cluster.Listener {
    private static final Logger LOG = LoggerFactory.getLogger(QuorateClient.class);
    private static final int MAX_ROUNDS = 8;
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

    private final ClientSettings settings;
    private final ClientLoop loop;
    private final Admission admission;
    private final Cluster cluster;
    private final WriteLanes lanes;
    private final RetryBudget budget;

    private final long requestIdHigh;
    private final AtomicLong requestIdLow;

    private volatile boolean closed;
    private final List<Call<?>> live = new ArrayList<>();
    private boolean ticking;
    private long requests;
    private long retries;

    Engine(ClientSettings settings) {
        NodeConnection.requireProviders();
        this.settings = settings;
        SecureRandom random = new SecureRandom();
        requestIdHigh = random.nextLong();
        requestIdLow = new AtomicLong(random.nextLong());
        loop = new ClientLoop("quorate-client");
        admission = new Admission(settings.maxInFlight(), settings.maxInFlightBytes());
        lanes = new WriteLanes(loop, settings.maxCarriedContexts(), settings.maxCarriedContextBytes());
        budget = new RetryBudget(settings.retryReserve());
        cluster = new Cluster(settings, loop, this);
        loop.execute(cluster::begin);
    }

    // ---- Any thread ----

    @Nullable
    Ring ring() {
        return cluster.ring();
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

    /** Starts the call if the client's bounds allow it, else its future has failed; {@code wait} as in {@link Admission#admit}. */
    void submit(Call<?> call, int keyAndValueBytes, boolean wait) {
        if (admission.admit(call, keyAndValueBytes, wait)) {
            submitAdmitted(call);
        }
    }

    /** Starts a call that runs on the admission of another. */
    void submitAdmitted(Call<?> call) {
        try {
            loop.execute(call);
        } catch (RejectedExecutionException closedLoop) {
            admission.release(call);
            call.result.completeExceptionally(clientClosed(false));
        }
    }

    List<String> owners(String bucket, byte[] key) {
        return cluster.owners(bucket, key);
    }

    boolean isLoopThread() {
        return loop.isCurrentThread();
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
            cluster.close();
            loop.endWhen(cluster::isTerminated);
        });
        loop.awaitEnd();
        cluster.endNameLookups();
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
                admission.refused(),
                lanes.contexts(),
                lanes.evictions(),
                cluster.connectionsLost());
    }

    // ---- Calls ----

    void start(Call<?> call) {
        if (closed) {
            admission.release(call);
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
            Runnable turn = () -> {
                if (call.stage == Call.Stage.LANE) {
                    call.proceed();
                } else {
                    lanes.leave(lane); // it ended while its turn was on its way
                }
            };
            call.laneTurn = turn;
            lanes.enter(lane, turn);
        } else {
            call.proceed();
        }
    }

    void dispatch(Call<?> call) {
        Ring known = cluster.ring();
        if (known == null) {
            call.stage = Call.Stage.TOPOLOGY;
            cluster.bootstrap();
            return;
        }
        call.locate(known);
        Node node = cluster.choose(call, known);
        if (node != null) {
            send(call, node);
        } else {
            fail(call, call.failure());
        }
    }

    private void send(Call<?> call, Node node) {
        if (call.attemptsMade++ > 0) {
            retries++;
        }
        call.stage = Call.Stage.NODE;
        call.node = node;
        call.attemptStartNanos = System.nanoTime();
        call.overdueAtNanos = call.attemptStartNanos + patience(call);
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
        if (!inLane && call.lane != null && call.laneTurn != null) {
            lanes.withdraw(call.lane, call.laneTurn);
        }
        call.stage = Call.Stage.DONE;
        Call<?> last = live.remove(live.size() - 1);
        if (last != call) {
            live.set(call.liveIndex, last);
            last.liveIndex = call.liveIndex;
        }
        if (call.leavesLane && inLane && call.lane != null) {
            lanes.leave(call.lane);
        }
        admission.release(call);
        return true;
    }

    /** Gives the lane to a call that keeps it, with its admission, until {@link #release}. */
    void grant(LaneCall call) {
        call.leavesLane = false;
        int admittedBytes = call.admittedBytes;
        call.admittedBytes = 0; // so that the end of the waiting is not the end of the admission
        WriteLanes.Lane lane = call.lane;
        if (lane == null) {
            throw new IllegalStateException("a lane was granted that was never entered");
        }
        succeed(call, lane);
        call.admittedBytes = admittedBytes;
    }

    /** The end of what {@link #grant} began. From any thread. */
    void release(LaneCall call) {
        try {
            loop.execute(() -> {
                if (call.lane != null) {
                    lanes.leave(call.lane);
                }
                admission.release(call);
            });
        } catch (RejectedExecutionException closedLoop) {
            admission.release(call); // lanes have ended with the loop
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
            // Only an owner coordinates what it is sent; from any other node the write went on to a coordinator
            // we do not know.
            call.pinnedNode = node != null && cluster.isOwner(call, node) ? node : null;
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
            fail(call, call.failure());
            return;
        }
        if (decision.next() == RetryPolicy.Next.OTHER_NODE && node != null) {
            call.addTried(node);
            if (failure.kind() == Failure.Kind.ANSWERED && cluster.triedAll(call)) {
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
        if (node == null || node.connection.state() == NodeConnection.State.CLOSED) {
            fail(call, call.failure());
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
            fail(call, call.failure());
        }
    }

    // A remembered context can outlive what it names, for example when the cluster was set up anew. Nothing was
    // written then, and without it the write is what it would be from a client that has just started.
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

    // ---- Time ----

    private void keepTicking() {
        if (!ticking) {
            ticking = true;
            schedule(this::tick, TICK_NANOS);
        }
    }

    // One sweep over all calls every 10 ms costs less than a timer per call, which would be set and cancelled
    // hundreds of thousands of times a second.
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
        } else if (call.stage == Call.Stage.NODE && now - call.overdueAtNanos >= 0) {
            overdue(call, now);
        }
    }

    /** The attempt takes longer than it should: ask somebody else if that is safe. */
    private void overdue(Call<?> call, long now) {
        Node node = call.node;
        Ring known = cluster.ring();
        if (node == null || known == null) {
            return;
        }
        if (node.connection.lastReceivedNanos() - call.attemptStartNanos < 0) {
            cluster.suspect(node);
        }
        boolean sent = call.wasSent();
        if (sent && call.isWrite() && !call.allowsDuplicates()) {
            return; // TCP delivers it or breaks; sending it again on the same stream would change nothing
        }
        Node other = betterThan(node, call, known);
        if (other == null || (sent && !budget.tryRetry())) {
            call.overdueAtNanos = now + patience(call);
            return;
        }
        node.connection.giveUp(call, now);
        String text = (sent ? "no answer within %d ms" : "no connection within %d ms")
                .formatted((now - call.attemptStartNanos) / 1_000_000);
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

    /**
     * A node worth leaving this one for: one in trouble is not. When all have been tried, the call goes round again with twice the patience,
     * since a node that has not answered may be stuck, or merely slower than the patience was long.
     */
    private @Nullable Node betterThan(Node node, Call<?> call, Ring known) {
        call.addTried(node);
        Node other = cluster.choose(call, known);
        if (other == null || other.isInTrouble()) {
            call.tried.clear();
            call.addTried(node);
            call.rounds = Math.min(MAX_ROUNDS, call.rounds + 1);
            other = cluster.choose(call, known);
        }
        return other == null || other.isInTrouble() ? null : other;
    }

    private long patience(Call<?> call) {
        return settings.attemptTimeout().toNanos() << call.rounds;
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
                        cluster.suspect(node);
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
                cluster.seedFailures().forEach(call::addFailure);
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
        Failure told = call.decisiveFailure();
        boolean leavesMoreOpen = sent && call.isWrite() && call.uncertain == null;
        if (told != null && told.kind() == Failure.Kind.ANSWERED && !leavesMoreOpen) {
            // What a node said about the call tells more than that the time ran out over trying again.
            fail(call, call.failure());
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

    private void schedule(Runnable task, long delayNanos) {
        if (!closed) {
            var unused = loop.schedule(task, delayNanos);
        }
    }

    // ---- News of the cluster ----

    @Override
    public void topologyKnown() {
        for (Call<?> call : List.copyOf(live)) {
            if (call.stage == Call.Stage.TOPOLOGY) {
                dispatch(call);
            }
        }
    }

    @Override
    public void topologyUnavailable(List<Failure> seedFailures) {
        for (Call<?> call : List.copyOf(live)) {
            if (call.stage == Call.Stage.TOPOLOGY) {
                seedFailures.forEach(call::addFailure);
                fail(call, call.failure());
            }
        }
    }

    @Override
    public void nodeReturned(List<Call<?>> waiting) {
        waiting.forEach(this::sendToSameBoot);
    }

    @Override
    public void nodeDidNotReturn(List<Call<?>> waiting, Failure failure) {
        for (Call<?> call : waiting) {
            recordAttempt(call, new QuorateException.Attempt(failure.node(), failure.address(), failure.text(), false));
            fail(call, call.failure());
        }
    }
}
