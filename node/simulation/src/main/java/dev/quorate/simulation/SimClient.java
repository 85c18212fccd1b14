package dev.quorate.simulation;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.peer.Mode;
import dev.quorate.core.peer.Result;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.replication.ClientAnswer;
import dev.quorate.core.replication.ClientGet;
import dev.quorate.core.replication.ClientWrite;
import dev.quorate.core.replication.Consistency;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.Dot;
import dev.quorate.simulation.History.Answer;
import dev.quorate.simulation.History.Seen;
import dev.quorate.simulation.History.Write;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One client thread. It does one operation at a time, waits no longer than its deadline, and repeats a write whose fate it cannot know as
 * the SDK does: under the same request id, saying that it is not the first attempt.
 *
 * <p>Each attempt writes a value of its own, so that the checker sees which of them a reader got.
 */
final class SimClient {
    /** A context as a client got it, with what it knows to be in it. */
    record Token(Bytes bytes, Seen seen) {}

    /** What became of one call, as its client sees it. */
    private sealed interface Reply {
        record Told(Result<ClientAnswer> result) implements Reply {}

        /** No connection: nothing was sent. */
        record NotSent() implements Reply {}

        /** The connection or the patience ended. */
        record Lost() implements Reply {}
    }

    /** A call that is under way. */
    private static final class Call {
        private final Consumer<Reply> waiter;
        private @Nullable SimProcess process;
        private boolean over;

        Call(Consumer<Reply> waiter) {
            this.waiter = waiter;
        }
    }

    private final int number;
    private final SimWorld world;
    private final Setup setup;
    private final SimCluster cluster;
    private final History history;
    private final Situations situations;
    private final Map<Integer, List<Token>> everyonesTokens;
    private final SimRandom random;
    private final ArrayDeque<ClientOp> waiting = new ArrayDeque<>();
    private final Map<Integer, Token> lastWrite = new TreeMap<>();
    /** Of whatever this client was told last about a key. */
    private final Map<Integer, Token> lastTold = new TreeMap<>();

    private final List<Call> calls = new ArrayList<>();
    private boolean busy;
    private long apiOperations;
    private String lastFailure = "";

    SimClient(
            int number,
            SimWorld world,
            Setup setup,
            SimCluster cluster,
            History history,
            Situations situations,
            Map<Integer, List<Token>> everyonesTokens) {
        this.number = number;
        this.world = world;
        this.setup = setup;
        this.cluster = cluster;
        this.history = history;
        this.situations = situations;
        this.everyonesTokens = everyonesTokens;
        this.random = world.random("client", number);
        cluster.onCrash(this::crashed);
    }

    static Key key(int number) {
        return new Key(1, Bytes.utf8("k" + number));
    }

    private String name() {
        return "c" + number;
    }

    private int lane() {
        return SimWorld.CLIENT_LANES + number;
    }

    /** When a read is made, which decides what may be expected of it. */
    enum Occasion {
        USUAL,
        /** The last read of the key from all its replicas. */
        LAST,
        /** Of one replica, when all have become equal. */
        SETTLED
    }

    /** Why the last write that failed did, for people. */
    String lastFailure() {
        return lastFailure;
    }

    /** Gets and writes asked for so far; a retry is not another one. */
    long apiOperations() {
        return apiOperations;
    }

    void schedule(ClientOp operation) {
        world.at(operation.atNanos(), lane(), SimWorld.Kind.CLIENT, () -> {
            waiting.add(operation);
            next();
        });
    }

    private void next() {
        if (busy) {
            return;
        }
        ClientOp operation = waiting.poll();
        if (operation == null || world.now() > setup.chaosNanos()) {
            return;
        }
        busy = true;
        begin(operation);
    }

    /** Told once how an operation ended. */
    interface Ending {
        void ended(boolean acknowledged);
    }

    private void done(boolean acknowledged) {
        busy = false;
        next();
    }

    private void begin(ClientOp operation) {
        int key = operation.key();
        switch (operation.kind()) {
            case GET ->
                get(
                        key,
                        operation.node(),
                        operation.r(),
                        operation.timeoutNanos(),
                        Occasion.USUAL,
                        token -> done(token != null));
            case READ_MODIFY_WRITE -> readAndWrite(operation, false, this::done);
            case READ_AND_DELETE -> readAndWrite(operation, true, this::done);
            case BLIND_PUT -> write(operation, operation.node(), false, false, null, this::done);
            case BLIND_DELETE -> write(operation, operation.node(), true, false, null, this::done);
            case PUT_IF_ABSENT -> write(operation, operation.node(), false, true, null, this::done);
            case STALE_PUT -> write(operation, operation.node(), false, false, staleToken(operation), this::done);
            case STALE_DELETE -> write(operation, operation.node(), true, false, staleToken(operation), this::done);
            case PUT_AGAIN -> write(operation, operation.node(), false, false, lastWrite.get(key), this::done);
            case SESSION_PUT -> write(operation, operation.node(), false, false, lastTold.get(key), this::done);
            case SESSION_DELETE -> write(operation, operation.node(), true, false, lastTold.get(key), this::done);
        }
    }

