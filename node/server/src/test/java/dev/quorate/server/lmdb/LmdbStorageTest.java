package dev.quorate.server.lmdb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.Storage.Durable;
import dev.quorate.core.storage.Storage.KeyRange;
import dev.quorate.core.storage.Storage.Page;
import dev.quorate.core.storage.Storage.Refusal;
import dev.quorate.core.storage.Storage.ScanBudget;
import dev.quorate.core.storage.Storage.WriteKind;
import dev.quorate.core.storage.StorageFailedException;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.server.lmdb.StorageConfig.ReadMode;
import dev.quorate.server.log.CorruptStorageException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** What only the real storage has: files, limits, damage and an end. */
class LmdbStorageTest {
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
    void filesAreForTheirOwnerOnly() throws IOException, InterruptedException {
        LmdbStorage storage = open(config());
        commit(storage, "a", 10);
        storage.close();
        try (Stream<Path> files = Files.walk(config().directory())) {
            for (Path file : files.toList()) {
                String mode = PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
                assertThat(mode).as(file.toString()).isEqualTo(Files.isDirectory(file) ? "rwx------" : "rw-------");
            }
        }
    }

    /** Linux says of a mapping that is read in no order {@code rr}. */
    @Test
    @EnabledOnOs(OS.LINUX)
    void theSystemReadsAheadOnlyWhereTheDataFindsRoom() throws IOException, InterruptedException {
        for (ReadMode mode : List.of(ReadMode.LOOP, ReadMode.POOL)) {
            LmdbStorage storage = open(withReads(mode));
            assertThat(flagsOfMapping().contains(" rr ")).isEqualTo(mode == ReadMode.POOL);
            storage.close();
        }
        assertThat(Reads.readAhead(ReadMode.AUTO, 0)).isTrue();
        assertThat(Reads.readAhead(ReadMode.AUTO, Long.MAX_VALUE)).isFalse();
        assertThat(PageCache.available(List.of("MemTotal: 9 kB", "MemAvailable:       2 kB")))
                .isEqualTo(2048);
        assertThat(PageCache.available(List.of("MemTotal: 9 kB"))).isNegative();
    }

    private String flagsOfMapping() throws IOException {
        List<String> lines = Files.readAllLines(Path.of("/proc/self/smaps"));
        int mapping = 0;
        while (!lines.get(mapping).endsWith("/lmdb/" + LmdbFile.NAME)) {
            mapping++;
        }
        while (!lines.get(mapping).startsWith("VmFlags:")) {
            mapping++;
        }
        return lines.get(mapping) + " ";
    }

    @Test
    void oneStoragePerDirectory() throws IOException, InterruptedException {
        LmdbStorage storage = open(config());
        assertThatThrownBy(() -> open(config()))
                .isInstanceOf(DirectoryInUseException.class)
                .hasMessageContaining(config().directory().toString());
        storage.close();
        open(config()).close();
    }

    @Test
    void afterACleanCloseLmdbAloneIsComplete() throws IOException, InterruptedException {
        LmdbStorage storage = open(config());
        for (int i = 0; i < 100; i++) {
            commit(storage, "k" + i, 100);
        }
        storage.close();
        try (Stream<Path> files = Files.list(config().directory().resolve("log"))) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        LmdbStorage again = open(config());
        for (int i = 0; i < 100; i++) {
            assertThat(get(again, "k" + i)).isEqualTo(Bytes.owning(new byte[100]));
        }
        assertThat(commit(again, "next", 1)).isEqualTo(101);
        again.close();
    }

    @Test
    void closingTwiceAndUsingAfterwardsAreHarmless() throws IOException, InterruptedException {
        LmdbStorage storage = open(config());
        storage.close();
        storage.close();
        assertThatThrownBy(() -> commit(storage, "a", 1)).isInstanceOf(StorageFailedException.class);
        assertThatThrownBy(() -> get(storage, "a")).isInstanceOf(StorageFailedException.class);
        assertThat(refusal(storage, WriteKind.REPLICA_MERGE)).isEqualTo(Refusal.OVERLOADED);
    }

