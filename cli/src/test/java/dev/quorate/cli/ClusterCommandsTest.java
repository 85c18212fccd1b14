package dev.quorate.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Commands that change a cluster, against one node that agrees with itself. */
class ClusterCommandsTest {
    @TempDir
    Path folder;

    private FakeAdmin node;

    @BeforeEach
    void start() {
        node = new FakeAdmin();
    }

    @AfterEach
    void stop() {
        node.close();
    }

    private Run kvctl(String... arguments) {
        return Run.of(folder, Map.of("KVCTL_ENDPOINTS", node.endpoint()), "", arguments);
    }

    private static JsonObject json(Run run) {
        assertThat(run.exitCode()).as(run.err()).isZero();
        return JsonParser.parseString(run.out()).getAsJsonObject();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            join n2                                | n2 joins
            leave 1                                | n1 leaves
            replace n1                             | n1 is replaced by all others
            replace n1 --by 7                      | n1 is replaced by n7
            replace n1 --unsafe --yes              | n1 is replaced by all others, unsafely
            weight n2 2.5                          | n2 gets weight 2.5
            relabel n2 --rack r7 --host h9         | n2 moves to rack r7 host h9
            """)
    void changesAreStagedInWords(String command, String words) {
        Run run = kvctl(("cluster " + command).split(" "));
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out()).isEqualTo("STAGED\n" + words + "\n");
        assertThat(run.err()).contains("nothing moves yet", "next: kvctl cluster plan");
    }

    @Test
    void joinWithoutANodeIsForAllThatWait() {
        assertThat(kvctl("cluster", "join", "-o", "json").out())
                .isEqualTo("{\"ringVersion\":2,\"staged\":[{\"node\":\"n2\",\"change\":\"join\"}]}\n");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            leave                   | 2 | Missing required parameter
            leave x7                | 2 | is not a node such as n4
            replace n1 --unsafe     | 2 | may lose writes
            weight n2 0             | 2 | a weight goes from
            relabel n2              | 2 | no label is given
            cancel                  | 2 | give either moves or --all
            leave n9                | 4 | There is no node n9.
            leave n8                | 5 | No majority of the voters answers. [VOTERS_UNAVAILABLE]
            commit                  | 4 | nothing is staged
            commit plan7            | 6 | next: look at the plan as it is now: kvctl cluster plan
            recover n1              | 2 | add --yes
            """)
    void whatCannotBeDoneIsToldWithTheNextStep(String command, int exitCode, String told) {
        Run run = kvctl(("cluster " + command).split(" "));
        assertThat(run.exitCode()).as(run.err()).isEqualTo(exitCode);
        assertThat(run.err()).contains(told);
    }

    @Test
    void thePlanShowsWhatMovesAndWhy() {
        assertThat(kvctl("cluster", "plan").err()).startsWith("nothing is staged in ring 1; next: ");
        kvctl("cluster", "weight", "n2", "2");
        Run run = kvctl("cluster", "plan", "--explain", "2");
        assertThat(run.exitCode()).isZero();
        assertThat(run.out()).isEqualTo("""
                        CHANGES
                        n2 gets weight 2

                        NODE  THEN    WEIGHT  SLOTS  AFTER  DUE  GETS  GIVES  BYTES    AFTER    PEAK     BECAUSE
                        n1    NORMAL  1       4      2      2    0     2      4.0 MiB  2.0 MiB  4.0 MiB  n2 has twice its weight
                        n2    NORMAL  2       4      6      6    2     0      4.0 MiB  6.0 MiB  6.0 MiB  -

                        FROM  TO  SLOTS  BYTES
                        n1    n2  2      3.0 MiB

                        slot 1, place 1: n1 gives it to n2
                        """);
        assertThat(run.err()).isEqualTo("""
                        warning: rows have 2 owners, 3 are wanted
                        plan plan2 of ring 2: 2 moves (fewest possible 2), 3.0 MiB, about 1m5s; furthest from what is due: 100.0 % now, 0.0 % afterwards
                        next: kvctl cluster commit plan2 --wait
                        """);
        JsonObject json = json(kvctl("cluster", "plan", "-o", "json"));
        assertThat(json.get("planId").getAsString()).isEqualTo("plan2");
        assertThat(json.getAsJsonArray("moves")).hasSize(2);
        assertThat(json.getAsJsonArray("flows").get(0).toString())
                .isEqualTo("{\"from\":\"n1\",\"to\":\"n2\",\"slots\":2,\"bytes\":3145728}");
        assertThat(json.get("imbalanceBefore").getAsDouble()).isEqualTo(1);
    }

