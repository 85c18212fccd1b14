package dev.quorate.sdk.transport;

import io.grpc.netty.shaded.io.netty.channel.EventLoop;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

/**
 * The one thread on which a client does everything: sockets, matching answers to requests, routing, retries, timers. One thread needs no
 * locks and no hand-over between threads, and tasks that wait while it works become one batch. A program that needs more than one core
 * for its client opens several clients.
 */
public final class ClientLoop implements Executor {
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

    /** Runs what was handed in before, then ends the thread. */
    public void close(long timeoutMillis) {
        Future<?> ended = group.shutdownGracefully(0, timeoutMillis, TimeUnit.MILLISECONDS);
        if (loop.inEventLoop()) {
            return; // the thread cannot wait for its own end
        }
        boolean interrupted = false;
        try {
            ended.get(timeoutMillis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            interrupted = true;
        } catch (java.util.concurrent.ExecutionException | java.util.concurrent.TimeoutException e) {
            throw new IllegalStateException("the client's event loop did not end within " + timeoutMillis + " ms", e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
