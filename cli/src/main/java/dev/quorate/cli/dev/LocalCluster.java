package dev.quorate.cli.dev;

import dev.quorate.cli.faults.Disturbance;
import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.local.ProcStat;
import dev.quorate.cli.local.ProcessIdentity;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Starts and stops the processes of a local cluster. They are children of nobody: they outlive the command that started
 * them, and every later command finds them by the folder.
 */
public final class LocalCluster {
    /** Variable with the folder that holds the launchers, set by the launcher of kvctl. */
    public static final String HOME_VARIABLE = "KVCTL_HOME";

    private static final Duration POLL = Duration.ofMillis(40);
    private static final Duration GRACE = Duration.ofSeconds(10);
    private static final int LOG_TAIL_LINES = 20;
    private static final int MOST_REPLICAS = 3;

    private final ClusterFolder folder;
    private final Path launcher;
    private final Consumer<String> progress;
    /** Size of a node's log when it was last started here: what an earlier run wrote explains nothing. */
    private final Map<Integer, Long> logBegins = new TreeMap<>();
    /** For the nodes that are started here. */
    private final Map<String, String> variables = new TreeMap<>(Map.of("KVNODE_BUILD", "never"));

    private boolean attached;
    private ClusterFile cluster;

    private LocalCluster(ClusterFolder folder, ClusterFile cluster, Path launcher, Consumer<String> progress) {
        this.folder = folder;
        this.cluster = cluster;
        this.launcher = launcher;
        this.progress = progress;
    }

    /** @param progress told one line at each step */
    public static LocalCluster existing(
            ClusterFolder folder, ClusterFile cluster, Path launcher, Consumer<String> progress) {
        return new LocalCluster(folder, cluster, launcher, progress);
    }

    /**
     * Nodes that are started here belong to this command's session, and have to end with it. Linux shares the processors out among sessions
     * before it looks at the priorities of threads, so that in sessions of their own one node's compiler goes before the other nodes'
     * loops, which no machine with one node on it would do.
     */
    public LocalCluster attached() {
        attached = true;
        return this;
    }

    /** How a new cluster is to be. */
    public record Shape(int nodes, String heap, boolean proxied) {}

    /** Chooses ports and secrets and writes the files; starts nothing. */
    public static LocalCluster create(ClusterFolder folder, Shape shape, Path launcher, Consumer<String> progress)
            throws IOException {
        int nodes = shape.nodes();
        List<Integer> ports = FreePorts.triples(nodes);
        List<ClusterFile.Node> members = IntStream.range(0, nodes)
                .mapToObj(i -> new ClusterFile.Node(
                        i + 1, ports.get(i), ports.get(i) + 1, ports.get(i) + 2, shape.heap(), null))
                .toList();
        int replicas = Math.min(nodes, MOST_REPLICAS);
        Optional<ClusterFile.Proxy> proxy =
                shape.proxied() ? Optional.of(LinkProxy.between(members)) : Optional.empty();
        ClusterFile cluster = new ClusterFile(UUID.randomUUID().toString(), replicas, members, proxy);
        NodeConfiguration configuration = NodeConfiguration.random(cluster.clusterId(), replicas, new SecureRandom());
        folder.create();
        for (ClusterFile.Node node : members) {
            folder.createNodeFolder(node);
            folder.writeSecret(folder.configuration(node), configuration.yaml(cluster, node));
        }
        // Last: a folder with this file is a whole cluster.
        folder.write(cluster);
        return new LocalCluster(folder, cluster, launcher, progress);
    }

