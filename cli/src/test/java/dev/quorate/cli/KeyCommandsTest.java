package dev.quorate.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import dev.quorate.proto.kv.v1.Consistency;
import dev.quorate.proto.kv.v1.GetResponse;
import dev.quorate.proto.kv.v1.PutRequest;
import dev.quorate.proto.kv.v1.Sibling;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyCommandsTest {
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
        return Run.of(folder, Map.of("KVCTL_ENDPOINTS", node.endpoint()), "from stdin\n", arguments);
    }

    private void holds(Sibling... siblings) {
        GetResponse.Builder found = GetResponse.newBuilder()
                .setContext(ByteString.copyFromUtf8("seen"))
                .setReport(FakeNode.report());
        for (Sibling sibling : siblings) {
            found.addSiblings(sibling);
        }
        node.found = found.build();
    }

    @Test
    void getPrintsOneValueAsItIs() {
        holds(FakeNode.sibling("world", "1.n1.7.1"));
        Run run = kvctl("get", "hello", "--bucket", "greetings", "-c", "one", "--pr", "1");
        assertThat(run).isEqualTo(new Run(0, "world\n", ""));
        assertThat(node.gets).singleElement().satisfies(request -> {
            assertThat(request.getBucket()).isEqualTo("greetings");
            assertThat(request.getKey()).isEqualTo(ByteString.copyFromUtf8("hello"));
            assertThat(request.getOptions().getConsistency()).isEqualTo(Consistency.CONSISTENCY_ONE);
            assertThat(request.getOptions().hasR()).isFalse();
            assertThat(request.getOptions().getPr()).isEqualTo(1);
        });
    }

    @Test
    void rawGetAddsNoNewline() {
        holds(FakeNode.sibling("two\nlines", "1.n1.7.1"));
        assertThat(kvctl("get", "hello", "--raw")).isEqualTo(new Run(0, "two\nlines", ""));
    }

    @Test
    void missingKeyExitsWithFourAndKeepsStandardOutputEmpty() {
        assertThat(kvctl("get", "nothing")).isEqualTo(new Run(4, "", "not found: nothing\n"));
    }

    @Test
    void concurrentValuesAreNumberedByVersionWhateverOrderTheNodeSends() {
        holds(FakeNode.sibling("moon", "1.n2.9.1"), FakeNode.sibling("world", "1.n1.7.1"));
        Run run = kvctl("get", "hello");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).isEqualTo("""
                        #  VALUE  VERSION   WRITTEN
                        1  world  1.n1.7.1  2023-11-14T22:13:20.123Z
                        2  moon   1.n2.9.1  2023-11-14T22:13:20.123Z
                        """);
        assertThat(run.err()).contains("2 concurrent values", "key resolve hello --pick N");
    }

    @Test
    void jsonOfAReadingIsStable() {
        holds(
                FakeNode.sibling("world", "1.n1.7.1"),
                Sibling.newBuilder()
                        .setValue(ByteString.copyFrom(new byte[] {(byte) 0xff, 0}))
                        .setVersionId("1.n2.9.1")
                        .build());
        Run run = kvctl("get", "hello", "-o", "json");
        assertThat(run.err()).isEmpty();
        assertThat(run.out())
                .isEqualTo("{\"bucket\":\"default\",\"key\":\"hello\",\"found\":true,\"siblings\":["
                        + "{\"deleted\":false,\"value\":\"world\",\"valueBase64\":\"d29ybGQ=\",\"version\":\"1.n1.7.1\","
                        + "\"written\":\"2023-11-14T22:13:20.123Z\"},"
                        + "{\"deleted\":false,\"valueBase64\":\"/wA=\",\"version\":\"1.n2.9.1\","
                        + "\"written\":\"1970-01-01T00:00:00Z\"}],\"context\":\"c2Vlbg\","
                        + "\"report\":{\"coordinator\":\"n1\",\"acknowledgements\":2,\"primaries\":2,\"required\":2,"
                        + "\"nodes\":[\"n1\",\"n3\"],"
                        + "\"fallbacks\":0,\"strict\":true,\"hinted\":[]}}\n");
    }

    @Test
    void jsonOfAMissingKeyStillHasTheContext() {
        holds();
        Run run = kvctl("get", "gone", "-o", "json");
        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(JsonParser.parseString(run.out())
                        .getAsJsonObject()
                        .get("found")
                        .getAsBoolean())
                .isFalse();
        assertThat(JsonParser.parseString(run.out())
                        .getAsJsonObject()
                        .get("context")
                        .getAsString())
                .isEqualTo("c2Vlbg");
    }

    @Test
    void contextPrintedByGetIsTheContextThatPutSends() {
        holds(FakeNode.sibling("world", "1.n1.7.1"));
        String token = kvctl("get", "hello", "--context-only").out().strip();
        assertThat(kvctl("put", "hello", "moon", "--context", token)).isEqualTo(new Run(0, "OK\n", ""));
        assertThat(node.puts)
                .singleElement()
                .satisfies(request -> assertThat(request.getContext()).isEqualTo(ByteString.copyFromUtf8("seen")));
    }

    @Test
    void putSendsItsOptions() {
        Run run = kvctl(
                "put", "k", "v", "--w", "3", "--pw", "2", "-c", "all", "--if-absent", "--return-siblings", "--report");
        assertThat(run.exitCode()).isZero();
        assertThat(run.err()).isEqualTo("coordinator n1, 2 of 2 required answers (n1, n3), 2 of them owners\n");
        PutRequest request = node.puts.get(0);
        assertThat(request.getOptions().getW()).isEqualTo(3);
        assertThat(request.getOptions().getPw()).isEqualTo(2);
        assertThat(request.getOptions().getConsistency()).isEqualTo(Consistency.CONSISTENCY_ALL);
        assertThat(request.getOptions().getIfAbsent()).isTrue();
        assertThat(request.getOptions().getReturnSiblings()).isTrue();
    }

    @Test
    void putTakesValuesFromTextInputAndFiles() throws Exception {
        Files.write(folder.resolve("value.bin"), new byte[] {1, 0, 2});
        kvctl("put", "k", "-");
        kvctl("put", "k", "@value.bin");
        kvctl("put", "k", "@@literally");
        kvctl("put", "k", "");
        kvctl("put", "k", "--", "-5");
        assertThat(node.puts.stream().map(PutRequest::getValue))
                .containsExactly(
                        ByteString.copyFromUtf8("from stdin\n"),
                        ByteString.copyFrom(new byte[] {1, 0, 2}),
                        ByteString.copyFromUtf8("@literally"),
                        ByteString.EMPTY,
                        ByteString.copyFromUtf8("-5"));
    }

    @Test
    void jsonOfAWriteIsStable() {
        assertThat(kvctl("put", "k", "v", "-o", "json").out())
                .isEqualTo(
                        "{\"bucket\":\"default\",\"key\":\"k\",\"context\":\"YWZ0ZXI\",\"report\":{\"coordinator\":\"n1\","
                                + "\"acknowledgements\":2,\"primaries\":2,\"required\":2,\"nodes\":[\"n1\",\"n3\"],"
                                + "\"fallbacks\":0,\"strict\":true,\"hinted\":[]}}\n");
    }

    @Test
    void deleteSendsTheContext() {
        assertThat(kvctl("del", "k", "--context", "c2Vlbg")).isEqualTo(new Run(0, "OK\n", ""));
        assertThat(node.deletes)
                .singleElement()
                .satisfies(request -> assertThat(request.getContext()).isEqualTo(ByteString.copyFromUtf8("seen")));
    }

    @Test
    void resolveWritesThePickedValueWithTheContextItRead() {
        holds(FakeNode.sibling("moon", "1.n2.9.1"), FakeNode.sibling("world", "1.n1.7.1"));
        assertThat(kvctl("key", "resolve", "hello", "--pick", "2").exitCode()).isZero();
        assertThat(kvctl("key", "resolve", "hello", "--pick", "1.n1.7.1").exitCode())
                .isZero();
        assertThat(kvctl("key", "resolve", "hello", "--value", "both").exitCode())
                .isZero();
        assertThat(node.puts.stream().map(put -> put.getValue().toString(StandardCharsets.UTF_8)))
                .containsExactly("moon", "world", "both");
        assertThat(node.puts)
                .allSatisfy(put -> assertThat(put.getContext()).isEqualTo(ByteString.copyFromUtf8("seen")));
    }

    @Test
    void resolveRefusesANumberThatIsNotThere() {
        holds(FakeNode.sibling("world", "1.n1.7.1"));
        Run run = kvctl("key", "resolve", "hello", "--pick", "2");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains("no value '2'", "1.n1.7.1");
        assertThat(node.puts).isEmpty();
    }

    @Test
    void multiGetKeepsTheOrderOfTheCommandLineAndReportsPartialFailure() {
        holds(FakeNode.sibling("v", "1.n1.7.1"));
        Run run = kvctl("mget", "a", "broken", "b");
        assertThat(run.exitCode()).isEqualTo(9);
        assertThat(run.out()).isEqualTo("""
                        KEY  VALUE  VERSION
                        a    v      1.n1.7.1
                        b    v      1.n1.7.1
                        """);
        assertThat(run.err()).isEqualTo("failed: broken: 1 of 2 replicas answered [QUORUM_NOT_MET]\n");
    }

    @Test
    void binaryAndLongValuesDoNotSpoilTheTable() {
        holds(
                Sibling.newBuilder()
                        .setValue(ByteString.copyFrom(new byte[] {0, 10}))
                        .setVersionId("1.n1.7.1")
                        .build(),
                FakeNode.sibling("x".repeat(100), "1.n1.7.2"),
                FakeNode.sibling("", "1.n1.7.3"));
        assertThat(kvctl("get", "k").out().lines())
                .anySatisfy(line -> assertThat(line).startsWith("1  0x000a (2 bytes)  "))
                .anySatisfy(line -> assertThat(line).startsWith("2  " + "x".repeat(59) + "…  "))
                .anySatisfy(line -> assertThat(line).startsWith("3  (empty)  "));
    }
}
