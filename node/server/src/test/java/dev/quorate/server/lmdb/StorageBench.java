package dev.quorate.server.lmdb;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.model.KeyHash;
import dev.quorate.core.storage.LeafDelta;
import dev.quorate.core.storage.LeafSums;
import dev.quorate.core.storage.Storage.WriteKind;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * Puts and gets per second of the storage alone, closed loop, with random 16-byte keys. Not a test; run
 * {@code java -cp ... dev.quorate.server.lmdb.StorageBench [inFlight] [valueBytes] [keys] [seconds] [directory] [leaves]}.
 * {@code leaves} false leaves the hash tree out, to see what it costs.
 */
public final class StorageBench {
    private static final int WARM_UP_DIVISOR = 3;

    private final LmdbStorage storage;
    private final TestLoop loop;
    private final int valueBytes;
    private final long keys;
    private final boolean leaves;
    private final SplittableRandom random = new SplittableRandom(1);
    private long[] nanos = new long[1 << 20];
    private int count;
    private long refused;
    private long deadline;
    private int running;
    private CompletableFuture<Boolean> finished = new CompletableFuture<>();

    private StorageBench(LmdbStorage storage, TestLoop loop, int valueBytes, long keys, boolean leaves) {
        this.storage = storage;
        this.loop = loop;
        this.valueBytes = valueBytes;
        this.keys = keys;
        this.leaves = leaves;
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        int inFlight = args.length > 0 ? Integer.parseInt(args[0]) : 64;
        int valueBytes = args.length > 1 ? Integer.parseInt(args[1]) : 100;
        long keys = args.length > 2 ? Long.parseLong(args[2]) : 1_000_000;
        long seconds = args.length > 3 ? Long.parseLong(args[3]) : 15;
        Path directory = args.length > 4 ? Path.of(args[4]) : Files.createTempDirectory("quorate-bench-");
        boolean leaves = args.length <= 5 || Boolean.parseBoolean(args[5]);
        TestLoop loop = new TestLoop();
        LmdbStorage storage = LmdbStorage.open(
                StorageConfig.defaults(directory.resolve("data")), loop, new SilentMetrics(), (what, cause) -> {
                    throw new IllegalStateException(what, cause);
                });
        StorageBench bench = new StorageBench(storage, loop, valueBytes, keys, leaves);
        PrintStream out = System.out;
        bench.puts(inFlight, Math.max(1, seconds / WARM_UP_DIVISOR));
        Map<String, Long> cpuBefore = cpuNanosByThread();
        out.println("puts, " + inFlight + " in flight, " + valueBytes + " B values, " + keys + " keys: "
                + bench.puts(inFlight, seconds));
        Map<String, Long> cpuAfter = cpuNanosByThread();
        cpuAfter.forEach((thread, nanos) -> {
            double each = (nanos - cpuBefore.getOrDefault(thread, 0L)) / 1e3 / bench.count;
            if (each > 0.05) {
                out.printf(Locale.ROOT, "  %s: %.2f us CPU per put%n", thread, each);
            }
        });
        out.println("gets: " + bench.gets(Math.max(1, seconds / WARM_UP_DIVISOR)));
        out.println(loop.<StorageStats>call(storage::stats));
        long before = System.nanoTime();
        storage.close();
        out.println("close: " + (System.nanoTime() - before) / 1_000_000 + " ms");
        loop.close();
        if (args.length <= 4) {
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        }
    }

    private static Map<String, Long> cpuNanosByThread() {
        ThreadMXBean threads = ManagementFactory.getThreadMXBean();
        Map<String, Long> nanos = new TreeMap<>();
        for (ThreadInfo thread : threads.getThreadInfo(threads.getAllThreadIds())) {
            if (thread != null) {
                nanos.put(thread.getThreadName(), threads.getThreadCpuTime(thread.getThreadId()));
            }
        }
        return nanos;
    }

    private String puts(int inFlight, long seconds) {
        long before = System.nanoTime();
        finished = new CompletableFuture<>();
        loop.execute(() -> {
            count = 0;
            refused = 0;
            deadline = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
            running = inFlight;
            for (int i = 0; i < inFlight; i++) {
                put();
            }
        });
        finished.join();
        return summary(System.nanoTime() - before) + ", refused " + refused;
    }

    private void put() {
        long start = System.nanoTime();
        if (start > deadline) {
            if (--running == 0) {
                finished.complete(true);
            }
            return;
        }
        if (storage.refusal(WriteKind.CLIENT_PUT) != null) {
            refused++;
            loop.after(Duration.ofMillis(1), this::put);
            return;
        }
        byte[] value = new byte[valueBytes];
        Bytes key = anyKey();
        WriteBatch batch = WriteBatch.put(Table.DATA, key, Bytes.owning(value));
        if (leaves) {
            batch.andAdd(new LeafDelta(KeyHash.fromBytes(key).slot(LeafSums.DEPTH), start, 1));
        }
        storage.commit(batch).whenComplete((durable, failure) -> {
            if (failure != null) {
                finished.completeExceptionally(failure);
                return;
            }
            record(System.nanoTime() - start);
            put();
        });
    }

    private String gets(long seconds) {
        return loop.call(() -> {
            count = 0;
            long before = System.nanoTime();
            long end = before + Duration.ofSeconds(seconds).toNanos();
            for (long now = before; now < end; ) {
                storage.get(Table.DATA, anyKey()).toCompletableFuture().join();
                long after = System.nanoTime();
                record(after - now);
                now = after;
            }
            return summary(end - before);
        });
    }

    private Bytes anyKey() {
        // Spread like hashes.
        long number = random.nextLong(keys);
        long high = number * 0x9e3779b97f4a7c15L;
        return Bytes.owning(ByteBuffer.allocate(16)
                .putLong(high ^ high >>> 32)
                .putLong(number)
                .array());
    }

    private void record(long taken) {
        if (count == nanos.length) {
            nanos = Arrays.copyOf(nanos, count * 2);
        }
        nanos[count++] = taken;
    }

    private String summary(long elapsedNanos) {
        long[] sorted = Arrays.copyOf(nanos, count);
        Arrays.sort(sorted);
        return String.format(
                Locale.ROOT,
                "%.0f/s; us p50 %.1f p99 %.1f p99.9 %.1f max %.1f",
                count / (elapsedNanos / 1e9),
                at(sorted, 0.5),
                at(sorted, 0.99),
                at(sorted, 0.999),
                at(sorted, 1));
    }

    private static double at(long[] sorted, double share) {
        return sorted.length == 0
                ? 0
                : sorted[(int) Math.min(sorted.length - 1L, (long) (sorted.length * share))] / 1e3;
    }
}