    /**
     * Writes what a further node needs to join; starts nothing.
     *
     * @param number that the cluster is about to give it
     */
    public ClusterFile.Node prepare(int number, String heap, String rack, String weight) throws IOException {
        String token = "";
        for (ClusterFile.Node member : cluster.nodes()) {
            token = NodeConfiguration.joinToken(Files.readString(folder.configuration(member)))
                    .orElse(token);
        }
        if (token.isEmpty()) {
            throw new CommandFailure(
                    ExitCode.PRECONDITION,
                    "the nodes in " + folder.root() + " admit nobody: they were set up by an earlier kvctl",
                    "create a new cluster with 'kvctl dev up', in another folder or after 'kvctl dev down --wipe'");
        }
        Set<Integer> taken = new TreeSet<>();
        cluster.nodes().forEach(node -> taken.addAll(List.of(node.clientPort(), node.peerPort(), node.adminPort())));
        int port = FreePorts.tripleBeside(taken);
        ClusterFile.Node added = new ClusterFile.Node(number, port, port + 1, port + 2, heap, null);
        ClusterFile larger = cluster.plus(added);
        folder.createNodeFolder(added);
        folder.writeSecret(
                folder.configuration(added),
                NodeConfiguration.joining(larger, added, new NodeConfiguration.Joining(token, rack, weight)));
        folder.write(larger);
        cluster = larger;
        return added;
    }

    /** The node has no part in the cluster any more: stops it, and removes all that it has here. */
    public void discard(ClusterFile.Node node) throws IOException, InterruptedException {
        ClusterFile.Node now = cluster.node(node.id()).orElse(node);
        ProcessIdentity process = now.process();
        if (process != null && process.alive()) {
            if (paused(now)) {
                DetachedProcess.signal("CONT", process);
            }
            DetachedProcess.signal("TERM", process);
            if (!DetachedProcess.awaitEnd(process, GRACE)) {
                DetachedProcess.signal("KILL", process);
                DetachedProcess.awaitEnd(process, GRACE);
            }
        }
        cluster = cluster.without(node);
        folder.write(cluster);
        folder.removeNode(node);
    }

    /**
     * Overrides a setting of all nodes in those starts that follow here; their files stay as they are.
     *
     * @param variable as {@code kvnode} wants it: {@code QUORATE_STORAGE_READS} for {@code storage.reads}
     */
    public void override(String variable, String value) {
        variables.put(variable, value);
    }

    public ClusterFile file() {
        return cluster;
    }

    /** Starts those that do not run, all at once, and waits until the whole cluster works. */
    public void startAll(Duration patience) throws IOException, InterruptedException {
        start(cluster.nodes(), patience);
    }

    /** @return how long it took until the last of them was ready */
    public Duration start(List<ClusterFile.Node> nodes, Duration patience) throws IOException, InterruptedException {
        long began = System.nanoTime();
        // Before the nodes: without it none would find another.
        startProxy();
        List<ClusterFile.Node> started = new ArrayList<>();
        for (ClusterFile.Node node : nodes) {
            if (!node.alive()) {
                started.add(launch(node));
            }
        }
        Thread preparing = new Thread(NodeProbe::prepare, "probe");
        preparing.setDaemon(true);
        preparing.start();
        long giveUpAt = began + patience.toNanos();
        List<ClusterFile.Node> waiting = new ArrayList<>(started);
        while (!waiting.isEmpty()) {
            List<ClusterFile.Node> ready = new ArrayList<>();
            for (ClusterFile.Node node : waiting) {
                requireAlive(node);
                if (NodeProbe.serving(node)) {
                    progress.accept(node.id() + " ready after " + seconds(System.nanoTime() - began));
                    ready.add(node);
                }
            }
            waiting.removeAll(ready);
            pause(giveUpAt, waiting, "is not ready");
        }
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        awaitMesh(started, giveUpAt);
        return took;
    }

    private void startProxy() throws IOException, InterruptedException {
        ClusterFile.Proxy proxy = cluster.proxy().orElse(null);
        if (proxy != null && !proxy.alive()) {
            cluster = cluster.with(proxy.with(new LinkProxy(folder).start()));
            folder.write(cluster);
        }
    }

