package dev.quorate.server.lmdb;

import dev.quorate.benchmarks.Samples;
import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.core.storage.WriteBatch.Change;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** A memory table as full as a node's is before its flush. Of a batch it takes the record and what that adds to the hash tree. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class MemoryTableBenchmark {
    private static final long TABLE_BYTES = 24 << 20;
    private static final long SHUFFLE_SEED = 1;

    @Param({"100", "1024"})
    public int valueBytes;

    private MemoryTable table;
    private List<WriteBatch> batches;
    private Bytes[] held;
    private Bytes[] absent;
    private int turn;
    private long lsn;

    @Setup
    public void setUp() {
        Samples samples = new Samples();
        table = new MemoryTable(1);
        batches = new ArrayList<>();
        while (table.bytes() < TABLE_BYTES) {
            WriteBatch batch = samples.batch(valueBytes);
            batches.add(batch);
            table.apply(++lsn, batch);
        }
        // Nobody asks for keys in the order in which they were written. Only the table lies in disorder: batches
        // and keys are used in the order they were made in, or the benchmark would wait for its own inputs.
        List<WriteBatch> disorder = new ArrayList<>(batches);
        Collections.shuffle(disorder, new Random(SHUFFLE_SEED));
        table.beginAgain(table.generation() + 1);
        disorder.forEach(batch -> table.apply(++lsn, batch));
        held = batches.stream()
                .map(batch -> Bytes.copyOf(batch.changes().get(0).key().unsafeArray()))
                .toArray(Bytes[]::new);
        absent = batches.stream()
                .map(batch -> samples.hasher().hash(samples.key()).toBytes())
                .toArray(Bytes[]::new);
    }

    /** Keys that the table does not have yet; a full one begins again. */
    @Benchmark
    public long putNew() {
        int next = nextTurn();
        if (next == 0) {
            table.beginAgain(table.generation() + 1);
        }
        table.apply(++lsn, batches.get(next));
        return table.writtenBytes();
    }

    @Benchmark
    public long putAgain() {
        table.apply(++lsn, batches.get(nextTurn()));
        return table.writtenBytes();
    }

    @Benchmark
    public @Nullable Change getHit() {
        return table.get(Table.DATA, held[nextTurn()]);
    }

    @Benchmark
    public @Nullable Change getMiss() {
        return table.get(Table.DATA, absent[nextTurn()]);
    }

    private int nextTurn() {
        int now = turn;
        turn = now + 1 == held.length ? 0 : now + 1;
        return now;
    }
}
