package dev.quorate.server.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.quorate.core.model.NodeId;
import dev.quorate.core.runtime.EventLoop;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IdentityFileTest {
    private static final String CLUSTER = "6c3f8a52-0000-4000-8000-00000000c0de";
    private static final NodeId NODE = new NodeId(2);

    /** Runs everything at once, on whatever thread asks. */
    private static final EventLoop HERE = new EventLoop() {
        @Override
        public void execute(Runnable task) {
            task.run();
        }

        @Override
        public Timer after(Duration delay, Runnable task) {
            throw new UnsupportedOperationException("the identity sets no timers");
        }
    };

    @TempDir
    Path dir;

    @Test
    void everyStartTakesANewBoot() throws Exception {
        Set<Long> boots = new HashSet<>();
        String uuid = IdentityFile.open(dir, CLUSTER, NODE, HERE).nodeUuid();
        for (int start = 2; start < 50; start++) {
            IdentityFile identity = IdentityFile.open(dir, CLUSTER, NODE, HERE);

            assertThat(identity.startNo()).isEqualTo(start);
            assertThat(identity.current() >>> 32).isEqualTo(start);
            assertThat(identity.nodeUuid()).isEqualTo(uuid);
            assertThat(boots.add(identity.current() & 0xffff_ffffL)).isTrue();
        }
    }

    @Test
    void theBootIsOnDiskBeforeItIsKnown() throws Exception {
        IdentityFile identity = IdentityFile.open(dir, CLUSTER, NODE, HERE);

        assertThat(Files.readString(dir.resolve(IdentityFile.NAME)))
                .contains("boot " + Long.toHexString(identity.current()) + "\n");
        assertThat(Files.getPosixFilePermissions(dir.resolve(IdentityFile.NAME)))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        assertThat(dir.resolve("identity.new")).doesNotExist();
    }

    @Test
    void aRestoredCopyDrawsAnotherBoot() throws Exception {
        IdentityFile.open(dir, CLUSTER, NODE, HERE);
        byte[] backup = Files.readAllBytes(dir.resolve(IdentityFile.NAME));
        long first = IdentityFile.open(dir, CLUSTER, NODE, HERE).current();
        Files.write(dir.resolve(IdentityFile.NAME), backup);

        assertThat(IdentityFile.open(dir, CLUSTER, NODE, HERE).current()).isNotEqualTo(first);
    }

    @Test
    void aRenewedBootIsOnDiskToo() throws Exception {
        IdentityFile identity = IdentityFile.open(dir, CLUSTER, NODE, HERE);
        long before = identity.current();

        long renewed = identity.renewAbove(0).toCompletableFuture().get(20, TimeUnit.SECONDS);

        assertThat(renewed).isNotEqualTo(before).isEqualTo(identity.current());
        assertThat(Files.readString(dir.resolve(IdentityFile.NAME))).contains("boot " + Long.toHexString(renewed));
    }

    @Test
    void aRenewalGoesBeyondWhatOthersKnow() throws Exception {
        IdentityFile identity = IdentityFile.open(dir, CLUSTER, NODE, HERE);

        long renewed = identity.renewAbove(41).toCompletableFuture().get(20, TimeUnit.SECONDS);

        assertThat(renewed >>> 32).isEqualTo(42).isEqualTo(identity.startNo());
        assertThat(IdentityFile.open(dir, CLUSTER, NODE, HERE).startNo()).isEqualTo(43);
    }

    @Test
    void aRenewalThatCannotBeWrittenFailsAndChangesNothing() throws Exception {
        IdentityFile identity = IdentityFile.open(dir, CLUSTER, NODE, HERE);
        long before = identity.current();
        Files.delete(dir.resolve(IdentityFile.NAME));
        Files.delete(dir);

        assertThatThrownBy(() -> identity.renewAbove(0).toCompletableFuture().get(20, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .hasCauseInstanceOf(IdentityException.class);
        assertThat(identity.current()).isEqualTo(before);
        Files.createDirectory(dir);
    }

    @Test
    void anotherClusterIsRefusedAndLeavesNoTrace() throws Exception {
        IdentityFile.open(dir, CLUSTER, NODE, HERE);
        byte[] before = Files.readAllBytes(dir.resolve(IdentityFile.NAME));
        String other = "00000000-0000-4000-8000-000000000000";

        assertThatThrownBy(() -> IdentityFile.check(dir, other, NODE))
                .isInstanceOf(IdentityException.class)
                .hasMessageContainingAll(CLUSTER, other, "storage.dir");
        assertThatThrownBy(() -> IdentityFile.open(dir, other, NODE, HERE)).isInstanceOf(IdentityException.class);
        assertThat(Files.readAllBytes(dir.resolve(IdentityFile.NAME))).isEqualTo(before);
    }

    @Test
    void anotherNodeIsRefused() throws Exception {
        IdentityFile.open(dir, CLUSTER, NODE, HERE);

        assertThatThrownBy(() -> IdentityFile.check(dir, CLUSTER, new NodeId(3)))
                .isInstanceOf(IdentityException.class)
                .hasMessageContainingAll("n2", "n3");
    }

    @Test
    void aDamagedFileIsRefusedWhicheverByteItIs() throws Exception {
        IdentityFile.open(dir, CLUSTER, NODE, HERE);
        Path file = dir.resolve(IdentityFile.NAME);
        byte[] intact = Files.readAllBytes(file);
        for (int at = 0; at < intact.length; at++) {
            byte[] damaged = intact.clone();
            damaged[at] ^= 1;
            Files.write(file, damaged);

            assertThatThrownBy(() -> IdentityFile.check(dir, CLUSTER, NODE))
                    .as("byte %d changed", at)
                    .isInstanceOf(IdentityException.class);
        }
        Files.write(file, new byte[0]);
        assertThatThrownBy(() -> IdentityFile.open(dir, CLUSTER, NODE, HERE))
                .isInstanceOf(IdentityException.class)
                .hasMessageContaining("damaged");
    }
}
