package dev.quorate.server.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.model.Bytes;
import dev.quorate.core.runtime.EventLoop;
import dev.quorate.core.storage.Storage.Durable;
import dev.quorate.core.storage.StorageFailedException;
import dev.quorate.core.storage.Table;
import dev.quorate.core.storage.WriteBatch;
import dev.quorate.server.lmdb.SilentMetrics;
import dev.quorate.server.lmdb.TestLoop;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The log with its thread, over files in memory. */
class CommitLogTest {
    private static final CommitLog.Limits LIMITS = new CommitLog.Limits(8192, 2048);

    private final RecordingLogFiles files = new RecordingLogFiles();
    private final TestLoop loop = new TestLoop();
    private final AtomicInteger tasks = new AtomicInteger();
    private final CompletableFuture<Throwable> fatal = new CompletableFuture<>();

    @AfterEach
    void stopLoop() {
        loop.close();
    }

    @Test
    void batchesThatArriveTogetherShareOneSyncAndOneTask() throws IOException, InterruptedException {
        CommitLog log = start();
        int forcesBefore = files.forces();
        List<CompletionStage<Durable>> stages = loop.call(() -> {
            List<CompletionStage<Durable>> all = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                all.add(log.append(batch(10)));
            }
            return all;
        });
        for (CompletionStage<Durable> stage : stages) {
            loop.await(stage);
        }
        // The first group is whatever the thread saw when it woke; the second holds all the rest, and so on.
        int groups = files.forces() - forcesBefore;
        assertThat(groups).isLessThan(20);
        assertThat(tasks.get()).as("and one that wakes the thread, if it slept").isBetween(groups, groups + 1);
        assertThat(log.close(10_000)).isTrue();
    }

    @Test
    void closeWritesWhatIsQueued() throws IOException, InterruptedException {
        CommitLog log = start();
        CompletionStage<Durable> last = loop.call(() -> {
            CompletionStage<Durable> newest = log.append(batch(10));
            for (int i = 0; i < 10; i++) {
                newest = log.append(batch(10));
            }
            return newest;
        });
        assertThat(log.close(10_000)).isTrue();
        assertThat(loop.await(last).lsn()).isEqualTo(11);
        assertThat(ManualLog.open(files, LIMITS.segmentBytes(), 0, 2, (lsn, batch) -> {})
                        .recoveredLsn())
                .isEqualTo(11);
    }

    @Test
    void failedSyncEndsTheProcessAndLeavesTheOutcomeUnknown() throws IOException, InterruptedException {
        CommitLog log = start();
        loop.await(loop.<CompletionStage<Durable>>call(() -> log.append(batch(10))));
        files.failForce(new IOException("Input/output error"));
        List<CompletionStage<Durable>> stages =
                loop.call(() -> List.of(log.append(batch(10)), log.append(batch(10)), log.barrier()));
        for (CompletionStage<Durable> stage : stages) {
            assertThatThrownBy(() -> loop.await(stage))
                    .isInstanceOf(StorageFailedException.class)
                    .hasMessageContaining("memory")
                    .hasRootCauseMessage("Input/output error");
        }
        assertThat(loop.await(fatal)).hasRootCauseMessage("Input/output error");
        int forces = files.forces();
        assertThatThrownBy(() -> loop.await(loop.<CompletionStage<Durable>>call(() -> log.append(batch(10)))))
                .isInstanceOf(StorageFailedException.class);
        assertThatThrownBy(() -> loop.await(loop.<CompletionStage<Durable>>call(log::barrier)))
                .isInstanceOf(StorageFailedException.class);
        assertThat(log.syncedLsn()).isEqualTo(1);
        assertThat(log.close(10_000)).isTrue();
        assertThat(files.forces()).as("a failed sync is not tried again").isEqualTo(forces);
    }

    @Test
    void writesAreRefusedBeforeTheLastPreparedSegmentIsFull() throws IOException, InterruptedException {
        CommitLog log = start();
        files.makeFull(true);
        // The worst that admission lets through at once: a full queue, and then the largest batch.
        CompletionStage<Durable> last = loop.call(() -> {
            while (log.hasSpace() && log.queuePercent() < 100) {
                ignoringOutcome(log.append(batch(300)));
            }
            return log.append(batch(4500));
        });
        assertThat(loop.await(last).lsn()).isPositive();
        assertThat(loop.<Boolean>call(log::hasSpace)).isFalse();
        assertThatThrownBy(log::prepareSegments).isInstanceOf(IOException.class);
        files.makeFull(false);
        log.prepareSegments();
        assertThat(loop.<Boolean>call(log::hasSpace)).isTrue();
        assertThat(log.close(10_000)).isTrue();
        assertThat(fatal).isNotDone();
    }

    @Test
    void batchesLargerThanASegmentTakesAreRefused() throws IOException, InterruptedException {
        CommitLog log = start();
        assertThatThrownBy(() -> log.checkSize(batch(5000)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("4608");
        log.checkSize(batch(4500));
        assertThat(log.close(10_000)).isTrue();
    }

    private CommitLog start() throws IOException {
        EventLoop counting = new EventLoop() {
            @Override
            public void execute(Runnable task) {
                tasks.incrementAndGet();
                loop.execute(task);
            }

            @Override
            public Timer after(Duration delay, Runnable task) {
                return loop.after(delay, task);
            }
        };
        return CommitLog.recover(files, LIMITS, 0, false, false, () -> {}, (lsn, batch) -> {})
                .start(1L << 32, counting, new SilentMetrics(), (what, cause) -> fatal.complete(cause));
    }

    /** For appends whose fate the test learns from a later one. */
    private static void ignoringOutcome(CompletionStage<?> stage) {
        assertThat(stage).isNotNull();
    }

    private static WriteBatch batch(int valueBytes) {
        return WriteBatch.put(Table.DATA, Bytes.utf8("k"), Bytes.owning(new byte[valueBytes]));
    }
}