    private @Nullable Token staleToken(ClientOp operation) {
        List<Token> tokens = everyonesTokens.getOrDefault(operation.key(), List.of());
        if (tokens.isEmpty()) {
            return null;
        }
        int index = operation.pick() % tokens.size();
        if (index < tokens.size() - 1) {
            situations.happened(Situation.STALE_CONTEXT_USED);
        }
        return tokens.get(index);
    }

    /** As {@link #readAndWrite}, where nobody can be read from. */
    void blindWrite(ClientOp operation, Ending end) {
        write(operation, operation.node(), false, false, null, end);
    }

    /** {@code end} is told whether the write was acknowledged. */
    void readAndWrite(ClientOp operation, boolean delete, Ending end) {
        get(operation.key(), operation.node(), operation.r(), operation.timeoutNanos(), Occasion.USUAL, token -> {
            if (token == null) {
                end.ended(false);
            } else {
                write(operation, operation.otherNode(), delete, false, token, end);
            }
        });
    }

    /** Reads; {@code then} gets null when that fails. */
    void get(int key, int node, int r, long timeoutNanos, Occasion occasion, Consumer<@Nullable Token> then) {
        apiOperations++;
        long invoked = world.now();
        Key of = key(key);
        ClientGet get = new ClientGet(
                Bucket.DEFAULT_NAME,
                of.bytes(),
                Consistency.DEFAULT,
                OptionalInt.of(r),
                OptionalInt.empty(),
                occasion == Occasion.USUAL ? null : Mode.STRICT);
        call(node, timeoutNanos, process -> process.core().get(get, Duration.ofNanos(timeoutNanos)), false, reply -> {
            ClientAnswer told = answerOf(reply);
            if (told == null) {
                then.accept(null);
                return;
            }
            CausalContext context = cluster.witness().dots().open(of, told.contextToken());
            List<String> values = values(told);
            boolean last = occasion == Occasion.LAST;
            int owners = Math.min(r, told.report().primaries());
            if (owners < r) {
                situations.happened(Situation.READ_WITH_STAND_INS);
            }
            if (!cluster.isFenced(r)) {
                owners -= cluster.removedAmong(told.report().acknowledged());
            }
            Answer answer = history.read(of.bytes().utf8(), name(), owners, invoked, world.now(), last, values);
            answer.settled = occasion == Occasion.SETTLED;
            answer.covered = cluster.witness().dots().covered(of, context);
            if (values.size() >= 3) {
                situations.happened(Situation.THREE_SIBLINGS_READ);
            }
            world.note(lane(), 5_000_011L + values.hashCode());
            then.accept(remember(key, told.contextToken(), answer));
        });
    }

    private static @Nullable ClientAnswer answerOf(Reply reply) {
        return reply instanceof Reply.Told told ? told.result().match(answer -> answer, failure -> null) : null;
    }

    private static List<String> values(ClientAnswer answer) {
        return answer.siblings().stream().map(sibling -> sibling.value().utf8()).toList();
    }

    private Token remember(int key, Bytes bytes, Answer answer) {
        Token token = new Token(bytes, answer.seen());
        if (!bytes.isEmpty()) {
            everyonesTokens.computeIfAbsent(key, absent -> new ArrayList<>()).add(token);
            lastTold.put(key, token);
        }
        return token;
    }

    private void write(
            ClientOp operation, int node, boolean delete, boolean ifAbsent, @Nullable Token token, Ending end) {
        apiOperations++;
        new Attempts(operation, delete, ifAbsent, token, end).attempt(node);
    }

    /** One write and its retries. */
    private final class Attempts {
        private final ClientOp operation;
        private final boolean delete;
        private final boolean ifAbsent;
        private final Bytes context;
        private final @Nullable Seen seen;
        private final Key key;
        private final Bytes requestId;
        private final Ending end;
        private final List<Write> attempts = new ArrayList<>();

