package dev.quorate.server.lmdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.Storage.Durable;
import dev.quorate.core.storage.Storage.Refusal;
import dev.quorate.core.storage.Storage.WriteKind;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.server.lmdb.StorageConfig.ReadMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A small file system fills up: nothing is lost, nothing dies, and it goes on once there is room. Needs root, to mount it. */
class StorageFullDiskIT {
    private static final long MIB = 1 << 20;

    @TempDir
    Path temporary;

    private final TestLoop loop = new TestLoop();
    private final CompletableFuture<Throwable> fatal = new CompletableFuture<>();

    @AfterEach
    void stopLoop() {
        loop.close();
    }

    @Test
    void fullDiskRefusesWritesUntilThereIsRoom() throws IOException, InterruptedException {
        Path mount = Files.createDirectory(temporary.resolve("small-disk"));
        assumeThat(succeeds("mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "tmpfs", mount.toString()))
                .as("a tmpfs can be mounted (needs root); without it a full disk is not tested")
                .isTrue();
        try {
            fillUpAndMakeRoom(mount);
        } finally {
            assertThat(succeeds("umount", "-l", mount.toString())).isTrue();
        }
    }

    private void fillUpAndMakeRoom(Path mount) throws IOException, InterruptedException {
        StorageConfig config = new StorageConfig(
                mount.resolve("data"),
                MIB,
                256 << 10,
                256 << 10,
                Duration.ofSeconds(1),
                0,
                0,
                0,
                ReadMode.LOOP,
                1,
                Duration.ofSeconds(10));
        Path ballast = mount.resolve("ballast");
        Files.write(ballast, new byte[(int) (6 * MIB)]);
        LmdbStorage storage = open(config);
        int acknowledged = 0;
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (refusal(storage, WriteKind.REPLICA_MERGE) != Refusal.STORAGE_FULL && System.nanoTime() < deadline) {
            if (refusal(storage, WriteKind.REPLICA_MERGE) == null) {
                commit(storage, "key" + acknowledged, 1000);
                acknowledged++;
            }
        }
        assertThat(refusal(storage, WriteKind.REPLICA_MERGE)).isEqualTo(Refusal.STORAGE_FULL);
        assertThat(acknowledged).isGreaterThan(1000);
        for (int i = 0; i < acknowledged; i++) {
            assertThat(get(storage, "key" + i))
                    .as("key %d of %d", i, acknowledged)
                    .isNotNull();
        }
        storage.halt();
        storage = open(config);
        assertThat(get(storage, "key" + (acknowledged - 1))).isNotNull();
        Files.delete(ballast);
        while (refusal(storage, WriteKind.REPLICA_MERGE) != null && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(refusal(storage, WriteKind.REPLICA_MERGE)).isNull();
        commit(storage, "one more", 1000);
        storage.close();
        storage = open(config);
        for (int i = 0; i < acknowledged; i++) {
            assertThat(get(storage, "key" + i))
                    .as("key %d of %d", i, acknowledged)
                    .isNotNull();
        }
        assertThat(get(storage, "one more")).isNotNull();
        storage.close();
        assertThat(fatal).as("a full disk does not end the process").isNotDone();
    }

    private static boolean succeeds(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getInputStream().readAllBytes();
        return process.waitFor() == 0;
    }

    private long commit(LmdbStorage storage, String key, int bytes) {
        return loop.await(loop.<CompletionStage<Durable>>call(() ->
                        storage.commit(WriteBatch.put(Table.DATA, Bytes.utf8(key), Bytes.owning(new byte[bytes])))))
                .lsn();
    }

    private @Nullable Bytes get(LmdbStorage storage, String key) {
        return loop.await(loop.call(() -> storage.get(Table.DATA, Bytes.utf8(key))));
    }

    private @Nullable Refusal refusal(LmdbStorage storage, WriteKind kind) {
        return loop.<@Nullable Refusal>call(() -> storage.refusal(kind));
    }

    private LmdbStorage open(StorageConfig config) throws IOException {
        return LmdbStorage.open(config, loop, new SilentMetrics(), (what, cause) -> fatal.complete(cause));
    }
}
