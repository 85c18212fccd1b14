package dev.quorate.integration;

import static dev.quorate.integration.Complaints.assertComplains;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.quorate.cli.local.ProcessIdentity;
import dev.quorate.integration.Programs.Ended;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code kvctl dev} with faults by hand: real nodes behind a real proxy. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
final class DevFaultsIT {
    private static final Duration SOON = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    @BeforeEach
    void launcherFromTheClassPath() throws IOException {
        String command = Programs.kvnode().stream()
                .map(word -> "'" + word.replace("'", "'\\''") + "'")
                .collect(Collectors.joining(" "));
        Path kvnode = Files.writeString(folder.resolve("kvnode"), "#!/bin/sh\nexec " + command + " \"$@\"\n");
        Files.setPosixFilePermissions(kvnode, PosixFilePermissions.fromString("rwx------"));
    }

    @AfterEach
    void nothingIsLeftRunning() throws Exception {
        kvctl("dev", "down", "--wipe");
    }

    private Ended kvctl(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(Programs.kvctl());
        command.addAll(Arrays.asList(arguments));
        return Programs.run(
                command,
                Map.of("KVCTL_HOME", folder.toString(), "KVCTL_DEV_DIR", "dev"),
                folder,
                Duration.ofMinutes(1));
    }

    private void succeeds(String... arguments) throws IOException, InterruptedException {
        Ended ended = kvctl(arguments);
        assertThat(ended.exitCode()).as(ended.toString()).isZero();
    }

    private JsonObject status() throws IOException, InterruptedException {
        return JsonParser.parseString(kvctl("dev", "status", "-o", "json").out())
                .getAsJsonObject();
    }

    @Test
    void aClusterIsPartitionedHealedWipedAndLeavesNothingBehind() throws Exception {
        succeeds("dev", "up", "--proxied");
        // Whoever waited for 'dev up' may use the cluster at once.
        succeeds("put", "hello", "world", "--w", "3");

        succeeds("dev", "partition", "1,2", "3");
        await("n3 has noticed")
                .atMost(SOON)
                .untilAsserted(() -> assertThat(
                                kvctl("cluster", "status", "-o", "json").exitCode())
                        .isEqualTo(5));
        succeeds("get", "hello", "--r", "2");
        assertThat(kvctl("get", "hello", "--r", "3").exitCode()).isEqualTo(5);

        succeeds("dev", "heal");
        await("all three answer")
                .atMost(SOON)
                .until(() -> kvctl("get", "hello", "--r", "3").exitCode() == 0);

        succeeds("dev", "wipe", "2");
        assertThat(folder.resolve("dev/n2/data")).doesNotExist();
        succeeds("dev", "start", "2");
        succeeds("get", "hello", "--r", "2");

        List<Long> processes = new ArrayList<>(List.of(status().get("proxyPid").getAsLong()));
        status().getAsJsonArray("nodes")
                .forEach(node -> processes.add(node.getAsJsonObject().get("pid").getAsLong()));
        assertThat(processes).hasSize(4);
        succeeds("dev", "down");
        // Where nobody reaps orphans, what has ended still has an entry.
        assertThat(processes).noneMatch(pid -> ProcessIdentity.of(pid).isPresent());
        succeeds("dev", "down", "--wipe");
        assertThat(folder.resolve("dev")).doesNotExist();
        assertComplains(kvctl("dev", "heal"), 4, "no cluster in");
    }
}