    @Test
    void truncatedDataFileIsRefusedBeforeItIsMapped() throws IOException, InterruptedException {
        Path file = closedStorageWithData();
        try (RandomAccessFile data = new RandomAccessFile(file.toFile(), "rw")) {
            data.setLength(MIB / 2);
        }
        assertThatThrownBy(() -> open(config()))
                .isInstanceOf(CorruptStorageException.class)
                .hasMessageContaining(file + " is truncated: it has 524288 bytes");
        try (RandomAccessFile data = new RandomAccessFile(file.toFile(), "rw")) {
            data.setLength(100);
        }
        assertThatThrownBy(() -> open(config()))
                .isInstanceOf(CorruptStorageException.class)
                .hasMessageContaining("is truncated: it has 100 bytes");
    }

    @Test
    void zeroedMetaPageIsRefused() throws IOException, InterruptedException {
        Path file = closedStorageWithData();
        for (int page = 0; page < 2; page++) {
            long position = page * 4096L;
            try (RandomAccessFile data = new RandomAccessFile(file.toFile(), "rw")) {
                byte[] before = new byte[512];
                data.seek(position);
                data.readFully(before);
                data.seek(position);
                data.write(new byte[512]);
                assertThatThrownBy(() -> open(config()))
                        .isInstanceOf(CorruptStorageException.class)
                        .hasMessageContaining("the meta page at offset " + position + " of " + file + " is damaged");
                data.seek(position);
                data.write(before);
            }
        }
        open(config()).close();
    }

    @Test
    void damagedLogIsRefusedAndTheDirectoryIsFreeAgain() throws IOException, InterruptedException {
        LmdbStorage storage = open(config());
        commit(storage, "a", 100);
        commit(storage, "b", 100);
        storage.halt();
        Path segment;
        try (Stream<Path> files = Files.list(config().directory().resolve("log"))) {
            segment = files.sorted().findFirst().orElseThrow();
        }
        try (RandomAccessFile file = new RandomAccessFile(segment.toFile(), "rw")) {
            file.seek(80);
            file.write(99);
        }
        for (int attempt = 0; attempt < 2; attempt++) {
            assertThatThrownBy(() -> open(config()))
                    .isInstanceOf(CorruptStorageException.class)
                    .hasMessageContaining(segment + " at offset 0 lacks LSN 1");
        }
    }

    @Test
    void missingLogIsRefusedUnlessTheNodeWasStoppedInGoodOrder() throws IOException, InterruptedException {
        LmdbStorage storage = open(config());
        commit(storage, "a", 100);
        storage.close();
        storage = open(config());
        commit(storage, "b", 100);
        storage.halt();
        deleteLog();
        assertThatThrownBy(() -> open(config()))
                .isInstanceOf(CorruptStorageException.class)
                .hasMessageContaining(
                        "the commit log is missing: " + config().directory().resolve("log"))
                .hasMessageContaining("after LSN 1");
    }

    @Test
    void missingLogIsRefusedAlsoBeforeTheFirstFlush() throws IOException, InterruptedException {
        LmdbStorage storage = open(config());
        commit(storage, "a", 100);
        storage.halt();
        deleteLog();
        assertThatThrownBy(() -> open(config()))
                .isInstanceOf(CorruptStorageException.class)
                .hasMessageContaining("the commit log is missing");
    }

    /** What crashes one after the other left in the log may be more than fits in memory at once. */
    @Test
    void whatIsReplayedGoesToLmdbBeforeItFillsTheHeap() throws IOException, InterruptedException {
        LmdbStorage storage = open(withMemoryTable(4 * MIB));
        int keys = 600;
        for (int i = 0; i < keys; i++) {
            commitLater(storage, "key" + i, 1000);
        }
        commit(storage, "last", 1);
        storage.halt();
        long tableBytes = 64 << 10;
        for (int start = 0; start < 2; start++) {
            storage = open(withMemoryTable(tableBytes));
            LmdbStorage opened = storage;
            StorageStats stats = loop.call(opened::stats);
            assertThat(stats.checkpointLsn()).isBetween(200L, keys + 1L);
            assertThat(stats.memoryTableBytes()).isLessThan(5 * tableBytes);
            assertThat(stats.appendedLsn()).isEqualTo(keys + 1L);
            for (int i = 0; i < keys; i++) {
                assertThat(get(storage, "key" + i)).isEqualTo(Bytes.owning(new byte[1000]));
            }
            storage.halt();
        }
        assertThat(fatal).isNotDone();
    }

