package dev.quorate.cli.bench;

import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioSocketChannel;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One gRPC call per operation, as cheap as gRPC makes it: asynchronous, on one event loop, without a hop to another
 * thread. The default executor costs three quarters of the throughput.
 */
final class UnaryClient implements AutoCloseable {
    private final EventLoopGroup loop = new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final ManagedChannel[] channels;
    private final long timeoutNanos;
    private int next;

    UnaryClient(List<String> addresses, Duration timeout) {
        timeoutNanos = timeout.toNanos();
        channels = addresses.stream()
                .map(address -> NettyChannelBuilder.forTarget("dns:///" + address)
                        .eventLoopGroup(loop)
                        .channelType(NioSocketChannel.class)
                        .usePlaintext()
                        .directExecutor()
                        .build())
                .toArray(ManagedChannel[]::new);
    }

    /** @param check what is wrong with an answer, null when nothing is */
    <Q, A> void call(
            MethodDescriptor<Q, A> method,
            Q request,
            Function<A, @Nullable String> check,
            Target.Completion completion) {
        // Nodes in turn. A race between threads would only skip one.
        int turn = next;
        next = turn + 1 == channels.length ? 0 : turn + 1;
        CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(timeoutNanos, TimeUnit.NANOSECONDS);
        ClientCalls.asyncUnaryCall(
                channels[turn].newCall(method, options), request, new OneAnswer<>(check, completion));
    }

    @Override
    public void close() {
        for (ManagedChannel channel : channels) {
            channel.shutdownNow();
        }
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(5, TimeUnit.SECONDS);
    }

    private static final class OneAnswer<A> implements StreamObserver<A> {
        private final Function<A, @Nullable String> check;
        private final Target.Completion completion;
        private @Nullable String problem = "NO_ANSWER";

        OneAnswer(Function<A, @Nullable String> check, Target.Completion completion) {
            this.check = check;
            this.completion = completion;
        }

        @Override
        public void onNext(A answer) {
            problem = check.apply(answer);
        }

        @Override
        public void onError(Throwable failure) {
            completion.completed(GrpcReason.of(Status.fromThrowable(failure), Status.trailersFromThrowable(failure)));
        }

        @Override
        public void onCompleted() {
            completion.completed(problem);
        }
    }
}
