package dev.quorate.server.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The command line without a process of its own: what scripts and people get back. */
class KvnodeTest {
    @TempDir
    Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void aTemplateIsWrittenForItsOwnerOnlyAndPassesTheCheck() throws Exception {
        Path file = folder.resolve("kvnode.yaml");

        assertThat(run("config", "template", "--out", file.toString())).isEqualTo(ExitCode.OK);
        assertThat(Files.getPosixFilePermissions(file)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(run("config", "check", file.toString())).isEqualTo(ExitCode.OK);
        assertThat(out.toString()).contains("fine; node n1 of 1");
        assertThat(run("config", "template", "--out", file.toString())).isEqualTo(ExitCode.FAILURE);
        assertThat(err.toString()).contains("exists already");
    }

    @Test
    void twoTemplatesAreTwoClusters() {
        run("config", "template");
        String first = out.toString();
        out.getBuffer().setLength(0);
        run("config", "template");

        assertThat(out.toString()).isNotEqualTo(first).hasSameSizeAs(first);
    }

    @Test
    void theEffectiveSettingsHideTheSecret() throws Exception {
        Path file = folder.resolve("kvnode.yaml");
        run("config", "template", "--out", file.toString());

        assertThat(run("config", "show", file.toString())).isEqualTo(ExitCode.OK);
        assertThat(out.toString()).contains("clusterKey: \"***\"", "memoryTable: 32MiB");
    }

    @Test
    void aBadConfigurationIsAUsageErrorInWords() throws Exception {
        Path file = folder.resolve("kvnode.yaml");
        Files.writeString(file, "node: n1\nnoed: n2\n");

        assertThat(run("config", "check", file.toString())).isEqualTo(ExitCode.USAGE);
        assertThat(run("run", "--config", file.toString())).isEqualTo(ExitCode.USAGE);
        assertThat(err.toString())
                .contains(file + ":2: noed is not a setting; did you mean 'node'?")
                .doesNotContain("Exception", "\tat ");
    }

    @Test
    void wrongOptionsAreUsageErrors() {
        assertThat(run()).isEqualTo(ExitCode.USAGE);
        assertThat(run("run")).isEqualTo(ExitCode.USAGE);
        assertThat(run("config")).isEqualTo(ExitCode.USAGE);
        assertThat(run("rnu")).isEqualTo(ExitCode.USAGE);
        assertThat(err.toString())
                .contains("--config", "Unmatched argument at index 0: 'rnu'")
                .doesNotContain("\tat ");
    }

    @Test
    void troubleAtTheStartIsOneLine() throws Exception {
        Path file = folder.resolve("kvnode.yaml");
        run("config", "template", "--out", file.toString());
        Path blocked = Files.createFile(folder.resolve("data"));

        assertThat(run("run", "--config", file.toString())).isEqualTo(ExitCode.FAILURE);
        assertThat(err.toString()).contains("kvnode: ", blocked.toString()).doesNotContain("\tat ");
        assertThat(err.toString().lines()).hasSize(1);
    }

    @Test
    void helpNamesTheExitCodes() {
        assertThat(run("--help")).isEqualTo(ExitCode.OK);
        assertThat(out.toString()).contains("Exit codes: 0", "config template --out");
        assertThat(run("--version")).isEqualTo(ExitCode.OK);
    }

    private int run(String... arguments) {
        CommandLine command = Kvnode.commandLine();
        command.setOut(new PrintWriter(out, true));
        command.setErr(new PrintWriter(err, true));
        return command.execute(arguments);
    }
}
