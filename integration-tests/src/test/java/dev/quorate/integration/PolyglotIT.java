package dev.quorate.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.quorate.integration.Programs.Ended;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The examples in other languages, against real nodes, as their users run them. What they need is installed below {@code target/} when the
 * language and its package registry are there; otherwise the example is skipped, and the log says so.
 */
@ExtendWith(NodeLogs.class)
@Timeout(value = 6, unit = TimeUnit.MINUTES)
final class PolyglotIT {
    private static final Path REPOSITORY = Path.of(System.getProperty("repository"));
    private static final Path EXAMPLES = REPOSITORY.resolve("examples");
    private static final Path WORK = REPOSITORY.resolve("integration-tests/target/examples");
    private static final Duration INSTALL_PATIENCE = Duration.ofMinutes(4);

    @TempDir
    private static Path folder;

    private static Cluster cluster;

    @BeforeAll
    static void start() throws IOException {
        cluster = Cluster.start(folder, ClusterPlan.of(3, 71));
    }

    @AfterAll
    static void stop() {
        if (cluster != null) {
            cluster.close();
        }
    }

    @Test
    void python() throws Exception {
        assumeInstalled("python3", "--version");
        assumeInstalled("python3", "-m", "venv", "--help");
        Ended example = run("python");
        assertThat(example.out().lines())
                .containsExactly(
                        "put milk: replicas asked for 2",
                        "get: ['milk']",
                        "siblings: ['bread', 'butter']",
                        "multi-get: {0: ['bread+butter'], 1: []}",
                        "refused: NOT_FOUND BUCKET_NOT_FOUND {'bucket': 'nowhere', 'buckets': 'default'}",
                        "after delete: []");
    }

    @Test
    void node() throws Exception {
        assumeInstalled("node", "--version");
        assumeInstalled("npm", "--version");
        Ended example = run("node");
        assertThat(example.out().lines())
                .containsExactly(
                        "put milk: replicas asked for 2",
                        "get: [ 'milk' ]",
                        "siblings: [ 'bread', 'butter' ]",
                        "multi-get: { '0': [ 'bread+butter' ], '1': [] }",
                        "refused: NOT_FOUND BUCKET_NOT_FOUND {\"bucket\":\"nowhere\",\"buckets\":\"default\"}",
                        "after delete: []");
    }

    /** The Java example uses the SDK, and runs from its source file. */
    @Test
    void java() throws Exception {
        Ended example = Programs.run(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Dslf4j.provider=org.slf4j.nop.NOPServiceProvider",
                        "-Dslf4j.internal.verbosity=WARN",
                        "-cp",
                        System.getProperty("java.class.path"),
                        EXAMPLES.resolve("java/Example.java").toString(),
                        cluster.node(1).clientAddress()),
                Map.of());
        assertThat(example.exitCode()).as("%s", example).isZero();
        assertThat(example.out().lines())
                .containsExactly(
                        "put milk: replicas asked for 2",
                        "get: [milk]",
                        "siblings: [bread, butter]",
                        "multi-get: {example/java=[bread+butter], example/absent=[]}",
                        "update: bread+butter+jam",
                        "refused: BUCKET_NOT_FOUND {bucket=nowhere, buckets=default}",
                        "after delete: []");
    }

    private static Ended run(String language) throws IOException, InterruptedException {
        Path work = Files.createDirectories(WORK.resolve(language));
        Map<String, String> environment = Map.of("WORK", work.toString());
        String script = EXAMPLES.resolve(language).resolve("run.sh").toString();
        Ended installed = Programs.run(List.of(script, "--install"), environment, work, INSTALL_PATIENCE);
        assumeThat(installed.exitCode())
                .as("the %s example is skipped: its packages cannot be installed here:\n%s", language, installed)
                .isZero();
        Ended example = Programs.run(
                List.of(script, cluster.node(1).clientAddress()), environment, work, Duration.ofMinutes(1));
        assertThat(example.exitCode()).as("%s", example).isZero();
        return example;
    }

    private static void assumeInstalled(String... command) throws InterruptedException {
        String absent = "skipped: '" + String.join(" ", command) + "' does not work here";
        try {
            assumeThat(Programs.run(List.of(command), Map.of()).exitCode())
                    .as(absent)
                    .isZero();
        } catch (IOException notFound) {
            System.out.println("PolyglotIT: " + absent);
            assumeThat(true).as(absent).isFalse();
        }
    }
}
