package dev.quorate.sdk.transport;

import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * The one thread on which a client does everything: sockets, matching answers to requests, routing, retries, timers. One thread needs no
 * locks and no hand-over between threads, and tasks that wait while it works become one batch. A program that needs more than one core
 * for its client opens several clients.
 */
public final class ClientLoop implements Executor {
    private static final long QUIET_LIMIT_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long QUIET_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    private final MultiThreadIoEventLoopGroup group;
    private final EventLoop loop;

    public ClientLoop(String name) {
        group = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory(name, true), NioIoHandler.newFactory());
        loop = group.next();
    }

    EventLoop eventLoop() {
        return loop;
    }

    public boolean isCurrentThread() {
        return loop.inEventLoop();
    }

    /** In order, after what the loop is doing now. Throws {@link RejectedExecutionException} once closed. */
    @Override
    public void execute(Runnable task) {
        loop.execute(task);
    }

    /** At once when on the loop already, for the callbacks of gRPC, which mostly are. */
    Executor inline() {
        return task -> {
            if (loop.inEventLoop()) {
                task.run();
            } else {
                loop.execute(task);
            }
        };
    }

    public Future<?> schedule(Runnable task, long delayNanos) {
        return loop.schedule(task, delayNanos, TimeUnit.NANOSECONDS);
    }

    /** Ends the thread once {@code quiet} holds, or soon after anyway; from the loop. */
    public void endWhen(BooleanSupplier quiet) {
        endWhen(quiet, System.nanoTime() + QUIET_LIMIT_NANOS);
    }

    private void endWhen(BooleanSupplier quiet, long limitNanos) {
        if (quiet.getAsBoolean() || System.nanoTime() - limitNanos >= 0) {
            var unused = group.shutdownGracefully(0, QUIET_LIMIT_NANOS, TimeUnit.NANOSECONDS);
        } else {
            var unused = schedule(() -> endWhen(quiet, limitNanos), QUIET_POLL_NANOS);
        }
    }

    /** Waits for the end of the thread, unless it is the calling thread, which cannot. */
    public void awaitEnd() {
        if (loop.inEventLoop()) {
            return;
        }
        try {
            if (!group.awaitTermination(2 * QUIET_LIMIT_NANOS, TimeUnit.NANOSECONDS)) {
                throw new IllegalStateException("the client's event loop did not end");
            }
        } catch (InterruptedException interruption) {
            Thread.currentThread().interrupt(); // it ends all the same
        }
    }
}
