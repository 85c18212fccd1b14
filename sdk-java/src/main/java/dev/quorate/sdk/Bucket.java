package dev.quorate.sdk;

import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The keys of one bucket, with values of one type. Thread-safe; cheap to make and to drop.
 *
 * <h2>What a write supersedes</h2>
 *
 * <ul>
 *   <li>{@code put(key, versioned)} and {@code delete(key, versioned)} supersede exactly what the answer they come from held: after a get,
 *       all its siblings, whether the resolver or the program made one of them. Values written meanwhile stay as siblings. If the answer held
 *       nothing, nothing is superseded.
 *   <li>{@code put(key, value)} and {@code delete(key)} continue this client's own last answered write of the key: they supersede it and
 *       what it superseded, and nothing that others wrote since. What anyone read in between plays no part, so a value that the program
 *       has never looked at is not replaced behind its back. (An answer to a write with {@code returnSiblings} counts as looked at.)
 *   <li>The first such write of a key in a client has nothing to continue and goes without a context: the bucket's policy decides; by default
 *       the write supersedes what its coordinator holds. The same is true once the key's context has been pushed out by those of more
 *       than {@link QuorateClient.Builder#maxCarriedContexts} other keys.
 *   <li>{@code update} reads, resolves, changes and writes; it supersedes exactly what it read.
 * </ul>
 *
 * <p>Writes of one key through one client are sent one after the other, in the order of the calls, so a client's own sequence of writes
 * never conflicts with itself. Two exceptions: a write whose outcome is unknown may show up later as a sibling; and a write with a
 * {@code Versioned} that is older than the client's own last write leaves that write as a sibling, as it says it has not seen it.
 *
 * <h2>Threads</h2>
 *
 * <p>Futures complete on the client's event loop: what is chained to them without an executor must not block. The blocking methods refuse
 * to be called from there.
 */
public final class Bucket<T> {
    private final Engine engine;
    private final ValueShape<T> shape;

    Bucket(Engine engine, ValueShape<T> shape) {
        this.engine = engine;
        this.shape = shape;
    }

    public String name() {
        return shape.bucket();
    }

    // ---- Blocking ----

    /** What the key holds; an absent key is an answer, not an error. */
    public Versioned<T> get(String key) {
        return get(utf8(key), ReadOptions.DEFAULT);
    }

    public Versioned<T> get(byte[] key) {
        return get(key, ReadOptions.DEFAULT);
    }

    public Versioned<T> get(String key, ReadOptions options) {
        return get(utf8(key), options);
    }

    public Versioned<T> get(byte[] key, ReadOptions options) {
        return await(read(key, options, true), false);
    }

    /** Continues this client's own last write of the key; see the class comment. */
    public Versioned<T> put(String key, T value) {
        return put(utf8(key), value, WriteOptions.DEFAULT);
    }

    public Versioned<T> put(byte[] key, T value) {
        return put(key, value, WriteOptions.DEFAULT);
    }

    public Versioned<T> put(String key, T value, WriteOptions options) {
        return put(utf8(key), value, options);
    }

    public Versioned<T> put(byte[] key, T value, WriteOptions options) {
        return await(write(key, value, null, options, true), true);
    }

    /** Supersedes exactly what the answer held. */
    public Versioned<T> put(String key, Versioned<T> value) {
        return put(utf8(key), value, WriteOptions.DEFAULT);
    }

    public Versioned<T> put(byte[] key, Versioned<T> value) {
        return put(key, value, WriteOptions.DEFAULT);
    }

    public Versioned<T> put(String key, Versioned<T> value, WriteOptions options) {
        return put(utf8(key), value, options);
    }

    public Versioned<T> put(byte[] key, Versioned<T> value, WriteOptions options) {
        return await(write(key, value.value(), value.context(), options, true), true);
    }

    /** Continues this client's own last write of the key; see the class comment. */
    public Versioned<T> delete(String key) {
        return delete(utf8(key), WriteOptions.DEFAULT);
    }

    public Versioned<T> delete(byte[] key) {
        return delete(key, WriteOptions.DEFAULT);
    }

    public Versioned<T> delete(String key, WriteOptions options) {
        return delete(utf8(key), options);
    }

    public Versioned<T> delete(byte[] key, WriteOptions options) {
        return await(write(key, null, null, options, true), true);
    }

    /** Deletes exactly what the answer held. */
    public Versioned<T> delete(String key, Versioned<T> seen) {
        return delete(utf8(key), seen, WriteOptions.DEFAULT);
    }

    public Versioned<T> delete(byte[] key, Versioned<T> seen, WriteOptions options) {
        return await(write(key, null, seen.context(), options, true), true);
    }

    /**
     * Reads, resolves, changes and writes. The change gets null for an absent key, and deletes by answering null; it may run several times
     * and so should do nothing else. It runs on the calling thread.
     *
     * @throws QuorateException with {@code outcomeUnknown()} when the change may or may not have taken effect: it is not repeated then
     */
    public Versioned<T> update(String key, UnaryOperator<@Nullable T> change) {
        return update(utf8(key), change, ReadOptions.DEFAULT, WriteOptions.DEFAULT);
    }

    /** @param writing its timeout is that of the whole update */
    public Versioned<T> update(
            byte[] key, UnaryOperator<@Nullable T> change, ReadOptions reading, WriteOptions writing) {
        refuseLoopThread();
        CallerThread caller = new CallerThread();
        CompletableFuture<Versioned<T>> updated = new Update<T>(
                        engine,
                        shape,
                        key.clone(),
                        old -> {
                            if (caller.isGone()) {
                                throw new CancellationException("the thread that waited was interrupted");
                            }
                            return change.apply(old);
                        },
                        reading,
                        writing,
                        caller)
                .run(true);
        try {
            caller.runUntilDone(updated);
        } catch (InterruptedException interruption) {
            throw interrupted(interruption, true);
        }
        return await(updated, true);
    }

    // ---- With futures ----

    public CompletableFuture<Versioned<T>> getAsync(String key) {
        return getAsync(utf8(key), ReadOptions.DEFAULT);
    }

    public CompletableFuture<Versioned<T>> getAsync(byte[] key) {
        return getAsync(key, ReadOptions.DEFAULT);
    }

    public CompletableFuture<Versioned<T>> getAsync(byte[] key, ReadOptions options) {
        return read(key, options, false);
    }

    public CompletableFuture<Versioned<T>> putAsync(String key, T value) {
        return putAsync(utf8(key), value, WriteOptions.DEFAULT);
    }

    public CompletableFuture<Versioned<T>> putAsync(byte[] key, T value) {
        return putAsync(key, value, WriteOptions.DEFAULT);
    }

    public CompletableFuture<Versioned<T>> putAsync(byte[] key, T value, WriteOptions options) {
        return write(key, value, null, options, false);
    }

    public CompletableFuture<Versioned<T>> putAsync(String key, Versioned<T> value) {
        return putAsync(utf8(key), value, WriteOptions.DEFAULT);
    }

    public CompletableFuture<Versioned<T>> putAsync(byte[] key, Versioned<T> value, WriteOptions options) {
        T resolved;
        try {
            resolved = value.value();
        } catch (QuorateException conflict) {
            return CompletableFuture.failedFuture(conflict);
        }
        return write(key, resolved, value.context(), options, false);
    }

    public CompletableFuture<Versioned<T>> deleteAsync(String key) {
        return deleteAsync(utf8(key), WriteOptions.DEFAULT);
    }

    public CompletableFuture<Versioned<T>> deleteAsync(byte[] key) {
        return deleteAsync(key, WriteOptions.DEFAULT);
    }

    public CompletableFuture<Versioned<T>> deleteAsync(byte[] key, WriteOptions options) {
        return write(key, null, null, options, false);
    }

    public CompletableFuture<Versioned<T>> deleteAsync(byte[] key, Versioned<T> seen, WriteOptions options) {
        return write(key, null, seen.context(), options, false);
    }

    /** As {@link #update(String, UnaryOperator)}, but the change runs on the client's event loop and must not block. */
    public CompletableFuture<Versioned<T>> updateAsync(String key, UnaryOperator<@Nullable T> change) {
        return updateAsync(utf8(key), change, ReadOptions.DEFAULT, WriteOptions.DEFAULT);
    }

    public CompletableFuture<Versioned<T>> updateAsync(
            byte[] key, UnaryOperator<@Nullable T> change, ReadOptions reading, WriteOptions writing) {
        return new Update<>(engine, shape, key.clone(), change, reading, writing, Runnable::run).run(false);
    }

    // ---- Many keys ----

    /** Reads each key by itself; one failure says nothing about the others. In the order of the keys. */
    public Map<String, Outcome<T>> multiGet(Collection<String> keys) {
        return multiGet(keys, ReadOptions.DEFAULT);
    }

    public Map<String, Outcome<T>> multiGet(Collection<String> keys, ReadOptions options) {
        Map<String, CompletableFuture<Versioned<T>>> pending = new LinkedHashMap<>();
        for (String key : keys) {
            pending.computeIfAbsent(key, wanted -> read(utf8(wanted), options, true));
        }
        return outcomes(pending, false);
    }

    /** Writes each key by itself, as {@code put(key, value)}. Not a transaction. */
    public Map<String, Outcome<T>> multiPut(Map<String, T> values) {
        return multiPut(values, WriteOptions.DEFAULT);
    }

    public Map<String, Outcome<T>> multiPut(Map<String, T> values, WriteOptions options) {
        Map<String, CompletableFuture<Versioned<T>>> pending = new LinkedHashMap<>();
        values.forEach((key, value) -> pending.put(key, write(utf8(key), value, null, options, true)));
        return outcomes(pending, true);
    }

    /** The owners of a key in preference order, as this client knows the ring: {@code n1 host:port}. Empty before the first answer. */
    public List<String> owners(String key) {
        return engine.owners(shape.bucket(), utf8(key));
    }

    private static <T> Map<String, Outcome<T>> outcomes(
            Map<String, CompletableFuture<Versioned<T>>> pending, boolean mayHaveWritten) {
        Map<String, Outcome<T>> outcomes = new LinkedHashMap<>();
        pending.forEach((key, future) -> {
            try {
                outcomes.put(key, new Outcome.Ok<>(await(future, mayHaveWritten)));
            } catch (QuorateException failure) {
                outcomes.put(key, new Outcome.Failed<>(failure));
            }
        });
        return outcomes;
    }

    private CompletableFuture<Versioned<T>> read(byte[] key, ReadOptions options, boolean wait) {
        long now = start(wait);
        try {
            Sizes.checkKey(key);
        } catch (QuorateException tooLarge) {
            return CompletableFuture.failedFuture(tooLarge);
        }
        ReadCall<T> call =
                new ReadCall<>(engine, shape, key.clone(), options, now, engine.deadline(now, options.timeout()));
        submit(call, key.length, wait);
        return call.result;
    }

    private CompletableFuture<Versioned<T>> write(
            byte[] key, @Nullable T value, @Nullable Context seen, WriteOptions options, boolean wait) {
        long now = start(wait);
        WriteCall<T> call;
        try {
            boolean usesLane = seen != null || options.carryContext();
            long deadline = engine.deadline(now, options.timeout());
            call = new WriteCall<>(engine, shape, key.clone(), value, seen, options, usesLane, now, deadline);
        } catch (QuorateException cannotBeSent) {
            return CompletableFuture.failedFuture(cannotBeSent);
        }
        submit(call, key.length + call.valueBytes(), wait);
        return call.result;
    }

    private long start(boolean wait) {
        if (wait) {
            refuseLoopThread();
        }
        return System.nanoTime();
    }

    private void submit(Call<?> call, int bytes, boolean wait) {
        engine.submit(call, bytes, wait);
    }

    private void refuseLoopThread() {
        if (engine.isLoopThread()) {
            throw new IllegalStateException(
                    "a blocking method was called from a callback, which would wait for itself; use the Async methods there");
        }
    }

    private static <A> A await(CompletableFuture<A> future, boolean mayHaveWritten) {
        try {
            return future.get();
        } catch (InterruptedException interruption) {
            throw interrupted(interruption, mayHaveWritten);
        } catch (ExecutionException failure) {
            Throwable cause = failure.getCause();
            if (cause instanceof RuntimeException known) {
                if (known instanceof QuorateException) {
                    known.fillInStackTrace(); // the program's stack says more than the event loop's
                }
                throw known;
            }
            if (cause instanceof Error error) {
                throw error;
            }
            throw new IllegalStateException("a call ended in an unforeseen way", failure);
        }
    }

    private static QuorateException interrupted(InterruptedException interruption, boolean mayHaveWritten) {
        Thread.currentThread().interrupt();
        return new QuorateException(
                QuorateException.Reason.INTERRUPTED,
                "interrupted while waiting for the answer",
                false,
                mayHaveWritten,
                List.of(),
                Map.of(),
                interruption);
    }

    private static byte[] utf8(String key) {
        return key.getBytes(StandardCharsets.UTF_8);
    }
}
