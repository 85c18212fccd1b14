package dev.quorate.benchmarks;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.Key;
import dev.quorate.core.version.CausalContext;
import dev.quorate.core.version.Dot;
import dev.quorate.core.version.OwnInterval;
import dev.quorate.core.version.Sibling;
import dev.quorate.core.version.StoredRecord;
import dev.quorate.core.version.VersionRules;
import dev.quorate.core.version.VersionedObject;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What a replica does with what others send, and a coordinator with a client's write. Objects are decoded ones, as they come. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class VersionMergeBenchmark {
    private static final int VALUE_BYTES = 100;
    private static final int SECONDS = 218_000_000;
    private static final long HYBRID_TIME = 1_796_000_000_000L << 16;

    private final VersionRules rules = new VersionRules((kept, dropped) -> {});

    /** That both sides hold. */
    @Param({"1", "3"})
    public int siblings;

    /** Of the context: one for each actor, or the many gaps and restarts of a long life. */
    @Param({"3", "96"})
    public int intervals;

    private Key key;
    private Bytes value;
    private CausalContext seen;
    private Dot next;
    private StoredRecord local;
    private VersionedObject same;
    private VersionedObject successor;
    private StoredRecord oneSide;
    private VersionedObject otherSide;

    @Setup
    public void setUp() {
        Samples samples = new Samples();
        key = samples.key();
        value = samples.bytes(VALUE_BYTES);
        VersionedObject held = samples.object(siblings, intervals, VALUE_BYTES);
        seen = held.context();
        next = Samples.next(seen, 0);
        local = new StoredRecord(
                key, decoded(held), new OwnInterval(next.actor().boot(), next.sequence() - 1));
        same = decoded(held);
        successor = decoded(write(seen, next).object());
        oneSide = new StoredRecord(key, decoded(write(CausalContext.EMPTY, next).object()), local.own());
        otherSide = decoded(write(CausalContext.EMPTY, Samples.next(seen, 1)).object());
    }

    /** A replica is sent what it has. */
    @Benchmark
    public StoredRecord mergeOfEqual() {
        return rules.merge(local, key, same);
    }

    /** A replica is sent a write that supersedes all it has. */
    @Benchmark
    public StoredRecord mergeOfSuccessor() {
        return rules.merge(local, key, successor);
    }

    /** Each side has one write more that the other has not seen. */
    @Benchmark
    public StoredRecord mergeOfConcurrent() {
        return rules.merge(oneSide, key, otherSide);
    }

    /** A coordinator takes a write of a client that has seen everything. */
    @Benchmark
    public StoredRecord put() {
        return write(seen, next);
    }

    private StoredRecord write(CausalContext clientHasSeen, Dot dot) {
        return rules.put(local, key, clientHasSeen, dot, HYBRID_TIME, Sibling.Kind.VALUE, value, SECONDS);
    }

    /** In an array of its own. */
    private static VersionedObject decoded(VersionedObject object) {
        return VersionedObject.decode(Bytes.copyOf(object.encoded().unsafeArray()));
    }
}
