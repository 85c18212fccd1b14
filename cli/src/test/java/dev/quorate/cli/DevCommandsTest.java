package dev.quorate.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.quorate.cli.local.ProcessIdentity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Processes of a local cluster, with a script in place of the node: what kvctl does with processes is real. */
@EnabledOnOs(OS.LINUX)
class DevCommandsTest {
    @TempDir
    Path folder;

    private Run kvctl(String... arguments) {
        return Run.of(folder, Map.of("KVCTL_HOME", folder.toString()), "", arguments);
    }

    /** In place of a node that never becomes ready. */
    private void nodeIs(String script) throws IOException {
        Path kvnode = Files.writeString(folder.resolve("kvnode"), "#!/bin/sh\n" + script + "\n");
        assertThat(kvnode.toFile().setExecutable(true)).isTrue();
    }

    private JsonObject status() {
        return JsonParser.parseString(kvctl("dev", "status", "-o", "json").out())
                .getAsJsonObject();
    }

    private JsonObject firstNode() {
        return status().getAsJsonArray("nodes").get(0).getAsJsonObject();
    }

    @AfterEach
    void leaveNothingBehind() {
        kvctl("dev", "down", "--wipe");
    }

    @Test
    void nodeThatEndsAtOnceIsReportedWithTheEndOfItsLog() throws IOException {
        nodeIs("echo 'disk on fire'; exit 1");
        Run run = kvctl("dev", "up", "--nodes", "1");
        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.err()).contains("n1 ended before it was ready", "  disk on fire", "next: ");
        nodeIs("echo 'out of luck'; exit 1");
        // The second report is about the second start.
        assertThat(kvctl("dev", "up").err()).contains("out of luck").doesNotContain("disk on fire");
    }

    @Test
    void processesAreFoundAgainPausedKilledAndStopped() throws IOException {
        nodeIs("exec sleep 600");
        Run up = kvctl("dev", "up", "--nodes", "1", "--wait", "1s");
        assertThat(up.exitCode()).isEqualTo(8);
        assertThat(up.err()).contains("n1 is not ready in time");
        assertThat(firstNode().get("state").getAsString()).isEqualTo("HANGING");
        long pid = firstNode().get("pid").getAsLong();

        assertThat(kvctl("dev", "pause", "1").exitCode()).isZero();
        assertThat(firstNode().get("state").getAsString()).isEqualTo("PAUSED");
        assertThat(kvctl("dev", "resume", "n1").exitCode()).isZero();
        assertThat(firstNode().get("state").getAsString()).isEqualTo("HANGING");

        assertThat(kvctl("dev", "kill", "1").exitCode()).isZero();
        assertThat(firstNode().get("state").getAsString()).isEqualTo("DOWN");
        assertThat(ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false))
                .isFalse();
        assertThat(kvctl("dev", "kill", "1").exitCode()).isEqualTo(6);
    }

    @Test
    void pausedProcessesAreStoppedToo() throws IOException {
        nodeIs("exec sleep 600");
        kvctl("dev", "up", "--nodes", "2", "--wait", "1s");
        long pid = firstNode().get("pid").getAsLong();
        kvctl("dev", "pause", "1");
        Run down = kvctl("dev", "down");
        assertThat(down.exitCode()).isZero();
        assertThat(down.err()).startsWith("2 nodes stopped\n");
        assertThat(ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false))
                .isFalse();
    }

    @Test
    void eachNodeHasItsOwnHostLabelAndAllShareTheSecrets() throws IOException {
        nodeIs("exit 1");
        kvctl("dev", "up", "--nodes", "2");
        String first = Files.readString(folder.resolve(".quorate/dev/n1/kvnode.yaml"));
        String second = Files.readString(folder.resolve(".quorate/dev/n2/kvnode.yaml"));
        assertThat(first).contains("host: dev-n1", "host: dev-n2", "node: n1\n", "replicas: 2\n");
        assertThat(second).isEqualTo(first.replace("node: n1\n", "node: n2\n"));
    }

    @Test
    void proxiedNodesFindEachPeerByAWayOfTheirOwn() throws IOException {
        nodeIs("exit 1");
        kvctl("dev", "up", "--nodes", "3", "--proxied");
        List<String> ways = new ArrayList<>();
        for (int self = 1; self <= 3; self++) {
            List<String> lines = Files.readString(folder.resolve(".quorate/dev/n" + self + "/kvnode.yaml"))
                    .lines()
                    .toList();
            List<String> peers =
                    lines.stream().filter(line -> line.contains("peer: ")).toList();
            for (int member = 1; member <= 3; member++) {
                assertThat(peers.get(member - 1))
                        .as("all tell the same address of a member")
                        .endsWith(":" + (7401 + portOffset(member)));
            }
            List<String> own =
                    lines.stream().filter(line -> line.contains("via: ")).toList();
            assertThat(own).hasSize(2);
            ways.addAll(own);
        }
        assertThat(ways).doesNotHaveDuplicates();
    }

    @Test
    void addNeedsARunningCluster() throws IOException {
        nodeIs("exit 1");
        assertThat(kvctl("dev", "add").exitCode()).isEqualTo(4);
        kvctl("dev", "up", "--nodes", "2");
        Run run = kvctl("dev", "add");
        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.err()).contains("no other node runs", "next: start the cluster: kvctl dev up");
        assertThat(kvctl("dev", "add", "0").exitCode()).isEqualTo(2);
        assertThat(kvctl("dev", "add", "--weight", "heavy").exitCode()).isEqualTo(2);
        assertThat(kvctl("dev", "add", "99").err()).contains("NUMBER goes from 1 to 16");
    }

    @Test
    void aNodeThatDoesNotRunIsNotAskedToHandOver() throws IOException {
        nodeIs("exit 1");
        kvctl("dev", "up", "--nodes", "2");
        Run run = kvctl("dev", "remove", "2");
        assertThat(run.exitCode()).isEqualTo(6);
        assertThat(run.err()).contains("n2 does not run", "kvctl dev remove 2 --dead");
        assertThat(kvctl("dev", "remove", "7").err()).contains("no node 7", "its nodes are n1, n2");
    }

    /** The ports of one node follow those of the client. */
    private int portOffset(int node) {
        String address = status().getAsJsonArray("nodes")
                .get(node - 1)
                .getAsJsonObject()
                .get("clientAddress")
                .getAsString();
        return Integer.parseInt(address.substring(address.indexOf(':') + 1)) - 7400;
    }

    @Test
    void linksAreCutDisturbedAndHealedAndTheProxyEndsWithTheCluster() throws IOException {
        nodeIs("exec sleep 600");
        kvctl("dev", "up", "--nodes", "3", "--proxied", "--wait", "1s");
        long proxy = status().get("proxyPid").getAsLong();

        Run cut = kvctl("dev", "partition", "1,n2", "3");
        assertThat(cut.exitCode()).isZero();
        assertThat(cut.err()).contains("n1->n3 cut", "n2->n3 cut", "n3->n1 cut", "n3->n2 cut", "kvctl dev heal");
        assertThat(status().getAsJsonArray("disturbances")).hasSize(4);
        assertThat(kvctl("dev", "partition", "--one-way", "1", "2").err())
                .contains("n1->n2 cut", "links of n3: as they were")
                .doesNotContain("n2->n1");
        assertThat(kvctl("dev", "status").err()).contains("n1->n2 cut", "n3->n1 cut");

        Run heal = kvctl("dev", "heal");
        assertThat(heal.exitCode()).isZero();
        assertThat(heal.err()).contains("n1->n3 works again (was cut)");
        assertThat(kvctl("dev", "heal").err()).isEqualTo("nothing was disturbed\n");

        assertThat(kvctl("dev", "disturb", "--one-way", "1", "2,3", "--delay", "20ms", "--reset")
                        .err())
                .contains("n1->n2 connections broken, 20 ms late", "n1->n3 ");
        assertThat(kvctl("dev", "disturb", "1", "2").exitCode()).isEqualTo(2);
        assertThat(kvctl("dev", "partition", "1", "1").exitCode()).isEqualTo(2);
        assertThat(kvctl("dev", "partition", "1", "4").exitCode()).isEqualTo(4);

        kvctl("dev", "down");
        assertThat(ProcessIdentity.of(proxy)).isEmpty();
        assertThat(status().has("proxyPid")).isFalse();
        assertThat(status().getAsJsonArray("disturbances")).isEmpty();
        kvctl("dev", "down", "--wipe");
        assertThat(folder.resolve(".quorate/dev")).doesNotExist();
    }

    @Test
    void linksOfNodesWithoutAProxyCannotBeBroken() throws IOException {
        nodeIs("exit 1");
        kvctl("dev", "up", "--nodes", "2");
        for (String[] command :
                new String[][] {{"dev", "partition", "1", "2"}, {"dev", "heal"}, {"dev", "disturb", "1", "2", "--reset"}
                }) {
            Run run = kvctl(command);
            assertThat(run.exitCode()).isEqualTo(6);
            assertThat(run.err()).contains("speak to each other directly", "next: ", "kvctl dev up --proxied");
        }
        Run proxied = kvctl("dev", "up", "--proxied");
        assertThat(proxied.exitCode()).isEqualTo(6);
        assertThat(proxied.err()).contains("was created without --proxied");
    }

    @Test
    void wipeKillsANodeAndTakesItsDataOnly() throws IOException {
        nodeIs("exec sleep 600");
        kvctl("dev", "up", "--nodes", "1", "--wait", "1s");
        Path node = folder.resolve(".quorate/dev/n1");
        Files.createDirectories(node.resolve("data/lmdb"));
        Files.writeString(node.resolve("data/lmdb/data.mdb"), "everything");
        for (int i = 0; i < 2; i++) {
            Run run = kvctl("dev", "wipe", "1");
            assertThat(run.exitCode()).isZero();
            assertThat(run.err()).isEqualTo("n1 wiped and down; start it empty with: kvctl dev start 1\n");
            assertThat(node.resolve("data")).doesNotExist();
            assertThat(node.resolve("kvnode.yaml")).exists();
            assertThat(firstNode().get("state").getAsString()).isEqualTo("DOWN");
        }
    }

    @Test
    void commandsNeedAClusterExceptDown() throws IOException {
        nodeIs("exit 1");
        assertThat(kvctl("dev", "status").exitCode()).isEqualTo(4);
        assertThat(kvctl("dev", "kill", "1").exitCode()).isEqualTo(4);
        assertThat(folder.resolve(".quorate")).doesNotExist();
        assertThat(kvctl("dev", "down"))
                .isEqualTo(new Run(0, "", "no cluster in " + folder.resolve(".quorate/dev") + ": nothing to stop\n"));
    }

    @Test
    void clusterOfAnotherSizeIsNotTakenForThisOne() throws IOException {
        nodeIs("exit 1");
        kvctl("dev", "up", "--nodes", "2");
        Run run = kvctl("dev", "up", "--nodes", "3");
        assertThat(run.exitCode()).isEqualTo(6);
        assertThat(run.err()).contains("has 2 nodes", "kvctl dev add");
    }

    @Test
    void endpointsOfTheLocalClusterAreTheDefault() throws IOException {
        nodeIs("exit 1");
        kvctl("dev", "up", "--nodes", "1");
        String address = firstNode().get("clientAddress").getAsString();
        Run run = kvctl("get", "k");
        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.err()).contains(address + ": connect: connection refused");
    }
}
