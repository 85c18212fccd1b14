package dev.quorate.cli.bench;

import dev.quorate.cli.dev.LocalCluster;
import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.local.ProcessIdentity;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.Terminal;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** A local cluster for the time of a measurement: what it leaves behind is nothing, also when the measurement is interrupted. */
final class RunningCluster implements AutoCloseable {
    private static final Duration START_PATIENCE = Duration.ofSeconds(60);
    private static final Duration FLUSH_PATIENCE = Duration.ofSeconds(60);
    private static final long POLL_MILLIS = 100;

    private final ClusterFolder folder;
    private final LocalCluster cluster;
    // A signal to kvctl alone reaches no node.
    private final Thread onInterrupt = new Thread(this::closeAtExit);
    private Duration startToReady = Duration.ZERO;
    private boolean removed;

    private RunningCluster(ClusterFolder folder, LocalCluster cluster) {
        this.folder = folder;
        this.cluster = cluster;
    }

    static RunningCluster start(
            ClusterFolder folder, LocalCluster.Shape shape, Path launcher, Consumer<String> progress)
            throws IOException, InterruptedException {
        if (folder.read().isPresent()) {
            throw new CommandFailure(
                    ExitCode.PRECONDITION,
                    "there is a cluster in " + folder.root() + ": another measurement runs, or one was killed",
                    "remove it: kvctl dev down --wipe --dir " + folder.root());
        }
        RunningCluster started = new RunningCluster(
                folder, LocalCluster.create(folder, shape, launcher, progress).attached());
        Runtime.getRuntime().addShutdownHook(started.onInterrupt);
        try {
            started.startToReady = started.cluster.start(started.cluster.file().nodes(), START_PATIENCE);
            return started;
        } catch (IOException | InterruptedException | CommandFailure e) {
            started.remove();
            throw e;
        }
    }

    static Path launcher(Terminal terminal) {
        String home = terminal.environment().get(LocalCluster.HOME_VARIABLE);
        if (home == null) {
            throw new CommandFailure(
                    ExitCode.FAILURE, "cannot find the launcher kvnode", "start kvctl by its own launcher");
        }
        return Path.of(home, "kvnode");
    }

    LocalCluster cluster() {
        return cluster;
    }

    Duration startToReady() {
        return startToReady;
    }

    List<String> addresses() {
        return cluster.file().nodes().stream()
                .map(ClusterFile.Node::clientAddress)
                .toList();
    }

    ServerProcesses processes() {
        return new ServerProcesses(cluster.file().nodes().stream()
                .map(ClusterFile.Node::process)
                .filter(Objects::nonNull)
                .map(ProcessIdentity::pid)
                .toList());
    }

    /** Where a node keeps its log and LMDB. */
    Path data(ClusterFile.Node node) {
        return folder.data(node);
    }

    /** Until no full memory table waits for LMDB: what was written for a measurement is no part of it. */
    void awaitFlush() throws InterruptedException {
        long giveUpAt = System.nanoTime() + FLUSH_PATIENCE.toNanos();
        while (NodeMetrics.of(cluster.file().nodes()).sum("storage_frozen_tables") > 0) {
            if (System.nanoTime() > giveUpAt) {
                throw new CommandFailure(
                        ExitCode.DEADLINE,
                        "memory tables are not in LMDB after " + FLUSH_PATIENCE.toSeconds() + " s",
                        "see whether the disk keeps up");
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
    }

    /** In good order, so that LMDB alone holds everything. The data stays until this is closed. */
    void stop() throws IOException, InterruptedException {
        awaitFlush();
        synchronized (this) {
            if (!removed) {
                cluster.stopAll();
            }
        }
    }

    /** After {@link #stop}; not once an interrupt has removed everything. */
    synchronized void startAgain() throws IOException, InterruptedException {
        if (!removed) {
            cluster.startAll(START_PATIENCE);
        }
    }

    @Override
    public void close() throws IOException, InterruptedException {
        remove();
    }

    private void closeAtExit() {
        try {
            remove();
        } catch (IOException | InterruptedException | CommandFailure e) {
            throw new IllegalStateException("cannot stop the cluster in " + folder.root(), e);
        }
    }

    /** Once: at an interrupt, the measurement and the end of the process both come here. */
    private synchronized void remove() throws IOException, InterruptedException {
        if (removed) {
            return;
        }
        cluster.stopAll();
        folder.wipe(cluster.file());
        removed = true;
    }
}
