package dev.quorate.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.quorate.integration.Programs.Ended;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * The examples in other languages, and YCSB, against real nodes, as their users run them. What the languages need is installed below
 * {@code target/} when they and their package registries are there; otherwise the example is skipped, and the log says so.
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

    /** YCSB makes values from key and field, and checks them when it reads. */
    @Test
    void ycsb() throws Exception {
        assertThat(ycsb("a", "-load")).isEqualTo(Map.of("INSERT OK", 200));

        everyOperationSucceeds("a", "UPDATE OK");
        everyOperationSucceeds("b", "UPDATE OK");
        assertThat(ycsb("c", "-t")).isEqualTo(Map.of("READ OK", 300, "VERIFY OK", 300));
        everyOperationSucceeds("d", "INSERT OK");
        // A read is part of every operation here, and an update of half of them.
        assertThat(ycsb("f", "-t"))
                .containsOnlyKeys("READ OK", "VERIFY OK", "UPDATE OK")
                .containsEntry("READ OK", 300)
                .containsEntry("VERIFY OK", 300);
        assertThat(ycsb("c", "-t", "-p", "readproportion=0", "-p", "scanproportion=1"))
                .as("workload E")
                .isEqualTo(Map.of("SCAN NOT_IMPLEMENTED", 300));
    }

    @Test
    void ycsbStaysOutOfTheProgramsClassPaths() throws Exception {
        for (String file : List.of("cli/target/kvctl.classpath", "node/server/target/kvnode.classpath")) {
            assertThat(Files.readString(REPOSITORY.resolve(file)).split(File.pathSeparator))
                    .as(file)
                    .noneMatch(jar -> jar.contains("site/ycsb") || jar.contains("quorate-ycsb"));
        }
        assertThatThrownBy(() -> Class.forName("site.ycsb.DB")).isInstanceOf(ClassNotFoundException.class);
    }

    private static void everyOperationSucceeds(String workload, String write) throws Exception {
        Map<String, Integer> outcomes = ycsb(workload, "-t");
        assertThat(outcomes).as("workload %s", workload).containsOnlyKeys("READ OK", "VERIFY OK", write);
        assertThat(outcomes).containsEntry("VERIFY OK", outcomes.get("READ OK"));
        assertThat(outcomes.get("READ OK") + outcomes.get(write))
                .as("workload %s: %s", workload, outcomes)
                .isEqualTo(300);
    }

    /** How often YCSB reports which outcome of which operation: {@code READ OK}. */
    private static Map<String, Integer> ycsb(String workload, String... arguments) throws Exception {
        List<String> command =
                new ArrayList<>(List.of(EXAMPLES.resolve("ycsb/run.sh").toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of(
                "-P",
                EXAMPLES.resolve("ycsb/workloads/" + workload + ".properties").toString()));
        for (String property : List.of(
                "quorate.nodes=" + cluster.seeds(),
                "quorate.timeout=10000",
                "recordcount=200",
                "operationcount=300",
                "threadcount=16",
                "dataintegrity=true")) {
            command.addAll(List.of("-p", property));
        }
        Ended run = Programs.run(
                command,
                Map.of(
                        "JAVA_HOME",
                        System.getProperty("java.home"),
                        "YCSB_OPTS",
                        "-Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData"));
        Map<String, Integer> outcomes = new TreeMap<>();
        Matcher lines = Pattern.compile("^\\[(\\S+)], Return=(\\S+), (\\d+)$", Pattern.MULTILINE)
                .matcher(run.out());
        while (lines.find()) {
            outcomes.put(lines.group(1) + " " + lines.group(2), Integer.valueOf(lines.group(3)));
        }
        assertThat(outcomes).as("%s", run).isNotEmpty();
        return outcomes;
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
