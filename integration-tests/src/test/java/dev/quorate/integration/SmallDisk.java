package dev.quorate.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;

/** A file system of its own, of 64 MiB, in memory. Needs root; where that is missing, the test is skipped and says so. */
record SmallDisk(Path folder) implements AutoCloseable {
    private static final int BLOCK_BYTES = 64 << 10;

    static SmallDisk mount(Path folder) throws IOException, InterruptedException {
        Files.createDirectory(folder);
        assumeThat(succeeds("mount", "-t", "tmpfs", "-o", "size=64m,mode=700", "tmpfs", folder.toString()))
                .as("skipped: a tmpfs cannot be mounted here, which needs root")
                .isTrue();
        return new SmallDisk(folder);
    }

    private Path ballast() {
        return folder.resolve("ballast");
    }

    /** Until only so many bytes are free. */
    void fill(long left) throws IOException {
        byte[] block = new byte[BLOCK_BYTES];
        try (OutputStream out =
                Files.newOutputStream(ballast(), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            while (Files.getFileStore(ballast()).getUsableSpace() > left) {
                out.write(block);
            }
        } catch (IOException full) {
            assertThat(left).as("the disk is full, as wanted: %s", full).isZero();
        }
    }

    void makeRoom() throws IOException {
        Files.delete(ballast());
    }

    @Override
    public void close() throws IOException, InterruptedException {
        assertThat(succeeds("umount", "-l", folder.toString())).isTrue();
    }

    private static boolean succeeds(String... command) throws IOException, InterruptedException {
        return Programs.run(List.of(command), Map.of()).exitCode() == 0;
    }
}