    /**
     * Ready for clients is not enough: a write that needs two nodes needs the way between them, and a node that has just started may not
     * know yet whether it has what it should. Links that are cut on purpose, and nodes that are down or paused, are not waited for.
     */
    private void awaitMesh(List<ClusterFile.Node> started, long giveUpAt) throws IOException, InterruptedException {
        FaultPlan faults = FaultPlan.read(folder);
        List<ClusterFile.Node> alive = cluster.nodes().stream()
                .filter(node -> node.alive() && !paused(node))
                .toList();
        boolean whole = alive.size() == cluster.nodes().size()
                && faults.disturbances().values().stream().noneMatch(Disturbance::cut);
        // Not of all owners: a node that lost its disk answers reads only when it has everything again, minutes later.
        int quorum = cluster.replicas() / 2 + 1;
        List<ClusterFile.Node> waiting = new ArrayList<>(alive);
        while (!waiting.isEmpty()) {
            List<ClusterFile.Node> connected = new ArrayList<>();
            for (ClusterFile.Node node : waiting) {
                if (started.contains(node)) {
                    requireAlive(node);
                }
                List<String> peers = alive.stream()
                        .filter(peer -> peer.number() != node.number() && !faults.cuts(node.number(), peer.number()))
                        .map(ClusterFile.Node::id)
                        .toList();
                if (NodeProbe.reaches(node, peers) && (!whole || NodeProbe.readsFrom(node, quorum))) {
                    connected.add(node);
                }
            }
            waiting.removeAll(connected);
            pause(giveUpAt, waiting, "does not reach its peers, or does not serve every key,");
        }
    }

    public FaultPlan faults() throws IOException {
        return FaultPlan.read(folder);
    }

    /** Tells the proxy, and returns when it is done. */
    public void disturb(FaultPlan plan) throws IOException, InterruptedException {
        ClusterFile.Proxy proxy = cluster.proxy()
                .orElseThrow(
                        () -> new CommandFailure(
                                ExitCode.PRECONDITION,
                                "the nodes in " + folder.root()
                                        + " speak to each other directly, so that their links cannot be broken",
                                "create a cluster with 'kvctl dev up --proxied', in another folder or after 'kvctl dev down --wipe'"));
        new LinkProxy(folder).apply(proxy, plan);
    }

    private static void pause(long giveUpAt, List<ClusterFile.Node> waiting, String what) throws InterruptedException {
        if (waiting.isEmpty()) {
            return;
        }
        if (System.nanoTime() > giveUpAt) {
            throw new CommandFailure(
                    ExitCode.DEADLINE,
                    waiting.get(0).id() + " " + what + " in time",
                    "look at its log: kvctl dev status names it; or allow more time with --wait");
        }
        Thread.sleep(POLL.toMillis());
    }

    private ClusterFile.Node launch(ClusterFile.Node node) throws IOException {
        Path log = folder.log(node);
        logBegins.put(node.number(), Files.exists(log) ? Files.size(log) : 0L);
        Map<String, String> withHeap = new TreeMap<>(variables);
        withHeap.put("KVNODE_HEAP", node.heap());
        List<String> command = List.of(
                launcher.toString(),
                "run",
                "--config",
                folder.configuration(node).toString());
        Process process = attached
                ? DetachedProcess.launchAttached(command, folder.nodeFolder(node), withHeap, log)
                : DetachedProcess.launch(command, folder.nodeFolder(node), withHeap, log);
        ProcessIdentity identity = ProcessIdentity.of(process.pid()).orElse(null);
        ClusterFile.Node started = node.with(identity);
        remember(started);
        if (identity == null) {
            throw ended(started);
        }
        return started;
    }

    private void requireAlive(ClusterFile.Node node) throws IOException {
        if (!node.alive()) {
            throw ended(node);
        }
    }

    private CommandFailure ended(ClusterFile.Node node) throws IOException {
        return new CommandFailure(
                ExitCode.FAILURE,
                node.id() + " ended before it was ready. The end of its log " + folder.log(node) + ":\n"
                        + tail(folder.log(node), logBegins.getOrDefault(node.number(), 0L)),
                "correct what the log says, then run 'kvctl dev up' again; 'kvctl dev down' stops the other nodes");
    }