        Attempts(ClientOp operation, boolean delete, boolean ifAbsent, @Nullable Token token, Ending end) {
            this.end = end;
            this.operation = operation;
            this.delete = delete;
            this.ifAbsent = ifAbsent;
            // A key that was never written has no context: writing it back is a write without one.
            if (token == null || token.bytes().isEmpty()) {
                this.context = Bytes.EMPTY;
                this.seen = null;
            } else {
                this.context = token.bytes();
                this.seen = token.seen();
            }

            this.key = key(operation.key());
            this.requestId = Bytes.utf8("request-" + operation.number());
        }

        void attempt(int node) {
            boolean first = attempts.isEmpty();
            Write write = history.invoke(
                    new History.Intent(key.bytes().utf8(), name(), delete, seen, operation.w(), first), world.now());
            write.attemptAt(requestId.utf8());
            attempts.add(write);
            if (inSession()) {
                history.goesOnFromWhatItsClientSaw(write);
            }
            boolean returnSiblings = operation.returnSiblings() && !delete;
            ClientWrite request = new ClientWrite(
                    Bucket.DEFAULT_NAME,
                    key.bytes(),
                    delete ? null : Bytes.utf8(write.value()),
                    context,
                    Consistency.DEFAULT,
                    OptionalInt.of(operation.w()),
                    OptionalInt.empty(),
                    returnSiblings,
                    ifAbsent,
                    requestId,
                    attempts.size(),
                    null);
            SimProcess asked = cluster.process(node);
            Duration timeout = Duration.ofNanos(operation.timeoutNanos());
            call(node, operation.timeoutNanos(), process -> process.core().write(request, timeout), true, reply -> {
                if (reply instanceof Reply.Told told) {
                    told.result()
                            .match(
                                    answer -> {
                                        acknowledged(write, answer, returnSiblings);
                                        return true;
                                    },
                                    failure -> {
                                        failed(write, failure, node, asked);
                                        return false;
                                    });
                } else if (reply instanceof Reply.NotSent) {
                    refused(write, node);
                } else {
                    unknown(node, asked);
                }
            });
        }

        private boolean inSession() {
            return operation.kind() == ClientOp.Kind.SESSION_PUT || operation.kind() == ClientOp.Kind.SESSION_DELETE;
        }

        private void failed(Write write, Failure failure, int node, @Nullable SimProcess asked) {
            lastFailure = failure.toString();
            world.note(lane(), 6_000_017L + failure.kind().ordinal());
            if (!failure.kind().nothingWritten()) {
                unknown(node, asked);
            } else if (failure.kind() == Failure.Kind.PRECONDITION_FAILED || attempts.size() > 1) {
                // A retry that joined its first attempt is told of that one; what this one did is the same or nothing.
                settle(write);
            } else {
                refused(write, node);
            }
        }

        private void settle(Write write) {
            if (attempts.size() == 1) {
                write.refused(world.now());
                situations.happened(Situation.WRITE_REFUSED);
            } else {
                situations.happened(Situation.WRITE_UNKNOWN);
            }
            end.ended(false);
        }

        /** Nothing was written: another node may do it. */
        private void refused(Write write, int node) {
            if (attempts.size() == 1) {
                write.refused(world.now());
            }
            situations.happened(Situation.WRITE_REFUSED);
            if (attempts.size() < operation.attempts() && mayRepeat()) {
                again(node == operation.node() ? operation.otherNode() : operation.node());
            } else {
                end.ended(false);
            }
        }

        /** The write may have been applied. */
        private void unknown(int node, @Nullable SimProcess asked) {
            boolean more = attempts.size() < operation.attempts() && mayRepeat();
            SimProcess now = cluster.process(node);
            boolean sameBoot = asked != null && now != null && now.greetedBoot() == asked.greetedBoot();
            if (more && operation.retry() == ClientOp.Retry.SAME_BOOT && sameBoot) {
                again(node);
            } else if (more && operation.retry() == ClientOp.Retry.ANYWHERE) {
                situations.happened(Situation.RETRY_AT_ANOTHER_NODE);
                again(1 + (node + operation.pick() % Math.max(1, setup.nodes() - 1)) % setup.nodes());
            } else {
                situations.happened(Situation.WRITE_UNKNOWN);
                end.ended(false);
            }
        }

        /** The checker cannot tell which attempt at a delete without a context took effect. */
        private boolean mayRepeat() {
            return !(delete && seen == null);
        }

        private void again(int node) {
            world.after(random.between(1_000_000, 30_000_000), lane(), SimWorld.Kind.CLIENT, () -> attempt(node));
        }

