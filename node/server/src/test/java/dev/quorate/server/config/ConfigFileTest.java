package dev.quorate.server.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.replication.Bucket;
import dev.quorate.core.replication.ReplicationConfig;
import dev.quorate.server.lmdb.StorageConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigFileTest {
    private static final String LEAST = """
            cluster: {id: 6c3f8a52-0000-4000-8000-00000000c0de}
            node: n1
            hashSeed: '000102030405060708090a0b0c0d0e0f'
            clusterKey: '000102030405060708090a0b0c0d0e0f'
            """;

    @TempDir
    Path folder;

    private final List<String> warnings = new ArrayList<>();

    @Test
    void fourSettingsAreEnough() throws Exception {
        NodeSettings settings = read(LEAST);

        assertThat(settings.founding().members()).hasSize(1);
        assertThat(settings.founding().self().id()).isEqualTo(new NodeId(1));
        assertThat(settings.listen().client()).hasToString("127.0.0.1:7400");
        assertThat(settings.listen().peer()).hasToString("127.0.0.1:7401");
        assertThat(settings.listen().admin()).hasToString("127.0.0.1:7402");
        assertThat(settings.founding().log2Slots()).isEqualTo(10);
        assertThat(settings.storage()).isEqualTo(StorageConfig.defaults(folder.resolve("data")));
        assertThat(settings.replication()).isEqualTo(ReplicationConfig.DEFAULTS);
        assertThat(settings.founding().buckets())
                .containsExactly(new Bucket("default", 1, 1, 1, 1, Bucket.BlindWrites.OVERWRITE_SEEN));
    }

    @Test
    void theTemplateIsValidAndShowsTheDefaults() throws Exception {
        NodeSettings fromTemplate = read(ConfigText.template());
        NodeSettings defaults = read(LEAST);

        assertThat(fromTemplate.storage()).isEqualTo(defaults.storage());
        assertThat(fromTemplate.replication()).isEqualTo(defaults.replication());
        assertThat(fromTemplate.limits()).isEqualTo(defaults.limits());
        assertThat(fromTemplate.listen()).isEqualTo(defaults.listen());
        assertThat(fromTemplate.founding().replicas())
                .isEqualTo(defaults.founding().replicas());
        assertThat(fromTemplate.founding().log2Slots())
                .isEqualTo(defaults.founding().log2Slots());
        assertThat(fromTemplate.logLevel()).isEqualTo(defaults.logLevel());
        assertThat(fromTemplate.founding().hashSeed())
                .isNotEqualTo(defaults.founding().hashSeed());
    }

    @Test
    void theDocumentedFileIsTheTemplate() throws Exception {
        String page = Files.readString(Path.of("../../docs/configuration.md"));
        int start = page.indexOf("```yaml\n") + "```yaml\n".length();

        assertThat(page.substring(start, page.indexOf("```", start)))
                .as("docs/configuration.md holds what 'kvnode config template' prints, zeros in place of what is drawn")
                .isEqualTo(ConfigText.template()
                        .replaceFirst("  id: [0-9a-f-]{36}", "  id: 00000000-0000-0000-0000-000000000000")
                        .replaceFirst("hashSeed: [0-9a-f]{32}", "hashSeed: " + "0".repeat(32))
                        .replaceFirst("clusterKey: [0-9a-f]{64}", "clusterKey: " + "0".repeat(64))
                        .replaceFirst("joinToken: [0-9a-f]{64}", "joinToken: " + "0".repeat(64)));
    }

    @Test
    void whatTheTemplateCommentsOutIsValidToo() throws Exception {
        String everything = ConfigText.template().replaceAll("(?m)^# (members|buckets|metrics|  )", "$1");

        NodeSettings settings = read(everything);

        assertThat(settings.founding().members()).hasSize(3);
        assertThat(settings.founding().buckets()).extracting(Bucket::name).containsExactly("carts", "default");
        assertThat(settings.metricsListen()).contains(new Address("127.0.0.1", 7403));
    }

    @Test
    void theEffectiveSettingsReadBackAsThemselves() throws Exception {
        NodeSettings settings = read(ConfigText.template().replaceAll("(?m)^# (members|buckets|metrics|  )", "$1"));
        String text = ConfigText.effective(settings);

        assertThat(text).doesNotContain(settings.founding().clusterKey().hex());
        assertThat(text).doesNotContain(settings.joinToken().orElseThrow());
        NodeSettings again = read(text.replaceFirst(
                        "\"\\*{3}\"", "'" + settings.founding().clusterKey().hex() + "'")
                .replaceFirst("\"\\*{3}\"", "'" + settings.joinToken().orElseThrow() + "'"));
        assertThat(again).isEqualTo(settings);
    }

    @Test
    void anUnknownKeyIsToldWithLineAndSuggestion() {
        assertThat(problems(LEAST + "storage:\n  dir: data\n  memroyTable: 32MiB\n"))
                .containsExactly(file() + ":7: storage.memroyTable is not a setting; did you mean 'memoryTable'?");
        assertThat(problems(LEAST + "relication: {}\n"))
                .containsExactly(file() + ":5: relication is not a setting; did you mean 'replication'?");
        assertThat(problems(LEAST + "members:\n  - {id: n1, client: 'h:1', peer: 'h:2', admin: 'h:3', wieght: 2}\n"
                        + "listen: {client: 127.0.0.1:1, peer: 127.0.0.1:2, admin: 127.0.0.1:3}\n"))
                .containsExactly(file() + ":6: members[0].wieght is not a setting; did you mean 'weight'?");
        assertThat(problems(LEAST + "zzz: 1\n"))
                .singleElement()
                .asString()
                .contains(":5: zzz", "known here", "storage");
    }

    @Test
    void allProblemsAreToldAtOnce() {
        List<String> problems = problems("cluster: {id: nonsense}\nnode: 7\nslots: 1000\nstorage:\n  reserve: 64\n");

        assertThat(problems)
                .containsExactly(
                        file() + ":1: cluster.id: 'nonsense' is not a UUID",
                        file() + ":2: node: '7' is not a node id such as n2",
                        file() + ":3: slots: '1000' is not a power of two from 1 to 65536, such as 1024",
                        file() + ":1: hashSeed is missing",
                        file() + ":1: clusterKey is missing",
                        file()
                                + ":5: storage.reserve: '64' is not a size such as 64MiB (units: B, KiB, MiB, GiB, TiB)");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            replication: {timeout: 2}          | replication.timeout: '2' is not a duration such as 2s
            replication: {timeout: 0ms}        | replication.timeout: '0ms' is not 1ms to 5m
            replication: {maxTimeout: 1s}      | replication.maxTimeout is below replication.timeout
            replication: {hedgeBudget: 1.5}    | replication.hedgeBudget: 1.5 is not 0.0 to 1.0
            replication: {hedgeBudget: often}  | replication.hedgeBudget: 'often' is not a number such as 0.5
            replication: {maxRecord: 2MiB}     | replication.maxRecord: '2MiB' is not 1B to 1MiB
            replicas: three                    | replicas: 'three' is not a whole number
            replicas: 0                        | replicas: 0 is not 1 to 16
            replicas:                          | replicas needs a plain value
            replicas: [3]                      | replicas needs a plain value
            storage: data                      | storage must be a mapping of names to values
            members: n1                        | members must be a list: lines that begin with '- '
            logging: {level: loud}             | logging.level: 'loud' is none of error, warn, info, debug
            insecure: yes                      | insecure: 'yes' is neither true nor false
            listen: {client: 7400}             | listen.client: '7400' is not host:port such as 127.0.0.1:7400
            listen: {client: '127.0.0.1:70000'}| listen.client: '127.0.0.1:70000' is not host:port such as 127.0.0.1:7400
            listen: {client: '::1:7400'}       | listen.client: '::1:7400' has more than one colon; write IPv6 as [::1]:7400
            storage: {map: 99999999999TiB}     | storage.map: '99999999999TiB' is too large
            storage: {logSegment: 4MiB}        | storage: a log queue of 8388608 bytes
            """)
    void aBadValueIsToldWithLineAndForm(String line, String expected) {
        assertThat(problems(LEAST + line + "\n")).singleElement().asString().startsWith(file() + ":5: " + expected);
    }

    @Test
    void aLogThatCouldNotTakeTheLargestObjectIsRefused() throws Exception {
        String storage = "storage: {logSegment: 16MiB, logQueue: 1MiB}\n";

        assertThat(problems(LEAST + storage + "replication: {maxRecord: 1MiB}\n"))
                .singleElement()
                .asString()
                .startsWith(file() + ":5: storage.logSegment is too small for a key with 33 siblings");
        assertThat(read(LEAST + storage + "replication: {maxRecord: 1MiB, maxSiblings: 4}\n")
                        .replication()
                        .maxRecordBytes())
                .isEqualTo(1 << 20);
        assertThat(read(LEAST + "replication: {maxRecord: 1MiB}\n").storage().largestBatchBytes())
                .isGreaterThan(33L << 20);
    }

    @Test
    void aKeyWrittenTwiceIsToldWithBothLines() {
        assertThat(problems(LEAST + "replicas: 3\nreplicas: 2\n"))
                .containsExactly(file() + ":6: replicas is written twice, first in line 5");
    }

    @Test
    void whatIsNotYamlIsToldWithLine() {
        assertThat(problems(LEAST + "storage: {dir: data\n"))
                .singleElement()
                .asString()
                .contains("not YAML");
        assertThat(problems("cluster:\n\tid: x\n")).singleElement().asString().startsWith(file() + ":2: not YAML");
    }

    @Test
    void membersMustBeDistinctAndIncludeThisNode() {
        String two = "members:\n  - {id: n2, client: 'a:1', peer: 'a:2', admin: 'a:3'}\n"
                + "  - {id: n2, client: 'a:1', peer: 'b:2', admin: 'b:3'}\n"
                + "listen: {client: 127.0.0.1:1, peer: 127.0.0.1:2, admin: 127.0.0.1:3}\n";

        assertThat(problems(LEAST + two))
                .containsExactly(
                        file() + ":7: n2 is a member twice",
                        file() + ":7: a:1 is n2's client address already",
                        file() + ":2: n1 is none of the members n2");
    }

    @Test
    void membersOnOneMachineShareAHostUnlessTheySayOtherwise() throws Exception {
        String members = "members:\n  - {id: n2, client: 127.0.0.1:4, peer: 127.0.0.1:5, admin: 127.0.0.1:6}\n"
                + "  - {id: n1, client: 127.0.0.1:1, peer: 127.0.0.1:2, admin: 127.0.0.1:3, weight: 2.5}\n";

        NodeSettings settings = read(LEAST + members);

        assertThat(settings.founding().members())
                .extracting(member -> member.id().toString())
                .containsExactly("n1", "n2");
        assertThat(settings.founding().members())
                .extracting(member -> member.placement().host())
                .containsOnly("127.0.0.1");
        assertThat(settings.founding().self().placement().weight()).isEqualTo(2.5);
        assertThat(settings.founding().buckets().get(0).n()).isEqualTo(1);
    }

    @Test
    void aBucketCannotWantMoreReplicasThanThereAreHosts() {
        assertThat(problems(LEAST + "buckets:\n  - {name: carts, id: 2, n: 3}\n"))
                .containsExactly(file() + ":6: bucket 'carts' wants 3 replicas; this cluster keeps at most 1"
                        + " (setting 'replicas', and one per host)");
    }

    @Test
    void bucketIdsAreNeededAndUnique() {
        assertThat(problems(LEAST + "buckets:\n  - {name: a, id: 2}\n  - {name: b, id: 2}\n  - {name: c}\n"))
                .containsExactly(
                        file() + ":7: id 2 belongs to another bucket already",
                        file() + ":8: bucket 'c' needs an id: a number that never changes, part of where keys live");
        assertThat(problems(LEAST + "buckets:\n  - {name: a, id: 1}\n"))
                .singleElement()
                .asString()
                .contains("id 1 is reserved for the bucket 'default'");
    }

    @Test
    void addressesThatOthersCanReachNeedConsent() throws Exception {
        String open = "listen: {client: '0.0.0.0:7400'}\n";

        assertThat(problems(LEAST + open))
                .singleElement()
                .asString()
                .startsWith(file() + ":5: 0.0.0.0:7400 can be reached by other machines")
                .contains("insecure: true");
        assertThat(read(LEAST + open + "insecure: true\n").listen().client()).hasToString("0.0.0.0:7400");
        assertThat(problems(LEAST + "metrics: {listen: '0.0.0.0:9100'}\n")).hasSize(1);
    }

    @Test
    void secretsStayOutOfFilesThatOthersCanRead() throws Exception {
        Path file = folder.resolve("kvnode.yaml");
        Files.writeString(file, LEAST);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));

        ConfigException thrown =
                catchThrowableOfType(ConfigException.class, () -> ConfigFile.read(file, Map.of(), warnings::add));

        assertThat(thrown.problems()).singleElement().asString().contains(":4: ", "chmod 600", "{file: cluster.key}");
    }

    @Test
    void theClusterKeyMayStandInAFileOfItsOwn() throws Exception {
        Path key = folder.resolve("cluster.key");
        Files.writeString(key, "ff".repeat(32) + "\n");
        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
        String byFile = LEAST.replaceAll("clusterKey: .*", "clusterKey: {file: cluster.key}");

        assertThat(read(byFile).founding().clusterKey().hex()).isEqualTo("ff".repeat(32));

        Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r-----"));
        assertThat(problems(byFile)).singleElement().asString().contains("chmod 600");
        Files.delete(key);
        assertThat(problems(byFile)).singleElement().asString().contains(":4: ", "does not exist");
    }

    private static final String JOIN = """
            join:
              seeds: [127.0.0.1:7401, '[::1]:7411']
              token: sixteen-or-more-characters
            """;

    @Test
    void aNodeThatJoinsNeedsSeedsAndAToken() throws Exception {
        NodeSettings settings = read(JOIN);

        NodeSettings.Joining joining = joining(settings);
        assertThat(joining.seeds()).containsExactly(new Address("127.0.0.1", 7401), new Address("::1", 7411));
        assertThat(joining.token()).isEqualTo("sixteen-or-more-characters");
        assertThat(joining.client()).isEqualTo(settings.listen().client()).hasToString("127.0.0.1:7400");
        assertThat(joining.host()).isEqualTo("127.0.0.1");
        assertThat(joining.ownReplication()).isFalse();
        assertThat(settings.joinToken()).isEmpty();
        assertThat(settings.label()).isEqualTo("joining");

        NodeSettings more = read(JOIN + "  weight: 2\n  rack: r7\n  host: h7\n  peer: example.org:7401\n"
                + "joinToken: sixteen-or-more-characters\nreplication: {maxRecord: 64KiB}\n");
        assertThat(joining(more).weight()).isEqualTo(2);
        assertThat(joining(more).rack()).isEqualTo("r7");
        assertThat(joining(more).peer()).hasToString("example.org:7401");
        assertThat(joining(more).ownReplication()).isTrue();
        assertThat(more.joinToken()).contains("sixteen-or-more-characters");
    }

    private static NodeSettings.Joining joining(NodeSettings settings) {
        return settings.origin().match(founding -> null, found -> found);
    }

    @Test
    void theEnvironmentMayNameSeedsAndToken() throws Exception {
        write("join: {}\n");
        NodeSettings settings = ConfigFile.read(
                file(),
                Map.of("QUORATE_JOIN_SEEDS", "127.0.0.1:1, 127.0.0.1:2", "QUORATE_JOIN_TOKEN", "x".repeat(16)),
                warnings::add);
        assertThat(joining(settings).seeds()).containsExactly(new Address("127.0.0.1", 1), new Address("127.0.0.1", 2));
        assertThat(joining(settings).token()).isEqualTo("x".repeat(16));
        assertThat(warnings).isEmpty();
    }

    @Test
    void whatTheClusterTellsIsNotForANodeThatJoins() {
        assertThat(problems(JOIN + "node: n4\nreplicas: 3\n"))
                .containsExactly(
                        file()
                                + ":4: node is told by the cluster that the node joins: leave it out, or leave out 'join'",
                        file() + ":5: replicas is told by the cluster that the node joins: leave it out, or leave out"
                                + " 'join'");
        assertThat(problems("join: {seeds: [nonsense], token: short}\n"))
                .containsExactly(
                        file() + ":1: join.seeds: 'nonsense' is not host:port such as 127.0.0.1:7400",
                        file() + ":1: join.seeds names no member: give peer addresses such as [10.0.0.1:7401,"
                                + " 10.0.0.2:7401]",
                        file() + ":1: join.token: not 16 to 256 printable characters without spaces");
        assertThat(problems(JOIN + "listen: {peer: 127.0.0.1:0}\n"))
                .containsExactly(
                        file() + ":1: a node that joins tells the others its addresses before it listens: no port"
                                + " may be 0");
        assertThat(problems("join: {seeds: ['192.0.2.1:7401'], token: sixteen-or-more-characters, client: 'h:1'}\n"))
                .containsExactly(
                        file() + ":1: the other nodes cannot reach this one at 127.0.0.1:7401: say where they can,"
                                + " with join.peer");
        assertThat(problems(JOIN + "listen: {peer: '0.0.0.0:7401'}\ninsecure: true\n"))
                .singleElement()
                .asString()
                .contains("join.peer");
        assertThat(problems(JOIN + "  seedz: 1\n"))
                .containsExactly(file() + ":4: join.seedz is not a setting; did you mean 'seeds'?");
    }

    @Test
    void theEffectiveSettingsOfANodeThatJoinsReadBackAsThemselves() throws Exception {
        NodeSettings settings = read(JOIN + "replication: {maxRecord: 64KiB}\n");
        String text = ConfigText.effective(settings);
        assertThat(text).doesNotContain("sixteen-or-more-characters");
        assertThat(read(text.replace("\"***\"", "sixteen-or-more-characters"))).isEqualTo(settings);
    }

    @Test
    void aMemberMayBeReachedByAWayOfItsOwn() throws Exception {
        NodeSettings settings = read(LEAST
                + "members:\n  - {id: n1, client: 127.0.0.1:1, peer: 127.0.0.1:2, admin: 127.0.0.1:3}\n"
                + "  - {id: n2, client: 'b:1', peer: 'b:2', admin: 'b:3', via: 'proxy:9'}\n");
        assertThat(settings.founding().member(new NodeId(2)).via()).contains(new Address("proxy", 9));
        assertThat(ConfigText.effective(settings)).contains("via: 'proxy:9'");
    }

    @Test
    void aSecretNeverStandsInAProblem() {
        assertThat(problems(LEAST.replaceAll("clusterKey: .*", "clusterKey: hunter2")))
                .containsExactly(file() + ":4: clusterKey: not hexadecimal digits, two per byte");
        assertThat(problems(LEAST.replaceAll("clusterKey: .*", "clusterKey: abcd")))
                .containsExactly(file() + ":4: clusterKey: 2 bytes, where 16 to 64 are needed");
    }

    @Test
    void theEnvironmentOverridesSingleSettings() throws Exception {
        write(LEAST + "storage: {dir: here}\n");

        NodeSettings settings = ConfigFile.read(
                file(),
                Map.of(
                        "QUORATE_STORAGE_DIR", "/elsewhere",
                        "QUORATE_REPLICATION_HEDGE_AFTER", "5ms",
                        "QUORATE_NODE", "n1",
                        "PATH", "/bin"),
                warnings::add);

        assertThat(settings.storage().directory()).isEqualTo(Path.of("/elsewhere"));
        assertThat(settings.replication().hedgeAfter()).isEqualTo(Duration.ofMillis(5));
        assertThat(warnings).isEmpty();
    }

    @Test
    void aBadOverrideNamesItsVariable() throws Exception {
        write(LEAST);

        ConfigException thrown = catchThrowableOfType(
                ConfigException.class,
                () -> ConfigFile.read(file(), Map.of("QUORATE_STORAGE_MEMORY_TABLE", "lots"), warnings::add));

        assertThat(thrown.problems())
                .containsExactly("environment variable QUORATE_STORAGE_MEMORY_TABLE: 'lots' is not a size such as 64MiB"
                        + " (units: B, KiB, MiB, GiB, TiB)");
    }

    @Test
    void aVariableThatOverridesNothingIsSuspicious() throws Exception {
        write(LEAST);

        ConfigFile.read(file(), Map.of("QUORATE_STORAGE_DIRR", "x"), warnings::add);

        assertThat(warnings)
                .containsExactly("environment variable QUORATE_STORAGE_DIRR overrides no setting; did you mean"
                        + " QUORATE_STORAGE_DIR?");
    }

    @Test
    void aMissingFileIsToldWithTheNextStep() {
        ConfigException thrown = catchThrowableOfType(
                ConfigException.class, () -> ConfigFile.read(folder.resolve("none.yaml"), Map.of(), warnings::add));

        assertThat(thrown.problems()).singleElement().asString().contains("no such file", "config template");
    }

    private NodeSettings read(String yaml) throws Exception {
        write(yaml);
        return ConfigFile.read(file(), Map.of(), warnings::add);
    }

    private List<String> problems(String yaml) {
        ConfigException thrown = catchThrowableOfType(ConfigException.class, () -> read(yaml));
        assertThat(thrown).as("problems of:%n%s", yaml).isNotNull();
        return thrown.problems();
    }

    private Path file() {
        return folder.resolve("kvnode.yaml");
    }

    private void write(String yaml) throws IOException {
        Files.writeString(file(), yaml);
        Files.setPosixFilePermissions(file(), PosixFilePermissions.fromString("rw-------"));
    }
}
