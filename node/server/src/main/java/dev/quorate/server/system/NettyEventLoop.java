package dev.quorate.server.system;

import dev.quorate.core.runtime.EventLoop;
import io.grpc.netty.shaded.io.netty.channel.Channel;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.IoHandlerFactory;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.ServerChannel;
import io.grpc.netty.shaded.io.netty.channel.SingleThreadEventLoop;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.netty.shaded.io.netty.util.concurrent.DefaultThreadFactory;
import io.grpc.netty.shaded.io.netty.util.concurrent.Future;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * The one thread of a node. It is the transport's own event loop: servers and channels share it and call without an executor in
 * between, so a request is decoded, decided, logged and fanned out without a thread hop.
 *
 * <p>A task that throws has left the node's state half changed, and nobody waits for its answer: {@code defects} is told, which
 * ends the process in production.
 */
public final class NettyEventLoop implements EventLoop {
    private static final Duration QUIET = Duration.ZERO;
    private static final Duration STOP_LIMIT = Duration.ofSeconds(2);

    private final MultiThreadIoEventLoopGroup group;
    private final SingleThreadEventLoop loop;
    private final boolean epoll;
    private final Consumer<Throwable> defects;

    public NettyEventLoop(String threadName, Consumer<Throwable> defects) {
        this.epoll = Epoll.isAvailable();
        this.defects = defects;
        IoHandlerFactory handlers = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
        this.group = new MultiThreadIoEventLoopGroup(1, new DefaultThreadFactory(threadName, false), handlers);
        this.loop = (SingleThreadEventLoop) group.next();
    }

    @Override
    public void execute(Runnable task) {
        loop.execute(() -> run(task));
    }

    @Override
    public Timer after(Duration delay, Runnable task) {
        Future<?> scheduled = loop.schedule(() -> run(task), delay.toNanos(), TimeUnit.NANOSECONDS);
        return () -> scheduled.cancel(false);
    }

    /**
     * Runs the task when the loop has done what is ready and queued now: what gathered until then leaves in one message and one
     * flush. Call on the loop.
     */
    public void atEndOfPass(Runnable task) {
        // Behind what is queued, and behind what that queues. A task of netty's for the end of an iteration comes after
        // the phase in which the
        // transport flushes: what it wrote would wait for all that is ready by then.
        loop.execute(() -> loop.execute(() -> run(task)));
    }

    public boolean inLoop() {
        return loop.inEventLoop();
    }

    /** Runs the task on the loop and waits for its value. For start, stop and operators' threads, never for the path of a request. */
    public <T> T ask(Duration limit, Supplier<T> task) throws TimeoutException, InterruptedException {
        if (inLoop()) {
            return task.get();
        }
        CompletableFuture<T> answer = new CompletableFuture<>();
        loop.execute(() -> {
            try {
                answer.complete(task.get());
            } catch (Throwable thrown) {
                answer.completeExceptionally(thrown);
            }
        });
        try {
            return answer.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException thrown) {
            throw new IllegalStateException(thrown.getCause());
        }
    }

    /** For transports. */
    public EventLoopGroup group() {
        return group;
    }

    /** For transports. */
    public Class<? extends ServerChannel> serverChannel() {
        return epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    }

    /** For transports. */
    public Class<? extends Channel> channel() {
        return epoll ? EpollSocketChannel.class : NioSocketChannel.class;
    }

    /** Runs what is queued and ends the thread. Not to be called on the loop. */
    public void stop() throws InterruptedException {
        Future<?> stopped = group.shutdownGracefully(QUIET.toMillis(), STOP_LIMIT.toMillis(), TimeUnit.MILLISECONDS);
        if (!stopped.await(2 * STOP_LIMIT.toMillis())) {
            defects.accept(
                    new IllegalStateException("the event loop did not stop within " + STOP_LIMIT.multipliedBy(2)));
        }
    }

    private void run(Runnable task) {
        try {
            task.run();
        } catch (Throwable thrown) {
            defects.accept(thrown);
        }
    }
}
