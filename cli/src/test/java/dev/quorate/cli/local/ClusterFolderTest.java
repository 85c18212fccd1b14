package dev.quorate.cli.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.cli.terminal.CommandFailure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterFolderTest {
    private static final ClusterFile.Node FIRST =
            new ClusterFile.Node(1, 7400, 7401, 7402, "256m", new ProcessIdentity(12, "boot/34"));
    private static final ClusterFile.Node SECOND = new ClusterFile.Node(2, 7410, 7411, 7412, "256m", null);
    private static final ClusterFile CLUSTER = new ClusterFile("id", 2, List.of(FIRST, SECOND), Optional.empty());

    @TempDir
    Path temporary;

    @Test
    void readsWhatItWrote() throws IOException {
        ClusterFolder folder = new ClusterFolder(temporary.resolve("dev"));
        assertThat(folder.read()).isEmpty();
        folder.create();
        folder.write(CLUSTER);
        assertThat(folder.read()).contains(CLUSTER);
        folder.write(CLUSTER.with(FIRST.with(null)));
        assertThat(folder.read().orElseThrow().node("n1").orElseThrow().process())
                .isNull();
    }

    @Test
    void readsTheProxyAndWhatEachNodeCallsItsPeers() throws IOException {
        ClusterFile proxied = CLUSTER.with(new ClusterFile.Proxy(
                List.of(new ClusterFile.ProxiedLink(1, 2, 8400)), new ProcessIdentity(56, "boot/78")));
        ClusterFolder folder = new ClusterFolder(temporary.resolve("dev"));
        folder.create();
        folder.write(proxied);
        assertThat(folder.read()).contains(proxied);
        assertThat(proxied.peerPort(FIRST, SECOND)).isEqualTo(8400);
        assertThat(proxied.peerPort(SECOND, SECOND)).isEqualTo(7411);
        assertThat(CLUSTER.peerPort(FIRST, SECOND)).isEqualTo(7411);
    }

    @Test
    void damagedFileIsAnErrorAndNotAnEmptyFolder() throws IOException {
        ClusterFolder folder = new ClusterFolder(temporary);
        for (String text :
                List.of("", "{}", "[]", "{\"format\":2}", "{\"format\":1,\"clusterId\":\"x\"}", "nonsense")) {
            Files.writeString(temporary.resolve("cluster.json"), text);
            assertThatThrownBy(folder::read).isInstanceOf(CommandFailure.class).hasMessageContaining("cluster.json");
        }
    }

    @Test
    void nodesAreFoundByNumberAndById() {
        assertThat(CLUSTER.node("2")).contains(SECOND);
        assertThat(CLUSTER.node("n2")).contains(SECOND);
        assertThat(CLUSTER.node("n3")).isEmpty();
        assertThat(CLUSTER.node("nn2")).isEmpty();
    }

    @Test
    void secretsAndFoldersAreForTheOwnerOnly() throws IOException {
        ClusterFolder folder = new ClusterFolder(temporary.resolve("dev"));
        folder.create();
        folder.createNodeFolder(FIRST);
        folder.writeSecret(folder.configuration(FIRST), "clusterKey: secret");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.configuration(FIRST))))
                .isEqualTo("rw-------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.root())))
                .isEqualTo("rwx------");
    }

    @Test
    void wipeLeavesWhatIsNotOurs() throws IOException {
        ClusterFolder folder = new ClusterFolder(temporary.resolve("dev"));
        folder.create();
        folder.createNodeFolder(FIRST);
        Files.writeString(folder.log(FIRST), "log");
        Path stranger = Files.writeString(folder.root().resolve("thesis.txt"), "years of work");
        folder.write(CLUSTER);
        folder.wipe(CLUSTER);
        assertThat(stranger).exists();
        assertThat(folder.nodeFolder(FIRST)).doesNotExist();
        assertThat(folder.read()).isEmpty();

        Files.delete(stranger);
        folder.write(CLUSTER);
        folder.wipe(CLUSTER);
        assertThat(folder.root()).doesNotExist();
    }
}
