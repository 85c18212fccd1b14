package dev.quorate.integration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.GetClusterRequest;
import dev.quorate.proto.admin.v1.GetClusterResponse;
import dev.quorate.proto.admin.v1.GetNodeMetricsRequest;
import dev.quorate.proto.admin.v1.GetNodeStatusRequest;
import dev.quorate.proto.admin.v1.GetNodeStatusResponse;
import dev.quorate.proto.admin.v1.NodeServiceGrpc;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One node as a process of its own, with a folder, three ports and a log file that stay the same over its restarts. */
final class ClusterNode {
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(30);
    private static final int LOG_TAIL_CHARS = 6_000;

    private final int number;
    private final Path folder;
    private final int clientPort = FreePorts.next();
    private final int peerPort = FreePorts.next();
    private final int adminPort = FreePorts.next();
    private @Nullable Process process;

    ClusterNode(int number, Path folder) {
        this.number = number;
        this.folder = folder;
    }

    int number() {
        return number;
    }

    String id() {
        return "n" + number;
    }

    Path folder() {
        return folder;
    }

    Path configuration() {
        return folder.resolve("kvnode.yaml");
    }

    private Path log() {
        return folder.resolve("log");
    }

    String clientAddress() {
        return "127.0.0.1:" + clientPort;
    }

    int clientPort() {
        return clientPort;
    }

    int peerPort() {
        return peerPort;
    }

    String adminAddress() {
        return "127.0.0.1:" + adminPort;
    }

    boolean alive() {
        return process != null && process.isAlive();
    }

    /** Starts it and does not wait. */
    void start() throws IOException {
        assertThat(alive()).as("%s runs already", id()).isFalse();
        Process started = new ProcessBuilder(
                        Programs.kvnode("run", "--config", configuration().toString()))
                .directory(folder.toFile())
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
                .start();
        Orphans.started(started);
        process = started;
    }

    /** A crash: no flush, no goodbye. */
    void kill() throws InterruptedException {
        assertThat(process().destroyForcibly().waitFor(STOP_PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .as("%s ends when killed", id())
                .isTrue();
    }

    /** The loss of its disk, while it is down. */
    void wipe() throws IOException {
        assertThat(alive()).as("%s runs", id()).isFalse();
        List<Path> deepestFirst;
        try (Stream<Path> files = Files.walk(folder.resolve("data"))) {
            deepestFirst = files.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path file : deepestFirst) {
            Files.delete(file);
        }
    }

    /** As a service manager stops it; returns the exit code. */
    int stop() throws InterruptedException {
        process().destroy();
        return awaitEnd();
    }

    int awaitEnd() throws InterruptedException {
        assertThat(process().waitFor(STOP_PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .as("%s ends within %s; its log ends with\n%s", id(), STOP_PATIENCE, logTail())
                .isTrue();
        return process().exitValue();
    }

    /** It keeps its connections and answers nothing. */
    void pause() throws IOException, InterruptedException {
        signal("STOP");
    }

    void resume() throws IOException, InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws IOException, InterruptedException {
        Process kill =
                new ProcessBuilder("kill", "-" + name, Long.toString(process().pid())).start();
        assertThat(kill.waitFor()).as("kill -%s %s", name, id()).isZero();
    }

    private Process process() {
        assertThat(process).as("%s was started", id()).isNotNull();
        return process;
    }

    /** Everything it has said, over all its lives. */
    String logText() {
        try {
            return Files.exists(log()) ? Files.readString(log(), StandardCharsets.UTF_8) : "";
        } catch (IOException unreadable) {
            return unreadable.toString();
        }
    }

    String logTail() {
        String text = logText();
        return text.substring(Math.max(0, text.length() - LOG_TAIL_CHARS));
    }

    GetNodeStatusResponse status() {
        return askAdmin(channel -> NodeServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(5, TimeUnit.SECONDS)
                .getNodeStatus(GetNodeStatusRequest.getDefaultInstance()));
    }

    GetClusterResponse cluster() {
        return askAdmin(channel -> ClusterServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(5, TimeUnit.SECONDS)
                .getCluster(GetClusterRequest.getDefaultInstance()));
    }

    /** Whether it serves and reaches all of these. */
    boolean reaches(List<String> peers) {
        try {
            return cluster().getMembersList().stream()
                    .filter(member -> peers.contains(member.getId()))
                    .allMatch(member -> member.getReachable());
        } catch (StatusRuntimeException notYet) {
            return false;
        }
    }

    /** Why it says that it cannot use a peer; empty if it can. */
    Optional<String> unreachableBecause(String peer) {
        return cluster().getMembersList().stream()
                .filter(member -> member.getId().equals(peer) && !member.getReachable())
                .map(member -> member.getUnreachableBecause())
                .findFirst();
    }

    /** What it counts or measures under this name, without a label. */
    double metric(String name) {
        String text = askAdmin(channel -> NodeServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(5, TimeUnit.SECONDS)
                .getNodeMetrics(GetNodeMetricsRequest.getDefaultInstance())
                .getText());
        String begin = "quorate_" + name + " ";
        return text.lines()
                .filter(line -> line.startsWith(begin))
                .mapToDouble(line -> Double.parseDouble(line.substring(begin.length())))
                .findFirst()
                .orElseThrow(() -> new AssertionError(id() + " has no metric " + name));
    }

    <A> A askClientPort(Function<ManagedChannel, A> call) {
        return ask(clientPort, call);
    }

    <A> A askAdmin(Function<ManagedChannel, A> call) {
        return ask(adminPort, call);
    }

    /** A new channel for each call: one that was refused once would wait before it tries again. */
    static <A> A ask(int port, Function<ManagedChannel, A> call) {
        ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", port)
                .usePlaintext()
                .disableRetry()
                .build();
        try {
            return call.apply(channel);
        } finally {
            channel.shutdownNow();
        }
    }
}
