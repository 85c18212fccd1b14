package dev.quorate.server.app;

import com.google.protobuf.ByteString;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.GetTopologyRequest;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.PipelineRequest;
import dev.quorate.proto.kv.v1.PipelineResponse;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.proto.kv.v1.TopologyServiceGrpc;
import dev.quorate.server.config.ConfigException;
import dev.quorate.server.config.ConfigFile;
import dev.quorate.server.lmdb.LmdbStorage;
import dev.quorate.server.system.IdentityException;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A cluster in one process that serves a few operations, so that the class archive that the launcher records holds what a node loads when it
 * starts and when it serves clients and peers: it would otherwise load two thousand classes while its first clients wait.
 */
final class ArchiveRecording {
    private static final int NODES = 3;
    private static final int PORTS_OF_A_NODE = 3;
    private static final int OPERATIONS = 40;
    private static final Duration LIMIT = Duration.ofSeconds(40);

    private ArchiveRecording() {}

    /** @param arguments an empty folder, which the caller removes */
    public static void main(String[] arguments) {
        try {
            record(Path.of(arguments[0]));
        } catch (Exception failed) {
            failed.printStackTrace();
            Runtime.getRuntime().halt(ExitCode.FAILURE);
        }
        System.exit(ExitCode.OK);
    }

    private static void record(Path folder)
            throws IOException, ConfigException, IdentityException, InterruptedException {
        LmdbStorage.loadLibrary();
        List<Integer> ports = freePorts();
        for (int number = 2; number <= NODES; number++) {
            NodeProcess.start(
                    ConfigFile.read(configuration(folder, number, ports), Map.of(), warning -> {}),
                    (what, cause) -> cause.printStackTrace());
        }
        Path first = configuration(folder, 1, ports);
        Thread node = new Thread(() -> Kvnode.commandLine().execute("run", "--config", first.toString()), "recorded");
        node.setDaemon(true);
        node.start();
        ManagedChannel client = NettyChannelBuilder.forAddress(
                        InetAddress.getLoopbackAddress().getHostAddress(), ports.get(0))
                .usePlaintext()
                .build();
        awaitServing(client);
        for (int operation = 0; operation < OPERATIONS; operation++) {
            KvServiceGrpc.newBlockingStub(client).put(put(operation));
            KvServiceGrpc.newBlockingStub(client).get(get(operation));
        }
        pipeline(client);
    }

    private static PutRequest put(int key) {
        return PutRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8("k" + key))
                .setValue(ByteString.copyFromUtf8("v"))
                .build();
    }

    private static GetRequest get(int key) {
        return GetRequest.newBuilder()
                .setKey(ByteString.copyFromUtf8("k" + key))
                .build();
    }

    /** Before all three have met they answer no reads. */
    private static void awaitServing(ManagedChannel client) throws InterruptedException {
        long giveUpAt = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            try {
                var topology = TopologyServiceGrpc.newBlockingStub(client)
                        .getTopology(GetTopologyRequest.getDefaultInstance());
                KvServiceGrpc.newBlockingStub(client).put(put(0));
                KvServiceGrpc.newBlockingStub(client).get(get(0));
                if (topology.hasTopology()) {
                    return;
                }
            } catch (StatusRuntimeException notYet) {
                if (System.nanoTime() - giveUpAt > 0) {
                    throw notYet;
                }
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private static void pipeline(ManagedChannel client) throws InterruptedException {
        CountDownLatch ended = new CountDownLatch(1);
        StreamObserver<PipelineRequest> requests = KvServiceGrpc.newStub(client).pipeline(new StreamObserver<>() {
            @Override
            public void onNext(PipelineResponse response) {}

            @Override
            public void onError(Throwable failed) {
                ended.countDown();
            }

            @Override
            public void onCompleted() {
                ended.countDown();
            }
        });
        PipelineRequest.Builder batch = PipelineRequest.newBuilder();
        for (int operation = 0; operation < OPERATIONS; operation++) {
            batch.addOperations(PipelineRequest.Operation.newBuilder()
                    .setId(2L * operation + 1)
                    .setPut(put(operation)));
            batch.addOperations(PipelineRequest.Operation.newBuilder()
                    .setId(2L * operation + 2)
                    .setGet(get(operation)));
        }
        requests.onNext(batch.build());
        requests.onCompleted();
        ended.await(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    private static List<Integer> freePorts() throws IOException {
        List<ServerSocket> sockets = new ArrayList<>();
        List<Integer> ports = new ArrayList<>();
        for (int i = 0; i < NODES * PORTS_OF_A_NODE; i++) {
            ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
            sockets.add(socket);
            ports.add(socket.getLocalPort());
        }
        for (ServerSocket socket : sockets) {
            socket.close();
        }
        return ports;
    }

    private static Path configuration(Path folder, int number, List<Integer> ports) throws IOException {
        StringBuilder yaml = new StringBuilder("cluster: {id: 00000000-0000-0000-0000-000000000001}\n")
                .append("node: n")
                .append(number)
                .append("\nhashSeed: '00000000000000000000000000000000'\n")
                .append("clusterKey: '00000000000000000000000000000000'\n")
                .append("storage: {dir: data}\n")
                .append("members:\n");
        for (int member = 1; member <= NODES; member++) {
            int port = (member - 1) * PORTS_OF_A_NODE;
            yaml.append(
                    "  - {id: n%d, client: '127.0.0.1:%d', peer: '127.0.0.1:%d', admin: '127.0.0.1:%d', host: h%d}%n"
                            .formatted(member, ports.get(port), ports.get(port + 1), ports.get(port + 2), member));
        }
        Path file = Files.createDirectories(folder.resolve("n" + number)).resolve("kvnode.yaml");
        Files.writeString(file, yaml);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return file;
    }
}
