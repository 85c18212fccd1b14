package dev.quorate.cli.dev;

import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.local.ProcessIdentity;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Starts and stops the proxy of a local cluster, and tells it what to do. */
final class LinkProxy {
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final Duration POLL = Duration.ofMillis(10);

    private final ClusterFolder folder;

    LinkProxy(ClusterFolder folder) {
        this.folder = folder;
    }

    /** One for each pair and each of the two that may open a connection; none runs yet. */
    static ClusterFile.Proxy between(List<ClusterFile.Node> nodes) {
        List<Integer> ports = FreePorts.singles(nodes.size() * (nodes.size() - 1));
        List<ClusterFile.ProxiedLink> links = new ArrayList<>();
        for (ClusterFile.Node from : nodes) {
            for (ClusterFile.Node to : nodes) {
                if (from.number() != to.number()) {
                    links.add(new ClusterFile.ProxiedLink(from.number(), to.number(), ports.get(links.size())));
                }
            }
        }
        return new ClusterFile.Proxy(links, null);
    }

    /** Starts it and waits until it listens. What was disturbed before is disturbed again. */
    ProcessIdentity start() throws IOException, InterruptedException {
        Files.deleteIfExists(folder.faultsInForce());
        Process started = DetachedProcess.launch(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:MaxDirectMemorySize=32m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:-UsePerfData",
                        "-cp",
                        System.getProperty("java.class.path"),
                        FaultProxyProcess.class.getName(),
                        folder.root().toString()),
                folder.root(),
                Map.of(),
                folder.proxyLog());
        ProcessIdentity process = ProcessIdentity.of(started.pid())
                .orElseThrow(() -> new CommandFailure(
                        ExitCode.FAILURE, "the proxy ended at once", "look at " + folder.proxyLog()));
        awaitInForce(process, FaultPlan.read(folder).revision());
        return process;
    }

    /** Returns once it is done. */
    void apply(ClusterFile.Proxy proxy, FaultPlan plan) throws IOException, InterruptedException {
        ProcessIdentity process = proxy.process();
        if (process == null || !process.alive()) {
            throw new CommandFailure(
                    ExitCode.PRECONDITION, "the cluster's proxy does not run", "start it: kvctl dev up");
        }
        plan.write(folder);
        awaitInForce(process, plan.revision());
    }

    private void awaitInForce(ProcessIdentity process, long revision) throws IOException, InterruptedException {
        long giveUpAt = System.nanoTime() + PATIENCE.toNanos();
        while (!inForce(revision)) {
            boolean ended = !process.alive();
            if (ended || System.nanoTime() > giveUpAt) {
                throw new CommandFailure(
                        ended ? ExitCode.FAILURE : ExitCode.DEADLINE,
                        "the proxy " + (ended ? "has ended" : "does not react"),
                        "look at " + folder.proxyLog());
            }
            Thread.sleep(POLL.toMillis());
        }
    }

    private boolean inForce(long revision) throws IOException {
        Path file = folder.faultsInForce();
        return Files.exists(file) && Files.readString(file).equals(Long.toString(revision));
    }

    /** With it ends all that was disturbed. */
    void stop(ClusterFile.Proxy proxy) throws IOException, InterruptedException {
        ProcessIdentity process = proxy.process();
        if (process != null) {
            DetachedProcess.signal("KILL", process);
            DetachedProcess.awaitEnd(process, PATIENCE);
        }
        Files.deleteIfExists(folder.faults());
        Files.deleteIfExists(folder.faultsInForce());
    }
}