    @Test
    void aPlanThatHasChangedIsNotCommitted() {
        kvctl("cluster", "weight", "n2", "2");
        kvctl("cluster", "leave", "n1");
        Run stale = kvctl("cluster", "commit", "plan2");
        assertThat(stale.exitCode()).isEqualTo(6);
        assertThat(stale.err()).contains("[PLAN_STALE]", "next: ");
        assertThat(kvctl("cluster", "commit", "plan3").err())
                .isEqualTo("committed in ring 4: 3 moves\nnext: kvctl cluster transfers --watch\n");
    }

    @Test
    void commitWaitsUntilNothingMoves() {
        kvctl("cluster", "weight", "n2", "2");
        Run run = kvctl("cluster", "commit", "--wait", "-o", "json");
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.err())
                .contains(
                        "plan plan2 of ring 2", "committed in ring 3: 3 moves\n0/3 moves\n", "3/3 moves\ndone after ");
        assertThat(JsonParser.parseString(run.out())
                        .getAsJsonObject()
                        .get("planId")
                        .getAsString())
                .isEqualTo("plan2");
    }

    @Test
    void waitingGivesUpAndSaysThatMovesGoOn() {
        kvctl("cluster", "weight", "n2", "2");
        kvctl("cluster", "pause");
        Run run = kvctl("cluster", "commit", "--wait", "--for", "1ms");
        assertThat(run.exitCode()).isEqualTo(8);
        assertThat(run.err())
                .contains("paused: kvctl cluster resume", "3 moves are left after 1ms", "next: they go on");
    }

    @Test
    void transfersAreToldByTheNodesThatDoThem() {
        assertThat(kvctl("cluster", "transfers").out()).isEqualTo("nothing moves, ring 1\n");
        kvctl("cluster", "weight", "n2", "2");
        kvctl("cluster", "commit");
        kvctl("cluster", "pause");
        Run run = kvctl("cluster", "transfers");
        assertThat(run.exitCode()).as("n1 does not answer").isEqualTo(5);
        assertThat(run.out()).isEqualTo("""
                        SLOT  MOVE  KIND  FROM  TO  STATE  RECORDS  BYTES    LEFT  PROBLEM
                        1     1     MOVE  n1    n2  SCAN   12       2.9 KiB  7     -
                        2 slots wait: n1 to n2
                        3 moves are left, ring 4, paused: kvctl cluster resume
                        """);
        assertThat(run.err()).startsWith("n1 does not answer: ");
        assertThat(kvctl("cluster", "transfers", "--all").out()).contains("\n3     3     MOVE  n1    n2  QUEUED");
        assertThat(kvctl("cluster", "transfers", "-o", "json").out())
                .startsWith(
                        "{\"ringVersion\":4,\"paused\":true,\"transfers\":[{\"id\":1,\"attempt\":0,\"kind\":\"MOVE\","
                                + "\"slot\":1,\"position\":1,\"from\":\"n1\",\"to\":\"n2\",\"state\":\"SCAN\",\"records\":12,");
        kvctl("cluster", "resume");
        Run watch = kvctl("cluster", "transfers", "--watch", "--every", "10ms");
        assertThat(watch.out()).contains("2 moves are left", "1 move is left").endsWith("nothing moves, ring 5\n");
    }

    @Test
    void everyNodeIsToldALimitAndWhoCannotBeToldIsNamed() {
        Run run = kvctl("cluster", "throttle", "4MiB");
        assertThat(run.exitCode()).as("n1 does not answer").isEqualTo(5);
        assertThat(run.err()).startsWith("n2 sends 4.0 MiB/s at most\nn1 goes on as before: ");
        assertThat(kvctl("cluster", "throttle", "default").err()).startsWith("n2 sends 50 MiB/s at most\n");
        assertThat(kvctl("cluster", "throttle", "131072", "-o", "json").out())
                .startsWith("{\"bytesPerSecond\":{\"n2\":131072},\"silent\":{\"n1\":");
        Run wrong = kvctl("cluster", "throttle", "fast");
        assertThat(wrong.exitCode()).isEqualTo(2);
        assertThat(wrong.err()).contains("'fast' is no rate", "4MiB");
    }

    @Test
    void theRingIsWatchedWhileItChanges() {
        kvctl("cluster", "weight", "n2", "2");
        kvctl("cluster", "commit");
        Run run = kvctl("cluster", "ring", "--watch", "--every", "10ms", "--rounds", "2");
        assertThat(run.out().lines().filter(line -> line.startsWith("n2 ")))
                .satisfiesExactly(
                        first -> assertThat(first).contains("+++"),
                        second -> assertThat(second).contains("+++"));
        assertThat(run.out()).contains("n1    NORMAL  1", "ring 3, 3 moves are left", "ring 3, 2 moves are left");
    }

    @Test
    void theRestIsOneWordEach() {
        kvctl("cluster", "weight", "n2", "2");
        kvctl("cluster", "leave", "n1");
        assertThat(kvctl("cluster", "clear", "n1").err()).isEqualTo("1 change forgotten\n");
        assertThat(kvctl("cluster", "clear").err()).isEqualTo("1 change forgotten\n");
        kvctl("cluster", "leave", "n1");
        kvctl("cluster", "commit");
        assertThat(kvctl("cluster", "pause").err()).startsWith("paused in ring ");
        assertThat(kvctl("cluster", "resume", "-o", "json").out()).endsWith(",\"paused\":false}\n");
        assertThat(kvctl("cluster", "cancel", "2").err()).startsWith("1 move given up in ring ");
        assertThat(kvctl("cluster", "cancel", "--all").err()).startsWith("2 moves given up in ring ");
        assertThat(kvctl("cluster", "split").err()).startsWith("8 slots in ring ");
        assertThat(kvctl("cluster", "recover", "n1", "--yes").err())
                .isEqualTo("ring 1.2, voters are n2\nnext: kvctl cluster replace NODE, for each that is lost\n");
    }

    @Test
    void initWritesOneFileForEachFounderAndOneForThoseThatComeLater() throws IOException {
        Run run =
                kvctl("cluster", "init", "--out", "conf", "--founders", "127.0.0.1:7400,127.0.0.1:7410", "--own-hosts");
        assertThat(run.exitCode()).as(run.err()).isZero();
        Path conf = folder.resolve("conf");
        assertThat(run.out())
                .isEqualTo(conf.resolve("kvnode-join.yaml") + "\n" + conf.resolve("kvnode-n1.yaml") + "\n"
                        + conf.resolve("kvnode-n2.yaml") + "\n");
        assertThat(run.err()).contains("warning: 2 hosts keep 2 of 3 replicas", "kvnode run --config");
        String first = Files.readString(conf.resolve("kvnode-n1.yaml"));
        assertThat(first)
                .contains("node: n1\n", "joinToken: \"", "peer: \"127.0.0.1:7411\"", "host: h2")
                .doesNotContain("insecure");
        assertThat(Files.readString(conf.resolve("kvnode-n2.yaml")))
                .isEqualTo(first.replace("node n1", "node n2").replace("node: n1", "node: n2"));
        String token = first.substring(first.indexOf("joinToken"));
        assertThat(Files.readString(conf.resolve("kvnode-join.yaml")))
                .contains(
                        "    - \"127.0.0.1:7401\"",
                        token.replace("joinToken", "token").strip());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(conf.resolve("kvnode-n1.yaml"))))
                .isEqualTo("rw-------");
        Run again = kvctl("cluster", "init", "--out", "conf");
        assertThat(again.exitCode()).isEqualTo(6);
        assertThat(again.err()).contains("exists already");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --founders 10.0.0.1:7400                 | add --insecure
            --founders 127.0.0.1:7400,127.0.0.1:7400 | named twice
            --founders 127.0.0.1:65534               | choose a lower port
            --slots 1000                             | power of two
            --replicas 0                             | --replicas goes from 1 to 16
            --name a/b                               | --name is
            """)
    void initRefusesWhatNoNodeCouldUse(String arguments, String told) {
        Run run = kvctl(("cluster init " + arguments).split(" "));
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(run.err()).contains(told);
        assertThat(folder.resolve("kvnode-n1.yaml")).doesNotExist();
    }
}
