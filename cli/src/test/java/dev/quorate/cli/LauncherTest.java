package dev.quorate.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The launchers are code too: their syntax, and how they choose a Java. */
class LauncherTest {
    private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    @TempDir
    Path folder;

    private record Result(int exitCode, String output) {}

    private static Result sh(Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(arguments).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Result(process.waitFor(), output);
    }

    @ParameterizedTest
    @ValueSource(strings = {"kvctl", "kvnode", "cli/src/main/launcher/launcher.sh"})
    void scriptsAreValidShell(String script) throws Exception {
        assertThat(sh(Map.of(), "sh", "-n", ROOT.resolve(script).toString())).isEqualTo(new Result(0, ""));
    }

    @ParameterizedTest
    @ValueSource(strings = {"kvctl", "kvnode"})
    void launchersAreExecutable(String script) {
        assertThat(ROOT.resolve(script)).isExecutable();
    }

    private Result findJava(String release) throws Exception {
        Path java = folder.resolve("jdk/bin/java");
        if (Files.notExists(java)) {
            Files.createDirectories(java.getParent());
            Files.createFile(java);
            assertThat(java.toFile().setExecutable(true)).isTrue();
        }
        Files.writeString(folder.resolve("jdk/release"), release);
        return sh(
                Map.of("JAVA_HOME", folder.resolve("jdk").toString()),
                "sh",
                "-euc",
                "program=kvctl; home=" + ROOT + "; . " + ROOT.resolve("cli/src/main/launcher/launcher.sh")
                        + "; find_java; echo \"$java_version $java_identity\"");
    }

    @ParameterizedTest
    @CsvSource({"17.0.15, 17.0.15+6-Debian-1, 17 17.0.15_6_Debian_1", "25, 25+36-LTS, 25 25_36_LTS"})
    void javaIsToldByItsReleaseFile(String version, String runtime, String expected) throws Exception {
        assertThat(findJava("IMPLEMENTOR=\"X\"\nJAVA_RUNTIME_VERSION=\"" + runtime + "\"\nJAVA_VERSION=\"" + version
                        + "\"\n"))
                .isEqualTo(new Result(0, expected + "\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"11.0.2", "1.8.0_402"})
    void oldJavaIsRefusedWithAWayOut(String version) throws Exception {
        Result result = findJava("JAVA_VERSION=\"" + version + "\"\n");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.output()).contains("is Java " + version, "needs at least 17", "next: ");
    }

    @Test
    void wrongJavaHomeIsNamed() throws Exception {
        Result result =
                sh(Map.of("JAVA_HOME", "/nowhere"), ROOT.resolve("kvctl").toString(), "version");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.output()).contains("JAVA_HOME is /nowhere");
    }
}
