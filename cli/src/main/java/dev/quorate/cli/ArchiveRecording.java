package dev.quorate.cli;

import com.google.protobuf.ByteString;
import dev.quorate.cli.terminal.Terminal;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.GetResponse;
import dev.quorate.proto.kv.v1.GetTopologyRequest;
import dev.quorate.proto.kv.v1.GetTopologyResponse;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.proto.kv.v1.PutResponse;
import dev.quorate.proto.kv.v1.Report;
import dev.quorate.proto.kv.v1.Sibling;
import dev.quorate.proto.kv.v1.TopologyServiceGrpc;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;

/**
 * Runs everyday commands against a stand-in node of this very process, so that the class archive that the launcher
 * records holds the classes such commands load. Answers are canned: only loading matters.
 */
final class ArchiveRecording {
    private ArchiveRecording() {}

    public static void main(String[] arguments) throws IOException {
        Server server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .addService(new CannedKeys())
                .addService(new CannedTopology())
                .build()
                .start();
        String endpoint = "127.0.0.1:" + server.getPort();
        Terminal silent = new Terminal(
                new ByteArrayInputStream(new byte[0]),
                new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8),
                new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8),
                Map.of(),
                Path.of("").toAbsolutePath(),
                false);
        int failures = 0;
        failures += Kvctl.run(silent, "put", "hello", "world", "-e", endpoint) == 0 ? 0 : 1;
        failures += Kvctl.run(silent, "get", "hello", "-e", endpoint) == 0 ? 0 : 1;
        failures += Kvctl.run(silent, "get", "hello", "-o", "json", "-e", endpoint) == 0 ? 0 : 1;
        // These fail, and on the way load what failures are told with.
        Kvctl.run(silent, "ping", "-e", endpoint);
        Kvctl.run(silent, "cluster", "status", "-e", endpoint);
        Kvctl.run(silent, "dev", "status", "--dir", "no-cluster-here");
        Kvctl.run(silent, "get");
        server.shutdownNow();
        System.exit(failures == 0 ? 0 : 1);
    }

    private static final class CannedKeys extends KvServiceGrpc.KvServiceImplBase {
        private static final Report REPORT =
                Report.newBuilder().setCoordinator("n1").addNodes("n1").build();

        @Override
        public void get(GetRequest request, StreamObserver<GetResponse> answer) {
            answer.onNext(GetResponse.newBuilder()
                    .addSiblings(Sibling.newBuilder().setValue(ByteString.copyFromUtf8("world")))
                    .setReport(REPORT)
                    .build());
            answer.onCompleted();
        }

        @Override
        public void put(PutRequest request, StreamObserver<PutResponse> answer) {
            answer.onNext(PutResponse.newBuilder().setReport(REPORT).build());
            answer.onCompleted();
        }
    }

    private static final class CannedTopology extends TopologyServiceGrpc.TopologyServiceImplBase {
        @Override
        public void getTopology(GetTopologyRequest request, StreamObserver<GetTopologyResponse> answer) {
            answer.onNext(GetTopologyResponse.getDefaultInstance());
            answer.onCompleted();
        }
    }
}
