package dev.quorate.server.lmdb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.storage.Storage.KeyRange;
import dev.quorate.core.storage.Storage.Page;
import dev.quorate.core.storage.Storage.ScanBudget;
import dev.quorate.core.storage.Table;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real process is killed while it writes, over and over on one directory; each time the tables equal the replay of a prefix of its batches that
 * holds every acknowledged one. {@code -Drounds=N} for more rounds.
 */
class StorageKillIT {
    private static final int ROUNDS = Integer.getInteger("rounds", 6);
    private static final long SEED = Long.getLong("seed", System.nanoTime());

    @TempDir
    Path directory;

    @Test
    void killNeverLosesAnAcknowledgedBatch() throws IOException, InterruptedException {
        SplittableRandom random = new SplittableRandom(SEED);
        long acknowledged = 0;
        for (int round = 1; round <= ROUNDS; round++) {
            String description = "round " + round + " of seed " + SEED;
            long before = acknowledged;
            acknowledged = writeAndKill(random.nextInt(1_500), acknowledged);
            assertThat(acknowledged).as(description).isGreaterThan(before);
            // Every other time the killed process' successor finds the directory as the kill left it.
            if (random.nextBoolean()) {
                acknowledged = verify(acknowledged, description);
            }
        }
        verify(acknowledged, "the last round of seed " + SEED);
    }

    @Test
    void secondProcessOnOneDirectoryIsToldWhoHasIt() throws IOException, InterruptedException {
        TestLoop loop = new TestLoop();
        LmdbStorage storage = open(loop);
        Process second = start();
        try (BufferedReader lines = output(second)) {
            assertThat(lines.readLine())
                    .contains("in use: ")
                    .contains(directory.toString())
                    .contains("process " + ProcessHandle.current().pid());
            assertThat(second.waitFor(30, TimeUnit.SECONDS)).isTrue();
        } finally {
            second.destroyForcibly();
            storage.close();
            loop.close();
        }
    }

    /** Returns the number of the last batch that was acknowledged. */
    private long writeAndKill(int afterMillis, long acknowledgedBefore) throws IOException, InterruptedException {
        Process writer = start();
        try (BufferedReader lines = output(writer)) {
            long acknowledged = acknowledgedBefore;
            @Nullable String line = lines.readLine();
            Thread killer = new Thread(() -> {
                try {
                    TimeUnit.MILLISECONDS.sleep(afterMillis);
                } catch (InterruptedException early) {
                    Thread.currentThread().interrupt();
                }
                // By its handle: Process.destroyForcibly would also close the stream whose last lines are wanted.
                assertThat(writer.toHandle().destroyForcibly()).isTrue();
            });
            killer.start();
            while (line != null) {
                assertThat(line).as("output of the writer").matches("[0-9]+");
                long number = Long.parseLong(line);
                assertThat(number).as("acknowledged in order").isGreaterThan(acknowledged);
                acknowledged = number;
                line = wholeLine(lines);
            }
            killer.join();
            assertThat(writer.waitFor(30, TimeUnit.SECONDS)).isTrue();
            return acknowledged;
        } finally {
            writer.destroyForcibly();
        }
    }

    /** The kill may cut the last line short: then its number is not known, and nobody was told. */
    private static @Nullable String wholeLine(BufferedReader lines) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int each = lines.read(); each >= 0; each = lines.read()) {
            if (each == '\n') {
                return line.toString();
            }
            line.append((char) each);
        }
        return null;
    }

    private long verify(long acknowledged, String description) throws IOException, InterruptedException {
        TestLoop loop = new TestLoop();
        LmdbStorage storage = open(loop);
        try {
            @Nullable Bytes stored = loop.await(loop.call(() -> storage.get(Table.META, KilledWriter.LAST)));
            assertThat(stored).as(description).isNotNull();
            long last = Long.parseLong(stored.utf8());
            assertThat(last).as(description).isGreaterThanOrEqualTo(acknowledged);
            Page page = loop.await(loop.<CompletionStage<Page>>call(
                    () -> storage.scan(Table.DATA, KeyRange.ALL, new ScanBudget(100_000, 1 << 30))));
            assertThat(page.resumeAfter()).isNull();
            Map<Bytes, Bytes> found = new TreeMap<>();
            page.entries().forEach(entry -> found.put(entry.key(), entry.value()));
            assertThat(found).as(description).isEqualTo(KilledWriter.replay(last));
            return last;
        } finally {
            storage.close();
            loop.close();
        }
    }

    private LmdbStorage open(TestLoop loop) throws IOException {
        return LmdbStorage.open(KilledWriter.config(directory), loop, new SilentMetrics(), (what, cause) -> {
            throw new AssertionError(what, cause);
        });
    }

    private Process start() throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "--add-opens=java.base/java.nio=ALL-UNNAMED",
                "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                KilledWriter.class.getName(),
                directory.toString()));
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static BufferedReader output(Process process) {
        return new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII));
    }
}