    private static String tail(Path log, long begin) throws IOException {
        byte[] all = Files.readAllBytes(log);
        int from = (int) Math.min(begin, all.length);
        List<String> lines = new String(all, from, all.length - from, StandardCharsets.UTF_8)
                .lines()
                .toList();
        if (lines.isEmpty()) {
            return "  (empty)";
        }
        StringBuilder text = new StringBuilder();
        lines.subList(Math.max(0, lines.size() - LOG_TAIL_LINES), lines.size())
                .forEach(line -> text.append("  ").append(line).append('\n'));
        return text.toString().stripTrailing();
    }

    public static boolean paused(ClusterFile.Node node) {
        ProcessIdentity process = node.process();
        if (process == null || !node.alive()) {
            return false;
        }
        try {
            return ProcStat.of(process.pid()).stopped();
        } catch (IOException e) {
            // It ended a moment ago, or the system has no /proc to ask.
            return false;
        }
    }

    /** As a crash: no flush, no goodbye. */
    public void kill(ClusterFile.Node node) throws IOException, InterruptedException {
        ProcessIdentity process = requireProcess(node);
        DetachedProcess.signal("KILL", process);
        DetachedProcess.awaitEnd(process, GRACE);
    }

    /** The process keeps its connections and answers nothing, like a machine that swaps or a very long collection. */
    public void pause(ClusterFile.Node node) throws IOException, InterruptedException {
        DetachedProcess.signal("STOP", requireProcess(node));
    }

    /** Takes from a node all it knows, and leaves it down: the loss of a disk. */
    public void wipe(ClusterFile.Node node) throws IOException, InterruptedException {
        if (node.alive()) {
            kill(node);
        }
        folder.wipeData(node);
    }

    public void resume(ClusterFile.Node node) throws IOException, InterruptedException {
        DetachedProcess.signal("CONT", requireProcess(node));
    }

    /** Stops what runs, all at once: first as a service manager would, after a grace period by force. */
    public void stopAll() throws IOException, InterruptedException {
        List<ProcessIdentity> running = new ArrayList<>();
        for (ClusterFile.Node node : cluster.nodes()) {
            ProcessIdentity process = node.process();
            if (process != null && process.alive()) {
                // A stopped process would keep the signal waiting until it is continued.
                if (paused(node)) {
                    DetachedProcess.signal("CONT", process);
                }
                DetachedProcess.signal("TERM", process);
                running.add(process);
            }
        }
        long giveUpAt = System.nanoTime() + GRACE.toNanos();
        for (ProcessIdentity process : running) {
            if (!DetachedProcess.awaitEnd(process, Duration.ofNanos(Math.max(1, giveUpAt - System.nanoTime())))) {
                progress.accept(
                        "process " + process.pid() + " did not stop in " + GRACE.toSeconds() + " s and is killed");
                DetachedProcess.signal("KILL", process);
                if (!DetachedProcess.awaitEnd(process, GRACE)) {
                    throw new CommandFailure(
                            ExitCode.FAILURE, "process " + process.pid() + " does not end", "look at it with ps");
                }
            }
        }
        for (ClusterFile.Node node : cluster.nodes()) {
            remember(node.with(null));
        }
        ClusterFile.Proxy proxy = cluster.proxy().orElse(null);
        if (proxy != null) {
            new LinkProxy(folder).stop(proxy);
            cluster = cluster.with(proxy.with(null));
            folder.write(cluster);
        }
    }

    private void remember(ClusterFile.Node node) throws IOException {
        cluster = cluster.with(node);
        folder.write(cluster);
    }

    private static ProcessIdentity requireProcess(ClusterFile.Node node) {
        ProcessIdentity process = node.process();
        if (process == null || !process.alive()) {
            throw new CommandFailure(
                    ExitCode.PRECONDITION, node.id() + " does not run", "start it: kvctl dev start " + node.number());
        }
        return process;
    }

    private static String seconds(long nanos) {
        long tenths = TimeUnit.NANOSECONDS.toMillis(nanos) / 100;
        return tenths / 10 + "." + tenths % 10 + " s";
    }
}
