package dev.quorate.sdk;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * One read-resolve-modify-write. Holds the key's lane all the while, so that two updates in one client never see the same old value. What
 * other clients write meanwhile becomes a sibling, never lost; a node that refuses the write because of it is the reason for a new round.
 */
final class Update<T> {
    private static final int MAX_ROUNDS = 5;

    private final Engine engine;
    private final ValueShape<T> shape;
    private final byte[] key;
    private final UnaryOperator<@Nullable T> change;
    private final ReadOptions reading;
    private final WriteOptions writing;
    private final Executor changeRunsOn;
    private final long startNanos = System.nanoTime();
    private final long deadlineNanos;

    Update(
            Engine engine,
            ValueShape<T> shape,
            byte[] key,
            UnaryOperator<@Nullable T> change,
            ReadOptions reading,
            WriteOptions writing,
            Executor changeRunsOn) {
        this.engine = engine;
        this.shape = shape;
        this.key = key;
        this.change = change;
        this.reading = reading;
        this.writing = writing;
        this.changeRunsOn = changeRunsOn;
        this.deadlineNanos = engine.deadline(startNanos, writing.timeout());
    }

    CompletableFuture<Versioned<T>> run(boolean waitForAdmission) {
        LaneCall entry = new LaneCall(engine, shape.bucket(), key, startNanos, deadlineNanos);
        engine.submit(entry, key.length, waitForAdmission);
        return entry.result.thenCompose(
                lane -> round(1, lane).whenComplete((answer, failure) -> engine.release(entry)));
    }

    private CompletableFuture<Versioned<T>> round(int number, WriteLanes.Lane lane) {
        ReadCall<T> read = new ReadCall<>(engine, shape, key, reading, System.nanoTime(), deadlineNanos);
        engine.submitAdmitted(read);
        CompletableFuture<Versioned<T>> written = read.result
                .thenApplyAsync(seen -> new Changed<>(seen, change.apply(seen.valueOrNull())), changeRunsOn)
                .thenCompose(changed -> write(changed, lane));
        if (number == MAX_ROUNDS) {
            return written;
        }
        return written.exceptionallyCompose(
                failure -> mayTryAgain(failure) ? round(number + 1, lane) : CompletableFuture.failedFuture(failure));
    }

    private record Changed<T>(Versioned<T> seen, @Nullable T next) {}

    private CompletableFuture<Versioned<T>> write(Changed<T> changed, WriteLanes.Lane lane) {
        Versioned<T> seen = changed.seen();
        if (changed.next() == null && !seen.isPresent()) {
            return CompletableFuture.completedFuture(seen);
        }
        // Nothing seen is no licence to replace: somebody may have created the key since.
        WriteOptions options = seen.context().isEmpty() ? writing.withIfAbsent(true) : writing;
        WriteCall<T> write = new WriteCall<>(
                engine, shape, key, changed.next(), seen.context(), options, false, System.nanoTime(), deadlineNanos);
        write.lane = lane;
        engine.submitAdmitted(write);
        return write.result;
    }

    // Only when certainly nothing was written: applying a change twice is worse than reporting that it may have
    // happened.
    private static boolean mayTryAgain(Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        return cause instanceof QuorateException known
                && !known.outcomeUnknown()
                && switch (known.reason()) {
                    case TOO_MANY_SIBLINGS, CONTEXT_INVALID, PRECONDITION_FAILED -> true;
                    default -> false;
                };
    }
}
