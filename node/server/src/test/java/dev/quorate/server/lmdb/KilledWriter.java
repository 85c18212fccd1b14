package dev.quorate.server.lmdb;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.Storage.WriteKind;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The process that {@link StorageKillIT} kills. It writes batches 1, 2, 3 and so on, whose content follows from their number, and prints the
 * number of each as soon as it is acknowledged.
 */
public final class KilledWriter {
    static final Bytes LAST = Bytes.utf8("last");

    private static final int KEYS = 500;
    private static final int IN_FLIGHT = 32;

    private final LmdbStorage storage;
    private final TestLoop loop;
    private final PrintStream out;
    private long next;

    private KilledWriter(LmdbStorage storage, TestLoop loop, PrintStream out, long next) {
        this.storage = storage;
        this.loop = loop;
        this.out = out;
        this.next = next;
    }

    /** Small enough that a second of writing freezes, flushes and recycles many times. */
    static StorageConfig config(Path directory) {
        return new StorageConfig(
                directory,
                1 << 20,
                256 << 10,
                100 << 10,
                Duration.ofSeconds(1),
                256 << 20,
                0,
                0,
                StorageConfig.ReadMode.AUTO,
                2,
                Duration.ofSeconds(30));
    }

    /** Batch {@code number}: one key written or deleted, and the number itself, atomically. */
    static WriteBatch batch(long number) {
        WriteBatch batch = WriteBatch.put(Table.META, LAST, Bytes.utf8(Long.toString(number)));
        Bytes key = Bytes.utf8("key" + (number * 0x9e3779b97f4a7c15L >>> 33) % KEYS);
        return number % 7 == 0
                ? batch.andDelete(Table.DATA, key)
                : batch.andPut(Table.DATA, key, Bytes.utf8(number + "-" + "x".repeat((int) (number % 200))));
    }

    /** The table {@link Table#DATA} after the batches up to that number. */
    static Map<Bytes, Bytes> replay(long last) {
        Map<Bytes, Bytes> state = new TreeMap<>();
        for (long number = 1; number <= last; number++) {
            for (WriteBatch.Change change : batch(number).changes()) {
                Bytes value = change.value();
                if (change.table() == Table.DATA && value == null) {
                    state.remove(change.key());
                } else if (change.table() == Table.DATA && value != null) {
                    state.put(change.key(), value);
                }
            }
        }
        return state;
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.US_ASCII);
        TestLoop loop = new TestLoop();
        LmdbStorage storage;
        try {
            storage = LmdbStorage.open(config(Path.of(args[0])), loop, new SilentMetrics(), (what, cause) -> {
                out.println("fatal: " + what + ": " + cause);
                Runtime.getRuntime().halt(3);
            });
        } catch (DirectoryInUseException inUse) {
            out.println("in use: " + inUse.getMessage());
            loop.close();
            return;
        }
        @Nullable Bytes last = loop.await(loop.call(() -> storage.get(Table.META, LAST)));
        KilledWriter writer = new KilledWriter(storage, loop, out, last == null ? 1 : Long.parseLong(last.utf8()) + 1);
        loop.execute(() -> {
            for (int i = 0; i < IN_FLIGHT; i++) {
                writer.write();
            }
        });
        Thread.currentThread().join();
    }

    private void write() {
        if (storage.refusal(WriteKind.CLIENT_PUT) != null) {
            loop.after(Duration.ofMillis(1), this::write);
            return;
        }
        long number = next++;
        storage.commit(batch(number)).thenRun(() -> {
            out.println(number);
            write();
        });
    }
}