    private StorageConfig withMemoryTable(long bytes) {
        return new StorageConfig(
                temporary.resolve("data"),
                16 * MIB,
                MIB,
                bytes,
                Duration.ofSeconds(60),
                64 * MIB,
                0,
                0,
                ReadMode.LOOP,
                2,
                Duration.ofSeconds(20));
    }

    private void deleteLog() throws IOException {
        try (Stream<Path> files = Files.list(config().directory().resolve("log"))) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
    }

    /** Pages of a scan while the tables they were read from are flushed and dropped. */
    @Test
    void scansInThePoolMissNothingWhileTablesAreFlushed() throws IOException, InterruptedException {
        StorageConfig small = new StorageConfig(
                temporary.resolve("data"),
                MIB,
                256 << 10,
                4096,
                Duration.ofMillis(10),
                64 * MIB,
                0,
                0,
                ReadMode.POOL,
                2,
                Duration.ofSeconds(20));
        LmdbStorage storage = open(small);
        int keys = 200;
        CompletableFuture<Integer> rounds = new CompletableFuture<>();
        loop.execute(() -> writeRound(storage, keys, 0, 60, rounds));
        int scans = 0;
        while (!rounds.isDone()) {
            CompletionStage<Integer> roundBefore = loop.call(() -> storage.get(Table.META, Bytes.utf8("round"))
                    .thenApply(round -> round == null ? 0 : Integer.parseInt(round.utf8())));
            int atLeast = loop.await(roundBefore);
            Page page = loop.await(loop.<CompletionStage<Page>>call(
                    () -> storage.scan(Table.DATA, KeyRange.ALL, new ScanBudget(10_000, 1 << 24))));
            if (atLeast > 0) {
                assertThat(page.entries())
                        .hasSize(keys)
                        .allSatisfy(entry -> assertThat(
                                        Integer.parseInt(entry.value().utf8()))
                                .isGreaterThanOrEqualTo(atLeast));
            }
            scans++;
        }
        assertThat(loop.await(rounds)).isEqualTo(60);
        assertThat(scans).isPositive();
        storage.close();
        assertThat(fatal).isNotDone();
    }

    /** Writes every key with the number of the round, then the number itself, then goes on. */
    private void writeRound(LmdbStorage storage, int keys, int key, int left, CompletableFuture<Integer> rounds) {
        int round = 61 - left;
        if (left == 0) {
            rounds.complete(round - 1);
            return;
        }
        if (storage.refusal(WriteKind.REPLICA_MERGE) != null) {
            loop.after(Duration.ofMillis(1), () -> writeRound(storage, keys, key, left, rounds));
            return;
        }
        Bytes value = Bytes.utf8(Integer.toString(round));
        if (key < keys) {
            storage.commit(WriteBatch.put(Table.DATA, Bytes.utf8("key" + key), value))
                    .thenRun(() -> {});
            loop.execute(() -> writeRound(storage, keys, key + 1, left, rounds));
        } else {
            storage.commit(WriteBatch.put(Table.META, Bytes.utf8("round"), value))
                    .thenRun(() -> writeRound(storage, keys, 0, left - 1, rounds));
        }
    }

    @Test
    void clientsAreRefusedBelowTheDiskReserveAndDeletionsAreNot() throws IOException, InterruptedException {
        LmdbStorage storage = open(withReserve(Long.MAX_VALUE / 2));
        assertThat(refusal(storage, WriteKind.CLIENT_PUT)).isEqualTo(Refusal.STORAGE_FULL);
        assertThat(refusal(storage, WriteKind.BACKGROUND)).isEqualTo(Refusal.STORAGE_FULL);
        assertThat(refusal(storage, WriteKind.CLIENT_DELETE)).isNull();
        assertThat(refusal(storage, WriteKind.REPLICA_MERGE)).isNull();
        assertThat(loop.<StorageStats>call(storage::stats).diskLow()).isTrue();
        storage.close();
    }

