package dev.quorate.cli.bench;

import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import java.time.Duration;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Ways to put load on a target. */
final class Loads {
    private static final int LOADERS = 128;

    private static final Duration SETTLE = Duration.ofMillis(700);
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final long RETRY_MILLIS = 100;

    private Loads() {}

    static ClosedLoop closed(Target target, int users, Mix mix, KeyDistribution.Chooser keys, long seed) {
        return new ClosedLoop(
                target,
                IntStream.range(0, users)
                        .mapToObj(user -> Work.random(mix, keys, seed * 1_000_003 + user))
                        .toList());
    }

    /** From start to stop; its beginning is left out. */
    static Measurement measured(Load load, ServerProcesses servers, Duration duration) throws InterruptedException {
        load.start();
        Measurement.take(load, servers, SETTLE);
        Measurement measurement = Measurement.take(load, servers, duration);
        load.stop();
        return measurement;
    }

    /** Until the target has answered once: connections and cold JVMs are no part of what is measured. */
    static void awaitAnswer(Target target) throws InterruptedException {
        long giveUpAt = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            CountDownLatch answered = new CountDownLatch(1);
            AtomicReference<@Nullable String> failure = new AtomicReference<>("NO_ANSWER");
            target.start(Operation.GET, BenchKey.of(0), reason -> {
                failure.set(reason);
                answered.countDown();
            });
            boolean inTime = answered.await(giveUpAt - System.nanoTime(), TimeUnit.NANOSECONDS);
            String reason = failure.get();
            // A key that is not there yet is an answer too.
            if (inTime && (reason == null || reason.equals("MISSING"))) {
                return;
            }
            if (System.nanoTime() > giveUpAt) {
                throw new CommandFailure(
                        ExitCode.CANNOT_CONNECT,
                        "no answer within " + PATIENCE.toSeconds() + " s: " + reason,
                        "see whether the nodes run: kvctl ping");
            }
            Thread.sleep(RETRY_MILLIS);
        }
    }

    /** Writes every key once, so that reads find something. */
    static void fill(Target target, long keys) throws InterruptedException {
        fill(target, 0, keys);
    }

    static void fill(Target target, long first, long endExclusive) throws InterruptedException {
        awaitAnswer(target);
        SortedMap<String, Long> failures;
        try (PatientTarget patient = new PatientTarget(target)) {
            failures = once(Operation.PUT, patient, first, endExclusive);
        }
        if (!failures.isEmpty()) {
            throw new CommandFailure(
                    ExitCode.UNAVAILABLE,
                    "the keys could not all be written: " + failures,
                    "see who is missing: kvctl cluster status");
        }
    }

    /** Operations per second in a closed loop, after it has warmed the target up. */
    static double maximum(
            Target target, int users, Mix mix, KeyDistribution.Chooser keys, Duration warmUp, Duration measured)
            throws InterruptedException {
        Load load = closed(target, users, mix, keys, 1);
        load.start();
        ServerProcesses unknown = new ServerProcesses(List.of());
        Measurement.take(load, unknown, warmUp);
        double most = Measurement.take(load, unknown, measured).throughput();
        load.stop();
        return most;
    }

    /** One operation on every key. @return failures by reason */
    static SortedMap<String, Long> once(Operation operation, Target target, long first, long endExclusive)
            throws InterruptedException {
        ClosedLoop loop = new ClosedLoop(
                target,
                LongStream.range(first, Math.min(first + LOADERS, endExclusive))
                        .mapToObj(key -> Work.once(operation, key, LOADERS, endExclusive))
                        .toList());
        loop.start();
        loop.awaitEnd();
        return loop.recording().take().failures();
    }
}
