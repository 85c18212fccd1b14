package dev.quorate.simulation;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.model.NodeId;
import dev.quorate.core.peer.Failure;
import dev.quorate.core.peer.Mode;
import dev.quorate.core.peer.Result;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.replication.ClientAnswer;
import dev.quorate.core.replication.ClientGet;
import dev.quorate.core.replication.ClientWrite;
import dev.quorate.core.replication.Consistency;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A cluster of real cores on virtual time that does what a test tells it, step by step: for what went wrong in other systems in an order that
 * somebody wrote down. Nothing fails by chance.
 */
final class Story {
    static final String KEY = "test";

    /** What a client was told. */
    record Told(
            List<String> values, Bytes context, @Nullable Failure failure) {
        boolean ok() {
            return failure == null;
        }
    }

    private static final long MILLI = 1_000_000;

    private final SimWorld world;
    private final SimCluster cluster;
    private final SimMetrics metrics = new SimMetrics();
    private final int r;
    private final int w;
    private Mode mode = Mode.STRICT;

    private Story(Setup setup) {
        this.world = new SimWorld(setup.seed());
        this.r = setup.r();
        this.w = setup.w();
        History history = new History(History.Evidence.BLACK_BOX, setup.n());
        this.cluster = new SimCluster(
                world, new Plan(setup, List.of(), List.of()), new Subject(), history, metrics, new Situations());
        cluster.startAll();
        settle(1_000);
    }

    /** Writes without a context stand beside what is there, so that no value disappears but by a context. */
    static Story of(int nodes, int n, int quorum) {
        return new Story(new Setup(
                1,
                nodes,
                n,
                quorum,
                quorum,
                0,
                1,
                1,
                Bucket.BlindWrites.SIBLING,
                MILLI / 2,
                false,
                MILLI,
                0,
                MILLI,
                0,
                0,
                20 * MILLI,
                0.1,
                32,
                3_600_000 * MILLI,
                0,
                false,
                Mode.STRICT,
                Mode.STRICT,
                Bucket.Repair.ASYNC,
                1 << 20,
                nodes));
    }

    /** From now on, who counts towards quorums. */
    Story mode(Mode now) {
        mode = now;
        return this;
    }

    private static Key key() {
        return new Key(1, Bytes.utf8(KEY));
    }

    /** The row of the key, by numbers, in preference order. */
    List<Integer> owners() {
        return cluster.owners(key()).stream().map(NodeId::number).toList();
    }

    /** The machines outside that row. */
    List<Integer> others() {
        List<Integer> others = new ArrayList<>();
        List<Integer> owners = owners();
        for (int number = 1; cluster.exists(number); number++) {
            if (!owners.contains(number)) {
                others.add(number);
            }
        }
        return others;
    }

    /** Machines that run and hold a record of the key. */
    List<Integer> holders() {
        List<Integer> holders = new ArrayList<>();
        cluster.contents().forEach((number, records) -> {
            if (records.containsKey(cluster.witness().storageKey(key()))) {
                holders.add(number);
            }
        });
        return holders;
    }

    void settle(long millis) {
        world.runUntil(world.now() + millis * MILLI);
    }

    Told get(int node) {
        return get(node, r);
    }

    Told get(int node, int quorum) {
        ClientGet get = new ClientGet(
                Bucket.DEFAULT_NAME,
                Bytes.utf8(KEY),
                Consistency.DEFAULT,
                OptionalInt.of(quorum),
                OptionalInt.empty(),
                mode);
        return ask(node, process -> process.core().get(get, Duration.ofSeconds(1)));
    }

    /** Without a context. */
    Told put(int node, String value) {
        return write(node, value, Bytes.EMPTY);
    }

    /** With the context of a read at the same node, as {@code riakc_obj:update_value} does. */
    Told update(int node, String value) {
        Told read = get(node);
        return read.ok() ? write(node, value, read.context()) : read;
    }

    Told delete(int node) {
        Told read = get(node);
        return read.ok() ? write(node, null, read.context()) : read;
    }

    Told write(int node, @Nullable String value, Bytes context) {
        ClientWrite write = new ClientWrite(
                Bucket.DEFAULT_NAME,
                Bytes.utf8(KEY),
                value == null ? null : Bytes.utf8(value),
                context,
                Consistency.DEFAULT,
                OptionalInt.of(w),
                OptionalInt.empty(),
                false,
                false,
                Bytes.EMPTY,
                1,
                mode);
        return ask(node, process -> process.core().write(write, Duration.ofSeconds(1)));
    }

    private Told ask(int node, Function<SimProcess, CompletionStage<Result<ClientAnswer>>> request) {
        SimProcess process = cluster.process(node);
        if (process == null) {
            throw new IllegalStateException("n" + node + " is down");
        }
        List<Told> answers = new ArrayList<>();
        process.loop()
                .run(() -> request.apply(process)
                        .whenComplete((result, defect) -> answers.add(result.match(
                                answer -> new Told(
                                        answer.siblings().stream()
                                                .map(sibling -> sibling.value().utf8())
                                                .sorted()
                                                .toList(),
                                        answer.contextToken(),
                                        null),
                                failure -> new Told(List.of(), Bytes.EMPTY, failure)))));
        while (answers.isEmpty() && world.step()) {
            // One event after the other until it is answered.
        }
        return answers.get(0);
    }

    void kill(int node) {
        cluster.kill(node);
        settle(200);
    }

    void revive(int node) {
        cluster.revive(node);
        settle(1_000);
    }

    /** The node starts on an empty disk, without even its identity file. */
    void wipe(int node) {
        kill(node);
        cluster.wipe(node);
        revive(node);
    }

    /** Nothing passes between the two sides. */
    void cut(List<Integer> here, List<Integer> there, boolean cut) {
        for (int from : here) {
            for (int to : there) {
                cluster.network().cut(from, to, cut);
                cluster.network().cut(to, from, cut);
            }
        }
        settle(3_000);
    }

    /** Reads of the key on that node return flipped bits, or no longer do. */
    void damage(int node, boolean damaged) {
        SimProcess process = cluster.process(node);
        if (process == null) {
            throw new IllegalStateException("n" + node + " is down");
        }
        if (damaged) {
            process.storage().damage(cluster.witness().storageKey(key()));
        } else {
            process.storage().undamage();
        }
    }

    long boot(int node) {
        SimProcess process = cluster.process(node);
        return process == null ? 0 : process.greetedBoot();
    }

    /** What the running owners do not agree on. */
    List<Violation> differences() {
        return new Convergence(cluster.contents(), cluster::owners).differences();
    }

    long counted(String name) {
        return metrics.total(name);
    }
}
