package dev.quorate.cli.bench;

import com.google.protobuf.BytesValue;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.Epoll;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.stub.ServerCalls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/**
 * The least that a gRPC server can do, in a process of its own and shaped like a node: one event loop, epoll where there is epoll, direct
 * executor.
 * Prints its port and ends when its standard input does, so that it cannot outlive who started it.
 */
final class EchoServer {
    static final MethodDescriptor<BytesValue, BytesValue> METHOD = MethodDescriptor.<BytesValue, BytesValue>newBuilder()
            .setType(MethodDescriptor.MethodType.UNARY)
            .setFullMethodName("quorate.bench.v1.EchoService/Echo")
            .setRequestMarshaller(ProtoUtils.marshaller(BytesValue.getDefaultInstance()))
            .setResponseMarshaller(ProtoUtils.marshaller(BytesValue.getDefaultInstance()))
            .build();

    private EchoServer() {}

    public static void main(String[] arguments) throws IOException {
        boolean epoll = Epoll.isAvailable();
        EventLoopGroup loop =
                new MultiThreadIoEventLoopGroup(1, epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory());
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .bossEventLoopGroup(loop)
                .workerEventLoopGroup(loop)
                .channelType(epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class)
                .directExecutor()
                .addService(ServerServiceDefinition.builder("quorate.bench.v1.EchoService")
                        .addMethod(
                                METHOD,
                                ServerCalls.asyncUnaryCall(
                                        (BytesValue request, io.grpc.stub.StreamObserver<BytesValue> answer) -> {
                                            answer.onNext(request);
                                            answer.onCompleted();
                                        }))
                        .build())
                .build()
                .start();
        System.out.println(server.getPort());
        while (System.in.read() >= 0) {
            // Nothing is ever sent: the end of the stream is the message.
        }
        server.shutdownNow();
        System.exit(0);
    }
}
