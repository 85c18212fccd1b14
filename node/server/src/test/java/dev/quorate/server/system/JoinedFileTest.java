package dev.quorate.server.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JoinedFileTest {
    @TempDir
    Path folder;

    @Test
    void whatWasToldIsReadBackAndForItsOwnerOnly() throws Exception {
        assertThat(JoinedFile.read(folder)).isEmpty();
        byte[] told = {1, 0, -1, 10};
        JoinedFile.write(folder, told);
        assertThat(JoinedFile.read(folder))
                .hasValueSatisfying(read -> assertThat(read).isEqualTo(told));
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(JoinedFile.NAME))))
                .isEqualTo("rw-------");
        JoinedFile.write(folder, new byte[0]);
        assertThat(JoinedFile.read(folder))
                .hasValueSatisfying(read -> assertThat(read).isEmpty());
    }

    @Test
    void damageIsAnErrorAndNotANewBeginning() throws Exception {
        JoinedFile.write(folder, new byte[] {1, 2, 3});
        Path file = folder.resolve(JoinedFile.NAME);
        byte[] good = Files.readAllBytes(file);
        for (int at = 0; at < good.length; at++) {
            byte[] bad = good.clone();
            bad[at] ^= 4;
            Files.write(file, bad);
            assertThatThrownBy(() -> JoinedFile.read(folder))
                    .isInstanceOf(IdentityException.class)
                    .hasMessageContaining("is damaged");
        }
        Files.write(file, new byte[0]);
        assertThatThrownBy(() -> JoinedFile.read(folder)).isInstanceOf(IdentityException.class);
    }

    @Test
    void aNodeAsksUnderOneUuidForEver() throws Exception {
        String uuid = JoinedFile.uuidToAskUnder(folder);
        assertThat(uuid).matches("[0-9a-f-]{36}");
        assertThat(JoinedFile.uuidToAskUnder(folder)).isEqualTo(uuid);
        Files.writeString(folder.resolve(JoinedFile.UUID_NAME), uuid.substring(5));
        assertThat(JoinedFile.uuidToAskUnder(folder))
                .as("a file that was torn was never asked under")
                .isNotEqualTo(uuid)
                .matches("[0-9a-f-]{36}");
    }
}
