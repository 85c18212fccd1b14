package dev.quorate.server.app;

import dev.quorate.server.config.Address;
import dev.quorate.server.config.NodeSettings;
import dev.quorate.server.grpc.Admission;
import dev.quorate.server.system.NettyEventLoop;
import io.grpc.BindableService;
import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.ChannelzService;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The three listeners and their limits: clients, peers on a port of their own that stays free under client load, operators. */
final class GrpcListeners {
    /** What clients of every language accept by default. */
    private static final int CLIENT_MESSAGE_BYTES = 4 << 20;

    private static final int PEER_MESSAGE_BYTES = 8 << 20;
    /** Siblings that one object may hold, and one more for the write that is refused. */
    private static final int OBJECT_RECORDS = 33;

    private static final int METADATA_BYTES = 8 << 10;
    private static final int PEER_CALLS = 1024;
    private static final int ADMIN_CALLS = 64;
    private static final int CHANNELZ_PAGE = 100;

    private GrpcListeners() {}

    /** A peer's largest message: one object is never split, and joins a message as long as that is below a mebibyte. */
    static int peerMessageBytes(NodeSettings settings) {
        return Math.max(
                PEER_MESSAGE_BYTES, OBJECT_RECORDS * settings.replication().maxRecordBytes() + (2 << 20));
    }

    static Server clients(
            NodeSettings settings, NettyEventLoop loop, Admission admission, List<BindableService> services)
            throws IOException {
        int messageBytes = Math.max(CLIENT_MESSAGE_BYTES, settings.replication().maxRecordBytes() + (64 << 10));
        NettyServerBuilder builder = listener(settings.listen().client(), loop, messageBytes)
                .maxConcurrentCallsPerConnection(settings.limits().callsPerConnection());
        services.forEach(service -> builder.addService(ServerInterceptors.intercept(service, admission)));
        return bind(builder.build(), "listen.client", settings.listen().client());
    }

    static Server peers(NodeSettings settings, NettyEventLoop loop, List<BindableService> services) throws IOException {
        NettyServerBuilder builder = listener(settings.listen().peer(), loop, peerMessageBytes(settings))
                .maxConcurrentCallsPerConnection(PEER_CALLS);
        services.forEach(builder::addService);
        return bind(builder.build(), "listen.peer", settings.listen().peer());
    }

    /** Reflection and channelz, here and nowhere else: they tell how the node is built and who talks to it. */
    static Server admin(NodeSettings settings, NettyEventLoop loop, List<BindableService> services) throws IOException {
        NettyServerBuilder builder = listener(settings.listen().admin(), loop, CLIENT_MESSAGE_BYTES)
                .maxConcurrentCallsPerConnection(ADMIN_CALLS);
        services.forEach(builder::addService);
        builder.addService(ProtoReflectionServiceV1.newInstance());
        builder.addService(ChannelzService.newInstance(CHANNELZ_PAGE));
        return bind(builder.build(), "listen.admin", settings.listen().admin());
    }

    private static Server bind(Server server, String setting, Address address) throws IOException {
        try {
            return server.start();
        } catch (IOException refused) {
            Throwable cause = refused.getCause() == null ? refused : refused.getCause();
            throw new IOException(
                    "cannot listen on " + address + " (" + setting + "): " + cause.getMessage()
                            + ": stop what listens there, or choose another address",
                    refused);
        }
    }

    private static NettyServerBuilder listener(Address address, NettyEventLoop loop, int messageBytes) {
        InetSocketAddress bound = address.resolve();
        return NettyServerBuilder.forAddress(bound)
                .bossEventLoopGroup(loop.group())
                .workerEventLoopGroup(loop.group())
                .channelType(loop.serverChannel())
                .directExecutor()
                .maxInboundMessageSize(messageBytes)
                .maxInboundMetadataSize(METADATA_BYTES)
                .maxRstFramesPerWindow(200, 30)
                .handshakeTimeout(10, TimeUnit.SECONDS)
                .permitKeepAliveTime(5, TimeUnit.SECONDS)
                .permitKeepAliveWithoutCalls(true);
    }
}