    /** As with a full disk: refused, not fatal, and nothing is lost; the log keeps what LMDB cannot take. */
    @Test
    void aFullMapRefusesWritesUntilItIsEnlarged() throws IOException, InterruptedException {
        LmdbStorage storage = open(withMap(2 * MIB));
        int acknowledged = 0;
        for (; refusal(storage, WriteKind.REPLICA_MERGE) != Refusal.STORAGE_FULL; Thread.onSpinWait()) {
            if (refusal(storage, WriteKind.REPLICA_MERGE) == null) {
                commit(storage, "key" + acknowledged, 4000);
                acknowledged++;
            }
            assertThat(acknowledged).isLessThan(2000);
        }
        assertThat(refusal(storage, WriteKind.CLIENT_PUT)).isEqualTo(Refusal.STORAGE_FULL);
        assertThat(loop.<StorageStats>call(storage::stats).flushBlocked()).isTrue();
        assertThat(get(storage, "key0")).isNotNull();
        storage.close();
        storage = open(withMap(64 * MIB));
        for (int i = 0; i < acknowledged; i++) {
            assertThat(get(storage, "key" + i))
                    .as("key %d of %d", i, acknowledged)
                    .isNotNull();
        }
        assertThat(refusal(storage, WriteKind.CLIENT_PUT)).isNull();
        storage.close();
        assertThat(fatal).isNotDone();
    }

    private StorageConfig withMap(long mapBytes) {
        return new StorageConfig(
                temporary.resolve("data"),
                4 * MIB,
                MIB,
                MIB / 2,
                Duration.ofSeconds(60),
                mapBytes,
                0,
                0,
                ReadMode.LOOP,
                2,
                Duration.ofMillis(300));
    }

    @Test
    void aFullQueueRefusesBackgroundFirstAndReplicasLast() throws IOException, InterruptedException {
        LmdbStorage storage = open(config());
        CompletionStage<Durable> last = loop.call(() -> {
            fillUntilRefused(storage, WriteKind.BACKGROUND);
            assertThat(storage.refusal(WriteKind.CLIENT_PUT)).isNull();
            assertThat(storage.load()).isBetween(50, 75);
            fillUntilRefused(storage, WriteKind.CLIENT_PUT);
            assertThat(storage.refusal(WriteKind.CLIENT_DELETE)).isEqualTo(Refusal.OVERLOADED);
            assertThat(storage.refusal(WriteKind.REPLICA_MERGE)).isNull();
            fillUntilRefused(storage, WriteKind.REPLICA_MERGE);
            assertThat(storage.load()).isEqualTo(100);
            return storage.barrier();
        });
        loop.await(last);
        assertThat(refusal(storage, WriteKind.REPLICA_MERGE)).isNull();
        storage.close();
    }

    private static void fillUntilRefused(LmdbStorage storage, WriteKind kind) {
        while (storage.refusal(kind) == null) {
            CompletionStage<Durable> later =
                    storage.commit(WriteBatch.put(Table.DATA, Bytes.utf8("k"), Bytes.owning(new byte[1000])));
            assertThat(later.toCompletableFuture()).isNotCompletedExceptionally();
        }
    }

    private Path closedStorageWithData() throws IOException, InterruptedException {
        LmdbStorage storage = open(config());
        for (int i = 0; i < 1000; i++) {
            loop.execute(() -> {});
            commitLater(storage, "key" + i, 1000);
        }
        storage.close();
        return config().directory().resolve("lmdb").resolve(LmdbFile.NAME);
    }

    private void commitLater(LmdbStorage storage, String key, int bytes) {
        CompletionStage<Durable> later = loop.call(
                () -> storage.commit(WriteBatch.put(Table.DATA, Bytes.utf8(key), Bytes.owning(new byte[bytes]))));
        assertThat(later).isNotNull();
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

    private StorageConfig config() {
        return withReserve(0);
    }

    private StorageConfig withReserve(long bytes) {
        return with(bytes, ReadMode.AUTO);
    }

    private StorageConfig withReads(ReadMode mode) {
        return with(0, mode);
    }

    private StorageConfig with(long reserveBytes, ReadMode mode) {
        return new StorageConfig(
                temporary.resolve("data"),
                16 * MIB,
                MIB,
                8 * MIB,
                Duration.ofSeconds(60),
                64 * MIB,
                reserveBytes,
                0,
                mode,
                2,
                Duration.ofSeconds(20));
    }
}
