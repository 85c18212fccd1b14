package dev.quorate.cli.local;

import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.Terminal;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The one folder under which a local cluster keeps everything: {@code cluster.json}, for each node {@code nN/} with
 * its configuration, data and log, and files of the proxy if there is one. Removing the folder of a stopped cluster removes the cluster.
 */
public final class ClusterFolder {
    private static final Set<PosixFilePermission> OWNER_ONLY = PosixFilePermissions.fromString("rwx------");

    private final Path root;

    public ClusterFolder(Path root) {
        this.root = root.toAbsolutePath().normalize();
    }

    /** A flag wins over {@code KVCTL_DEV_DIR}, which wins over {@code .quorate/dev} here. */
    public static ClusterFolder chosen(@Nullable Path flag, Terminal terminal) {
        if (flag != null) {
            return new ClusterFolder(terminal.workingDirectory().resolve(flag));
        }
        String variable = terminal.environment().get("KVCTL_DEV_DIR");
        String path = variable == null || variable.isBlank() ? ".quorate/dev" : variable;
        return new ClusterFolder(terminal.workingDirectory().resolve(path));
    }

    public Path root() {
        return root;
    }

    public Path nodeFolder(ClusterFile.Node node) {
        return root.resolve(node.id());
    }

    public Path configuration(ClusterFile.Node node) {
        return nodeFolder(node).resolve("kvnode.yaml");
    }

    public Path data(ClusterFile.Node node) {
        return nodeFolder(node).resolve("data");
    }

    public Path log(ClusterFile.Node node) {
        return nodeFolder(node).resolve("kvnode.log");
    }

    /** What the proxy is to do to the links. */
    public Path faults() {
        return root.resolve("faults.json");
    }

    /** What the proxy has done of it. */
    public Path faultsInForce() {
        return root.resolve("faults.inforce");
    }

    public Path proxyLog() {
        return root.resolve("proxy.log");
    }

    /** @return empty when no cluster was ever created here */
    public Optional<ClusterFile> read() {
        Path file = root.resolve("cluster.json");
        try {
            return Optional.of(ClusterFile.fromJson(Files.readString(file)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException | IllegalArgumentException e) {
            throw new CommandFailure(
                    ExitCode.FAILURE,
                    "cannot read " + file + ": " + e.getMessage(),
                    "stop what still runs from that folder, then remove it",
                    e);
        }
    }

    public void write(ClusterFile cluster) throws IOException {
        replace(root.resolve("cluster.json"), cluster.toJson());
    }

    /** As a whole, so that a reader sees the old or the new text. */
    public void replace(Path file, String text) throws IOException {
        Path temporary = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(temporary, text);
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Everything that a stopped node knows; its configuration and its log stay. */
    public void wipeData(ClusterFile.Node node) throws IOException {
        removeTree(data(node));
    }

    /** All that a node has here, its log too. */
    public void removeNode(ClusterFile.Node node) throws IOException {
        removeTree(nodeFolder(node));
    }

    public void create() throws IOException {
        Files.createDirectories(root);
        ownerOnly(root);
    }

    public void createNodeFolder(ClusterFile.Node node) throws IOException {
        ownerOnly(Files.createDirectories(nodeFolder(node)));
    }

    public void writeSecret(Path file, String text) throws IOException {
        SecretFile.write(file, text);
    }

    /** One command at a time changes a cluster: two {@code dev up} side by side would start every node twice. */
    public Lock lock() throws IOException {
        create();
        FileChannel channel =
                FileChannel.open(root.resolve("cluster.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock();
        if (lock == null) {
            channel.close();
            throw new CommandFailure(
                    ExitCode.FAILURE,
                    "another kvctl is changing the cluster in " + root,
                    "wait until it has ended, then try again");
        }
        return new Lock(channel);
    }

    /** Removes what a cluster keeps here and nothing else: the folder may be one that somebody uses for more. */
    public void wipe(ClusterFile cluster) throws IOException {
        for (ClusterFile.Node node : cluster.nodes()) {
            removeTree(nodeFolder(node));
        }
        for (Path file : List.of(faults(), faultsInForce(), proxyLog())) {
            Files.deleteIfExists(file);
        }
        Files.deleteIfExists(root.resolve("cluster.json"));
        Files.deleteIfExists(root.resolve("cluster.lock"));
        boolean empty;
        try (Stream<Path> left = Files.list(root)) {
            empty = left.findAny().isEmpty();
        }
        if (empty) {
            Files.delete(root);
        }
    }

    private static void removeTree(Path top) throws IOException {
        if (!Files.exists(top)) {
            return;
        }
        List<Path> deepestFirst;
        try (Stream<Path> paths = Files.walk(top)) {
            deepestFirst = paths.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : deepestFirst) {
            Files.deleteIfExists(path);
        }
    }

    private static void ownerOnly(Path folder) throws IOException {
        if (Files.getFileStore(folder).supportsFileAttributeView("posix")) {
            Files.setPosixFilePermissions(folder, OWNER_ONLY);
        }
    }

    /** Held until closed, or until the process ends. */
    public record Lock(FileChannel channel) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            channel.close();
        }
    }
}
