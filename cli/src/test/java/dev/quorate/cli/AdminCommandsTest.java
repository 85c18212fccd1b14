package dev.quorate.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdminCommandsTest {
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

    @Test
    void whereNamesOwnersAndFallbacks() {
        assertThat(kvctl("key", "where", "k")).isEqualTo(new Run(0, """
                                KEY  SLOT  OWNERS  FALLBACKS  HASH
                                k    3     n2,n1   n3         01ab
                                """, ""));
        assertThat(kvctl("key", "where", "k", "-o", "json").out())
                .isEqualTo(
                        "{\"bucket\":\"default\",\"key\":\"k\",\"hash\":\"01ab\",\"slot\":3,\"owners\":[\"n2\",\"n1\"],"
                                + "\"fallbacks\":[\"n3\"]}\n");
    }

    @Test
    void inspectShowsWhatEveryReplicaHolds() {
        assertThat(kvctl("key", "inspect", "k")).isEqualTo(new Run(0, """
                                NODE  STATE                     KEPT FOR  VALUE  VERSION  CONTEXT
                                n2    current                   -         sun    1.1.7.2  1.1.7:[1-2] 1.2.8:[1-1]
                                                                          moon   1.2.8.1
                                n3    behind                    -         sun    1.1.7.2  1.1.7:[1-2]
                                n1    no answer: not reachable  -         -      -        -
                                n4    stands in                 n1        sun    1.1.7.2  1.1.7:[1-2]
                                """, ""));
        String sun = "{\"deleted\":false,\"value\":\"sun\",\"valueBase64\":\"c3Vu\",\"version\":\"1.1.7.2\","
                + "\"written\":\"2023-11-14T22:13:20.123Z\"}";
        String moon = "{\"deleted\":false,\"value\":\"moon\",\"valueBase64\":\"bW9vbg==\",\"version\":\"1.2.8.1\","
                + "\"written\":\"2023-11-14T22:13:20.123Z\"}";
        assertThat(kvctl("key", "inspect", "k", "-o", "json").out())
                .isEqualTo("{\"bucket\":\"default\",\"key\":\"k\",\"slot\":3,\"replicas\":["
                        + "{\"node\":\"n2\",\"answered\":true,\"error\":\"\",\"present\":true,\"behind\":false,"
                        + "\"owner\":true,\"hintedFor\":[],"
                        + "\"siblings\":[" + sun + "," + moon + "],\"context\":[\"1.1.7:[1-2]\",\"1.2.8:[1-1]\"]},"
                        + "{\"node\":\"n3\",\"answered\":true,\"error\":\"\",\"present\":true,\"behind\":true,"
                        + "\"owner\":true,\"hintedFor\":[],"
                        + "\"siblings\":[" + sun + "],\"context\":[\"1.1.7:[1-2]\"]},"
                        + "{\"node\":\"n1\",\"answered\":false,\"error\":\"not reachable\",\"present\":false,"
                        + "\"behind\":false,\"owner\":true,\"hintedFor\":[],\"siblings\":[],\"context\":[]},"
                        + "{\"node\":\"n4\",\"answered\":true,\"error\":\"\",\"present\":true,\"behind\":false,"
                        + "\"owner\":false,\"hintedFor\":[\"n1\"],"
                        + "\"siblings\":[" + sun + "],\"context\":[\"1.1.7:[1-2]\"]}]}\n");
    }

    @Test
    void hintsAreListedWithTheNodesThatDoNotAnswer() {
        Run run = kvctl("hints", "ls");
        assertThat(run.exitCode()).isEqualTo(5);
        assertThat(run.out()).isEqualTo("""
                        KEPT BY  FOR  RECORDS  BYTES  SINCE                 STATE
                        n2       n1   3        195    2023-11-14T22:13:20Z  waits for the owner
                        """);
        assertThat(run.err())
                .startsWith("n1 does not answer: 127.0.0.1:1: connect")
                .endsWith("3 hints wait\n");
        assertThat(kvctl("hints", "ls", "-o", "json").out())
                .startsWith("{\"keys\":3,\"hints\":[{\"node\":\"n2\",\"owner\":\"n1\",\"keys\":3,\"bytes\":195,"
                        + "\"since\":\"2023-11-14T22:13:20Z\",\"ownerReachable\":false,"
                        + "\"state\":\"waits for the owner\"}],\"silent\":[{\"node\":\"n1\",");
    }

    @Test
    void hintsArePurgedOnlyWhenSaidTwice() {
        Run refused = kvctl("hints", "purge", "n1");
        assertThat(refused.exitCode()).isEqualTo(2);
        assertThat(refused.err()).contains("may lose acknowledged writes").contains("--yes");
        Run purged = kvctl("hints", "purge", "n1", "--yes");
        assertThat(purged.exitCode()).isEqualTo(5);
        assertThat(purged.err()).endsWith("3 hints for n1 forgotten\n");
        assertThat(kvctl("hints", "ls").err()).endsWith("0 hints wait\n");
    }

    @Test
    void waitingForHintsGivesUpWhenANodeDoesNotAnswer() {
        Run run = kvctl("hints", "wait", "n1", "--for", "1ms");
        assertThat(run.exitCode()).isEqualTo(5);
        assertThat(run.err()).isEqualTo("3 hints wait after 1ms\n");
        assertThat(kvctl("hints", "wait", "n3", "--for", "1ms").err()).startsWith("0 hints wait");
    }

    @Test
    void statusAsksEveryMemberAndExitsWithFiveWhenOneIsMissing() {
        Run run = kvctl("cluster", "status");
        assertThat(run.exitCode()).isEqualTo(5);
        assertThat(run.out().lines())
                .satisfiesExactly(
                        header -> assertThat(header).startsWith("NODE  STATE           CLIENTS"),
                        first -> assertThat(first)
                                .startsWith("n1    UNREACHABLE     h1:7400  h1    100%  25%    -       -")
                                .contains("connection refused"),
                        second -> assertThat(second)
                                .isEqualTo("n2    READY, JOINING  h2:7400  h2    100%  75%    1h1m    5 MiB  -"),
                        gap -> assertThat(gap).isEmpty(),
                        header -> assertThat(header).isEqualTo("SEEN BY  NODE  AS    HEARTBEAT  AGE    ACCUSED BY"),
                        view -> assertThat(view).isEqualTo("n2       n1    DOWN  7.120      12.3s  n2"));
        assertThat(run.err()).contains("cluster c0ffee, epoch 1, N=2, 4 slots, as n2 sees it");
        assertThat(kvctl("cluster", "status", "-o", "json").out())
                .startsWith("{\"clusterId\":\"c0ffee\",\"epoch\":1,\"slots\":4,\"replicas\":2,\"answeredBy\":\"n2\","
                        + "\"ringVersion\":1,\"moves\":0,\"paused\":false,\"voters\":[\"n1\"],"
                        + "\"members\":[{\"id\":\"n1\",\"state\":\"UNREACHABLE\",\"ringStatus\":\"NORMAL\","
                        + "\"problem\":\"127.0.0.1:1: connect:")
                .contains(
                        "{\"id\":\"n2\",\"state\":\"READY\",\"ringStatus\":\"JOINING\",\"problem\":\"\",\"clientAddress\":\"h2:7400\","
                                + "\"peerAddress\":\"h2:7401\",\"adminAddress\":\"" + node.endpoint()
                                + "\",\"datacenter\":\"dc1\",\"rack\":\"r1\",\"host\":\"h2\",\"weight\":2.0,\"slots\":4,"
                                + "\"ledSlots\":3,\"slotsArriving\":0,\"slotsLeaving\":0,\"ringVersion\":0,\"version\":\"0.1.0\",\"pid\":42,\"uptimeSeconds\":3700,\"appendedLsn\":9,"
                                + "\"syncedLsn\":8,\"checkpointLsn\":7,\"memoryTableBytes\":6,\"dataFileBytes\":5242880,"
                                + "\"diskFreeBytes\":4,\"durability\":\"sync\",\"sees\":[{\"id\":\"n1\",\"seenAs\":\"DOWN\","
                                + "\"startNo\":7,\"heartbeat\":120,\"heartbeatAgeSeconds\":12.3,\"accusers\":[\"n2\"],"
                                + "\"load\":0}]},{\"id\":\"n3\",\"state\":\"GONE\",\"ringStatus\":\"LEFT\",");
        assertThat(kvctl("cluster", "status", "--all").out()).contains("n3    LEFT");
    }

    @Test
    void ringSumsUpWhoOwnsWhat() {
        assertThat(kvctl("cluster", "ring")).isEqualTo(new Run(0, """
                                NODE  STATUS   WEIGHT  SLOTS  LEADS  SHARE OF ALL REPLICAS  GETS  GIVES  SLOTS IN BARS
                                n1    NORMAL   1       4      1      50.0%                  0     0      ################################
                                n2    JOINING  2       4      3      50.0%                  0     0      ################################
                                """, "ring 1, 0 moves are left\n"));
        assertThat(kvctl("cluster", "ring", "--slots").out()).isEqualTo("""
                        SLOT  OWNERS
                        0     n1,n2
                        1     n2,n1
                        2     n2,n1
                        3     n2,n1
                        """);
        assertThat(kvctl("cluster", "ring", "-o", "json").out())
                .startsWith("{\"epoch\":1,\"rows\":[{\"slot\":0,\"owners\":[\"n1\",\"n2\"]},");
    }

    @Test
    void repairStatusShowsWhatIsLeftAndExitsWithFiveWhileReadsWaitForIt() {
        Run run = kvctl("repair", "status");
        assertThat(run.exitCode()).isEqualTo(5);
        assertThat(run.out().lines())
                .satisfiesExactly(
                        header -> assertThat(header).startsWith("NODE  RECOVERING  PEER  STATE       LAST COMPLETE"),
                        first -> assertThat(first).startsWith("n1    -           -     NO ANSWER"),
                        second -> assertThat(second)
                                .startsWith("n2    7           n1    EXCHANGING  never")
                                .contains("9/16")
                                .contains("70000")
                                .contains("1m5s"),
                        third -> assertThat(third).contains("1m1s ago").endsWith("TIMEOUT"));
        assertThat(kvctl("repair", "status", "-o", "json").out())
                .contains("\"node\":\"n2\",\"recoveringSlots\":7")
                .contains("\"keysLeft\":70000,\"millisLeft\":65000");
    }

    @Test
    void repairStartAsksEveryMemberOrTheOneThatIsNamed() {
        Run all = kvctl("repair", "start");
        assertThat(all.exitCode()).isEqualTo(9);
        assertThat(all.out().lines()).anyMatch(line -> line.startsWith("n2    2"));
        assertThat(kvctl("repair", "start", "--node", "n2", "--peer", "n1", "-o", "json"))
                .isEqualTo(new Run(0, "[{\"node\":\"n2\",\"peers\":1}]\n", ""));
        assertThat(kvctl("repair", "start", "--node", "n9").exitCode()).isEqualTo(2);
    }
}
