package dev.quorate.benchmarks;

import dev.quorate.core.runtime.Metrics;
import dev.quorate.core.runtime.Watched;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.server.log.CommitLog;
import dev.quorate.server.log.DiskLogFiles;
import dev.quorate.server.system.NettyEventLoop;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/**
 * Appends until they are durable, on the disk that holds {@code java.io.tmpdir}. A number of writers append on the node's loop, each
 * again as soon as its former batch is durable; an operation is one batch that has become so.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class CommitLogBenchmark {
    private static final CommitLog.Limits LIMITS = new CommitLog.Limits(16 << 20, 4 << 20);
    private static final int BATCHES = 1 << 10;
    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final WriteBatch[] batches = new WriteBatch[BATCHES];
    private final Semaphore durable = new Semaphore(0);
    private final AtomicLong syncs = new AtomicLong();

    @Param({"1", "64"})
    public int inFlight;

    @Param({"100", "1024"})
    public int valueBytes;

    private Path directory;
    private NettyEventLoop loop;
    private ExecutorService upkeep;
    private volatile @Nullable CommitLog log;
    private volatile @Nullable Throwable failure;
    private volatile boolean stopping;
    private int turn;

    /** Makes the time of one sync a result of its own: divided by the time of an append, it is the size of a group. */
    @AuxCounters
    @State(Scope.Thread)
    public static class Groups {
        public long syncs;
        private long seen;

        @Setup(Level.Iteration)
        public void begin(CommitLogBenchmark benchmark) {
            // What became durable while nobody measured.
            benchmark.durable.drainPermits();
            seen = benchmark.syncs.get();
        }

        void count(long all) {
            syncs += all - seen;
            seen = all;
        }
    }

    @Setup
    public void setUp() throws Exception {
        Samples samples = new Samples();
        for (int i = 0; i < BATCHES; i++) {
            batches[i] = samples.batch(valueBytes);
        }
        directory = Files.createTempDirectory("quorate-log-");
        upkeep = Executors.newSingleThreadExecutor();
        loop = new NettyEventLoop("loop", this::fail);
        CommitLog.Recovery recovery = CommitLog.recover(
                new DiskLogFiles(directory),
                LIMITS,
                0,
                false,
                false,
                () -> upkeep.execute(this::prepareSegments),
                (lsn, batch) -> {});
        log = recovery.start(1, loop, new GroupCounter(), (what, cause) -> fail(cause));
        upkeep.submit(this::prepareSegments).get();
        loop.execute(() -> {
            for (int i = 0; i < inFlight; i++) {
                append();
            }
        });
    }

    @Benchmark
    public void append(Groups groups) throws InterruptedException {
        if (!durable.tryAcquire(PATIENCE.toSeconds(), TimeUnit.SECONDS) || failure != null) {
            throw new IllegalStateException("the log does not get on", failure);
        }
        groups.count(syncs.get());
    }

    @TearDown
    public void tearDown() throws IOException, InterruptedException {
        stopping = true;
        CommitLog open = log;
        if (open != null) {
            open.close(PATIENCE.toMillis());
        }
        loop.stop();
        upkeep.shutdown();
        upkeep.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }

    /** On the loop. */
    private void append() {
        CommitLog open = log;
        if (stopping || open == null) {
            return;
        }
        if (!open.hasSpace()) {
            loop.execute(this::append);
            return;
        }
        WriteBatch batch = batches[turn++ & BATCHES - 1];
        Watched.whenComplete(open.append(batch), loop, (lsn, failed) -> {
            if (failed != null) {
                fail(failed);
                return;
            }
            durable.release();
            append();
        });
    }

    /** As if all that is synced were in LMDB at once: segments go round. */
    private void prepareSegments() {
        CommitLog open = log;
        if (open == null) {
            return;
        }
        try {
            open.checkpointed(open.syncedLsn());
            open.prepareSegments();
        } catch (IOException | RuntimeException failed) {
            fail(failed);
        }
    }

    private void fail(Throwable cause) {
        failure = cause;
    }

    /** Counts the groups and nothing else. */
    private final class GroupCounter implements Metrics {
        @Override
        public Counter counter(String name, String help) {
            return amount -> {};
        }

        @Override
        public void gauge(String name, String help, LongSupplier value) {}

        @Override
        public Histogram histogram(String name, String help) {
            return name.equals("log_group_batches") ? value -> syncs.incrementAndGet() : value -> {};
        }
    }
}
