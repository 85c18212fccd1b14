package dev.quorate.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.quorate.proto.kv.v1.GetResponse;
import io.grpc.Status;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Exit codes and messages when things go wrong. */
class FailuresTest {
    @TempDir
    Path folder;

    private FakeNode node;

    @BeforeEach
    void start() {
        node = new FakeNode();
    }

    @AfterEach
    void stop() {
        node.close();
    }

    private Run kvctl(String... arguments) {
        return Run.of(folder, Map.of(), "", arguments);
    }

    private static String deadEndpoint() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return "127.0.0.1:" + socket.getLocalPort();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "INVALID_ARGUMENT, KEY_TOO_LARGE, 2",
        "INVALID_ARGUMENT, CONTEXT_INVALID, 2",
        "NOT_FOUND, BUCKET_NOT_FOUND, 4",
        "UNAVAILABLE, QUORUM_NOT_MET, 5",
        "UNAVAILABLE, NOT_ENOUGH_REPLICAS_ALIVE, 5",
        "UNAVAILABLE, NODE_STARTING, 5",
        "RESOURCE_EXHAUSTED, STORAGE_FULL, 5",
        "FAILED_PRECONDITION, PRECONDITION_FAILED, 6",
        "ABORTED, TOO_MANY_SIBLINGS, 6",
        "PERMISSION_DENIED, DENIED, 7",
        "DEADLINE_EXCEEDED, DEADLINE, 8",
        "DATA_LOSS, RECORD_CORRUPT, 1",
        "INTERNAL, INTERNAL, 1",
        "UNIMPLEMENTED, NOT_BUILT, 1",
    })
    void refusalsKeepTheNodesWordsAndBecomeExitCodes(Status.Code code, String reason, int exitCode) {
        node.failure = FakeNode.refusal(code, reason, "the node's words");
        Run run = kvctl("put", "k", "v", "-e", node.endpoint());
        assertThat(run.exitCode()).isEqualTo(exitCode);
        assertThat(run.out()).isEmpty();
        assertThat(run.err())
                .startsWith("kvctl: " + node.endpoint() + ": the node's words [" + reason + "]\n")
                .doesNotContain("\tat ");
    }

    @Test
    void refusedConnectionNamesTheEndpointAndTheNextStep() throws IOException {
        String dead = deadEndpoint();
        Run run = kvctl("get", "k", "-e", dead);
        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.err())
                .contains(dead + ": connect: connection refused", "next: ", "kvctl dev up")
                .doesNotContain("\tat ", "io exception");
    }

    @Test
    void unknownHostIsNamed() {
        Run run = kvctl("get", "k", "-e", "no-such-host.invalid:7400");
        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.err()).contains("unknown host no-such-host.invalid");
    }

    @Test
    void nextEndpointIsAskedWhenOneCannotBeReached() throws IOException {
        node.found =
                GetResponse.newBuilder().addSiblings(FakeNode.sibling("v", "1")).build();
        assertThat(kvctl("get", "k", "-e", deadEndpoint() + "," + node.endpoint()))
                .isEqualTo(new Run(0, "v\n", ""));
    }

    @Test
    void nextEndpointIsAskedWhenANodeSaysThatItDidNothing() {
        node.failure = FakeNode.refusal(Status.Code.UNAVAILABLE, "NODE_DRAINING", "going down");
        try (FakeNode other = new FakeNode()) {
            assertThat(kvctl("put", "k", "v", "-e", node.endpoint() + "," + other.endpoint())
                            .exitCode())
                    .isZero();
            assertThat(other.puts).hasSize(1);
        }
    }

    @Test
    void writeThatMayHaveBeenAppliedIsNeverSentToAnotherNode() {
        node.failure = FakeNode.refusal(Status.Code.UNAVAILABLE, "QUORUM_NOT_MET", "1 of 2 replicas wrote");
        try (FakeNode other = new FakeNode()) {
            Run run = kvctl("put", "k", "v", "-e", node.endpoint() + "," + other.endpoint());
            assertThat(run.exitCode()).isEqualTo(5);
            assertThat(run.err()).contains("not rolled back");
            assertThat(other.puts).isEmpty();
        }
    }

    @Test
    void allEndpointsAreListedWhenNoneAnswers() throws IOException {
        String first = deadEndpoint();
        Run run = kvctl("get", "k", "-e", first + ",no-such-host.invalid");
        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.err()).contains("no node could be reached", first, "no-such-host.invalid:7400");
    }

    @Test
    void silenceAfterConnectingIsADeadlineAndLeavesAWriteInDoubt() {
        // Once before, so that the time goes into waiting and not into loading classes.
        kvctl("get", "k", "-e", node.endpoint());
        node.silent = true;
        Run run = kvctl("put", "k", "v", "-e", node.endpoint(), "--timeout", "2s");
        assertThat(run.exitCode()).isEqualTo(8);
        assertThat(run.err()).contains("connected, but no answer within 2s", "may or may not have been applied");
    }

    /** As a stopped process looks: the kernel accepts, and nothing follows. */
    @Test
    void silenceBeforeConnectingIsToldApartFromASlowAnswer() throws IOException {
        try (ServerSocket mute = new ServerSocket(0, 16, InetAddress.getLoopbackAddress())) {
            Run run = kvctl("put", "k", "v", "-e", "127.0.0.1:" + mute.getLocalPort(), "--timeout", "200ms");
            assertThat(run.exitCode()).isEqualTo(3);
            assertThat(run.err()).contains("connect: no answer within 200ms").doesNotContain("may or may not");
        }
    }

    @ParameterizedTest
    @CsvSource({"TLS, speaks TLS", "HTTP, speaks HTTP/1"})
    void serversOfOtherKindsAreNamed(String kind, String message) throws Exception {
        byte[] firstBytes = kind.equals("TLS")
                ? new byte[] {0x15, 3, 3, 0, 2, 2, 70}
                : "HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        try (ServerSocket server = new ServerSocket(0, 16, InetAddress.getLoopbackAddress())) {
            Thread answering = new Thread(() -> answerAll(server, firstBytes));
            answering.setDaemon(true);
            answering.start();
            Run run = kvctl("get", "k", "-e", "127.0.0.1:" + server.getLocalPort());
            assertThat(run.exitCode()).isEqualTo(3);
            assertThat(run.err()).contains(message);
        }
    }

    private static void answerAll(ServerSocket server, byte[] bytes) {
        while (!server.isClosed()) {
            try (Socket socket = server.accept();
                    OutputStream out = socket.getOutputStream()) {
                out.write(bytes);
                out.flush();
                socket.getInputStream().readAllBytes();
            } catch (IOException e) {
                // The test has closed the server, or kvctl the connection: the loop's condition decides.
                continue;
            }
        }
    }

    @Test
    void serverWithoutTheServiceHintsAtThePort() throws IOException {
        Run run = kvctl("cluster", "ring", "-e", node.endpoint());
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("not with this service", "7400");
    }

    @ParameterizedTest
    @CsvSource({
        "get",
        "put k",
        "get k --no-such-option",
        "gte k",
        "put k v --w many",
        "get k --timeout soon",
        "get k -o yaml",
        "get k -e host:99999",
        "get k -e http://host:1",
        "put k @no-such-file",
        "put k v --context ***",
        "key resolve k",
        "key resolve k --pick 1 --value 2",
        "mput novalue",
        "dev up --nodes 0",
    })
    void mistakesOnTheCommandLineExitWithTwoAndTouchNothing(String line) {
        Run run = kvctl(line.split(" "));
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).startsWith("kvctl: ").doesNotContain("\tat ");
        assertThat(node.puts).isEmpty();
    }

    @Test
    void debugAddsTheStackTrace() throws IOException {
        assertThat(kvctl("get", "k", "-e", deadEndpoint(), "--debug").err()).contains("\tat dev.quorate.cli");
    }

    @Test
    void globalOptionsGoBeforeOrAfterTheCommand() throws IOException {
        assertThat(kvctl("-e", node.endpoint(), "-o", "json", "get", "k").exitCode())
                .isEqualTo(4);
        assertThat(kvctl("get", "-e", node.endpoint(), "k", "-o", "json").exitCode())
                .isEqualTo(4);
        assertThat(node.gets).hasSize(2);
    }

    @Test
    void flagWinsOverVariable() throws IOException {
        Run run = Run.of(folder, Map.of("KVCTL_ENDPOINTS", deadEndpoint()), "", "get", "k", "-e", node.endpoint());
        assertThat(run.exitCode()).isEqualTo(4);
    }

    @Test
    void completionAndVersionNeedNoCluster() {
        assertThat(kvctl("completion", "bash").out()).contains("complete -F", "kvctl");
        assertThat(kvctl("completion", "zsh").out()).startsWith("autoload");
        assertThat(kvctl("version").out()).startsWith("kvctl ");
        assertThat(kvctl("--version").out()).startsWith("kvctl ");
        assertThat(kvctl("dev", "--help").out()).contains("up", "down", "kill");
    }
}