        private void acknowledged(Write asked, ClientAnswer told, boolean returnSiblings) {
            Witness witness = cluster.witness();
            CausalContext context = witness.dots().open(key, told.contextToken());
            List<String> nodes =
                    told.report().acknowledged().stream().map(Object::toString).toList();
            @Nullable Write acknowledged = null;
            if (delete) {
                Dot dot = witness.dots().deletionIn(key, context, told.report().coordinator());
                if (dot != null) {
                    acknowledged = asked;
                    witness.dots().accountFor(key, dot, asked);
                    witness.acknowledged(told.report().acknowledged(), operation.w(), key, dot);
                    asked.acknowledged(world.now(), nodes);
                    asked.acknowledgedByOwners(told.report().primaries());
                    situations.happened(Situation.DELETE_ACKNOWLEDGED);
                }
            } else {
                for (Write attempt : attempts) {
                    Dot dot = witness.dots().dotOf(attempt);
                    if (dot != null && context.covers(dot)) {
                        // A first attempt that a stopped node carries out last replaces the later ones, and is the
                        // answer.
                        boolean replaced = acknowledged != null && acknowledged.isAfter(attempt);
                        acknowledged = replaced ? acknowledged : attempt;
                        witness.acknowledged(told.report().acknowledged(), operation.w(), key, dot);
                        attempt.acknowledged(world.now(), nodes);
                        attempt.acknowledgedByOwners(told.report().primaries());
                    }
                }
            }
            if (told.report().fallbacks() > 0) {
                situations.happened(Situation.WRITE_WITH_STAND_INS);
            }
            if (acknowledged == null) {
                witness.violations()
                        .add(new Violation(
                                "I2", key.bytes().utf8(), "the context answered to " + asked + " does not cover it"));
                end.ended(false);
                return;
            }
            Answer answer = returnSiblings
                    ? history.siblings(key.bytes().utf8(), name(), asked.invoked, world.now(), values(told))
                    : history.ownContext(acknowledged, world.now());
            answer.covered = witness.dots().covered(key, context);
            world.note(lane(), 4_000_037L + acknowledged.index);
            lastWrite.put(operation.key(), remember(operation.key(), told.contextToken(), answer));
            end.ended(true);
        }
    }

    /** Carries one call to a node and its answer back. */
    private void call(
            int node,
            long timeoutNanos,
            Function<SimProcess, CompletionStage<Result<ClientAnswer>>> request,
            boolean isWrite,
            Consumer<Reply> waiter) {
        Call call = new Call(waiter);
        calls.add(call);
        world.after(
                timeoutNanos + setup.latencyNanos() * 2,
                lane(),
                SimWorld.Kind.CLIENT,
                () -> end(call, new Reply.Lost()));
        world.after(latency(), node, SimWorld.Kind.CLIENT, () -> {
            SimProcess process = cluster.process(node);
            if (call.over || !cluster.hearsClients(node)) {
                return;
            }
            if (process == null) {
                world.after(latency(), lane(), SimWorld.Kind.CLIENT, () -> end(call, new Reply.NotSent()));
                return;
            }
            call.process = process;
            process.loop()
                    .run(() -> request.apply(process).whenComplete((result, failure) -> {
                        if (failure != null) {
                            world.defect(new IllegalStateException(
                                    "an operation of " + name() + " failed exceptionally", failure));
                            return;
                        }
                        answer(call, process, result, isWrite);
                    }));
        });
    }

    private void answer(Call call, SimProcess process, Result<ClientAnswer> result, boolean isWrite) {
        boolean acknowledgesWrite = isWrite && result instanceof Result.Answered;
        if (cluster.diesBeforeAnswering(process, acknowledgesWrite) || !cluster.reachesClients(process.machine())) {
            return;
        }
        world.after(latency(), lane(), SimWorld.Kind.CLIENT, () -> end(call, new Reply.Told(result)));
    }

    private long latency() {
        return (long) (setup.latencyNanos() * (0.3 + random.nextDouble()));
    }

    private void end(Call call, Reply reply) {
        if (!call.over) {
            call.over = true;
            calls.remove(call);
            call.waiter.accept(reply);
        }
    }

    private void crashed(SimProcess process) {
        for (Call call : List.copyOf(calls)) {
            if (call.process == process) {
                world.after(
                        random.between(100_000, 20_000_000),
                        lane(),
                        SimWorld.Kind.CLIENT,
                        () -> end(call, new Reply.Lost()));
            }
        }
    }
}
