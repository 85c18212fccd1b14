package dev.quorate.cli.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.cli.terminal.CommandFailure;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class LoopsTest {
    private static final KeyDistribution.Chooser KEYS = KeyDistribution.uniform.over(10);

    /** Answers before start() returns, as a client does that knows the answer or refuses. */
    private static Target answering(@Nullable String failure, AtomicInteger started) {
        return new Target() {
            @Override
            public void start(Operation operation, byte[] key, Completion completion) {
                started.incrementAndGet();
                completion.completed(failure);
            }

            @Override
            public void close() {}
        };
    }

    /** Keeps every operation until told otherwise. */
    private static final class Stalled implements Target {
        final ConcurrentLinkedQueue<Completion> waiting = new ConcurrentLinkedQueue<>();

        @Override
        public void start(Operation operation, byte[] key, Completion completion) {
            waiting.add(completion);
        }

        void answerAll() {
            for (Completion each = waiting.poll(); each != null; each = waiting.poll()) {
                each.completed(null);
            }
        }

        @Override
        public void close() {}
    }

    @Test
    void immediateAnswersDoNotDeepenTheStack() throws Exception {
        AtomicInteger started = new AtomicInteger();
        List<Work> work = List.of(Work.once(Operation.PUT, 0, 1, 200_000));
        ClosedLoop loop = new ClosedLoop(answering(null, started), work);
        loop.start();
        loop.awaitEnd();
        assertThat(started).hasValue(200_000);
        assertThat(loop.recording().take().service().getTotalCount()).isEqualTo(200_000);
    }

    @Test
    void aUserAsksAgainOnlyAfterItsAnswer() throws Exception {
        Stalled target = new Stalled();
        ClosedLoop loop = Loads.closed(target, 5, Mix.HALF, KEYS, 1);
        loop.start();
        assertThat(target.waiting).hasSize(5);
        List<Target.Completion> first = new ArrayList<>(target.waiting);
        target.waiting.clear();
        first.get(0).completed(null);
        assertThat(target.waiting).hasSize(1);
        assertThat(loop.recording().inFlight()).isEqualTo(5);
        Thread stopping = new Thread(() -> {
            try {
                loop.stop();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        stopping.start();
        first.subList(1, 5).forEach(each -> each.completed(null));
        // What is under way when the loop stops is still waited for.
        Awaitility.await().atMost(10, TimeUnit.SECONDS).until(() -> {
            target.answerAll();
            return !stopping.isAlive();
        });
        assertThat(loop.recording().inFlight()).isZero();
    }

    @Test
    void failuresAreCountedByReasonAndSlowedDown() throws Exception {
        AtomicInteger started = new AtomicInteger();
        ClosedLoop loop = Loads.closed(answering("OVERLOADED", started), 2, Mix.READS, KEYS, 1);
        loop.start();
        Awaitility.await().atMost(10, TimeUnit.SECONDS).until(() -> started.get() >= 6);
        loop.stop();
        Recording.Interval interval = loop.recording().take();
        assertThat(interval.failures()).containsOnlyKeys("OVERLOADED");
        assertThat(interval.service().getTotalCount()).isZero();
    }

    @Test
    void everyKeyIsWrittenOnce() throws Exception {
        ConcurrentHashMap<String, Integer> written = new ConcurrentHashMap<>();
        Target target = new Target() {
            @Override
            public void start(Operation operation, byte[] key, Completion completion) {
                // The first is a read: the question whether anybody is there.
                if (operation == Operation.PUT) {
                    written.merge(new String(key, StandardCharsets.US_ASCII), 1, Integer::sum);
                }
                completion.completed(null);
            }

            @Override
            public void close() {}
        };
        Loads.fill(target, 1000);
        assertThat(written)
                .hasSize(1000)
                .allSatisfy((key, times) -> assertThat(times).isEqualTo(1));
    }

    @Test
    void keysThatCouldNotBeWrittenAreAFailure() {
        Target full = new Target() {
            @Override
            public void start(Operation operation, byte[] key, Completion completion) {
                completion.completed(operation == Operation.PUT ? "STORAGE_FULL" : null);
            }

            @Override
            public void close() {}
        };
        assertThatThrownBy(() -> Loads.fill(full, 3))
                .isInstanceOf(CommandFailure.class)
                .hasMessageContaining("STORAGE_FULL=3");
    }

    @Test
    void fillingAsksAgainWhatWasRefusedAsTooMuch() throws Exception {
        AtomicInteger refusals = new AtomicInteger(2);
        ConcurrentLinkedQueue<String> written = new ConcurrentLinkedQueue<>();
        Target busy = new Target() {
            @Override
            public void start(Operation operation, byte[] key, Completion completion) {
                boolean refused = operation == Operation.PUT && refusals.getAndDecrement() > 0;
                if (operation == Operation.PUT && !refused) {
                    written.add(new String(key, StandardCharsets.US_ASCII));
                }
                completion.completed(refused ? "OVERLOADED" : null);
            }

            @Override
            public void close() {}
        };
        Loads.fill(busy, 5, 8);
        assertThat(written).containsExactlyInAnyOrder("k000000000000005", "k000000000000006", "k000000000000007");
    }

    /** The error that closed loops make: a stall would be one slow operation, not hundreds of users waiting. */
    @Test
    void openLoopCountsTheWaitingOfThoseWhoCameDuringAStall() throws Exception {
        Stalled target = new Stalled();
        OpenLoop loop = new OpenLoop(target, Work.random(Mix.READS, KEYS, 1), 2000);
        loop.start();
        Awaitility.await().atMost(20, TimeUnit.SECONDS).until(() -> target.waiting.size() >= 400);
        target.answerAll();
        AtomicBoolean stopped = new AtomicBoolean();
        Thread answering = new Thread(() -> {
            while (!stopped.get()) {
                target.answerAll();
                Thread.onSpinWait();
            }
        });
        answering.start();
        loop.stop();
        stopped.set(true);
        answering.join();
        Recording.Interval interval = loop.recording().take();
        assertThat(interval.response().getTotalCount()).isGreaterThanOrEqualTo(400);
        // 400 operations at 2000 per second began over 200 ms, evenly: half of them waited at least half of that.
        assertThat(interval.response().getValueAtPercentile(75)).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(20));
        assertThat(interval.response().getMaxValue()).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(150));
    }
}
