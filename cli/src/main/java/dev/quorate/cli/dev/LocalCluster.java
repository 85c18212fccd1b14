package dev.quorate.cli.dev;

import dev.quorate.cli.connect.ClusterConnection;
import dev.quorate.cli.connect.ClusterConnection.Effect;
import dev.quorate.cli.connect.Endpoint;
import dev.quorate.cli.connect.NodeHealth;
import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.local.ProcStat;
import dev.quorate.cli.local.ProcessIdentity;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.GetClusterRequest;
import dev.quorate.proto.admin.v1.GetClusterResponse;
import dev.quorate.proto.admin.v1.Member;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
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
    private static final Duration PROBE = Duration.ofSeconds(2);
    private static final Duration GRACE = Duration.ofSeconds(10);
    private static final int LOG_TAIL_LINES = 20;
    private static final int MOST_REPLICAS = 3;

    private final ClusterFolder folder;
    private final Path launcher;
    private final Consumer<String> progress;
    /** Size of a node's log when it was last started here: what an earlier run wrote explains nothing. */
    private final Map<Integer, Long> logBegins = new TreeMap<>();

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

    /** Chooses ports and secrets and writes the files; starts nothing. */
    public static LocalCluster create(
            ClusterFolder folder, int nodes, String heap, Path launcher, Consumer<String> progress) throws IOException {
        List<Integer> ports = FreePorts.triples(nodes);
        List<ClusterFile.Node> members = IntStream.range(0, nodes)
                .mapToObj(
                        i -> new ClusterFile.Node(i + 1, ports.get(i), ports.get(i) + 1, ports.get(i) + 2, heap, null))
                .toList();
        int replicas = Math.min(nodes, MOST_REPLICAS);
        ClusterFile cluster = new ClusterFile(UUID.randomUUID().toString(), replicas, members);
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
        List<ClusterFile.Node> started = new ArrayList<>();
        for (ClusterFile.Node node : nodes) {
            if (!node.alive()) {
                started.add(launch(node));
            }
        }
        long giveUpAt = began + patience.toNanos();
        List<ClusterFile.Node> waiting = new ArrayList<>(started);
        while (!waiting.isEmpty()) {
            List<ClusterFile.Node> ready = new ArrayList<>();
            for (ClusterFile.Node node : waiting) {
                requireAlive(node);
                if (serving(node)) {
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

    /** Ready for clients is not enough: a write that needs two nodes needs the way between them. */
    private void awaitMesh(List<ClusterFile.Node> started, long giveUpAt) throws IOException, InterruptedException {
        List<ClusterFile.Node> alive = cluster.nodes().stream()
                .filter(node -> node.alive() && !paused(node))
                .toList();
        List<String> ids = alive.stream().map(ClusterFile.Node::id).toList();
        List<ClusterFile.Node> waiting = new ArrayList<>(alive);
        while (!waiting.isEmpty()) {
            List<ClusterFile.Node> connected = new ArrayList<>();
            for (ClusterFile.Node node : waiting) {
                if (started.contains(node)) {
                    requireAlive(node);
                }
                if (reachesAll(node, ids)) {
                    connected.add(node);
                }
            }
            waiting.removeAll(connected);
            pause(giveUpAt, waiting, "does not reach its peers");
        }
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
        List<String> command = new ArrayList<>();
        // A session of its own: what the terminal sends to kvctl's process group when it closes is not for the nodes.
        if (onPath("setsid")) {
            command.add("setsid");
        }
        command.add(launcher.toString());
        command.addAll(List.of("run", "--config", folder.configuration(node).toString()));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.directory(folder.nodeFolder(node).toFile());
        // The files say what the nodes are: variables meant for one node would reach all of them.
        builder.environment().keySet().removeIf(name -> name.startsWith("QUORATE_"));
        builder.environment().put("KVNODE_HEAP", node.heap());
        builder.environment().put("KVNODE_BUILD", "never");
        builder.redirectErrorStream(true);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(folder.log(node).toFile()));
        builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        Path log = folder.log(node);
        logBegins.put(node.number(), Files.exists(log) ? Files.size(log) : 0L);
        Process process = builder.start();
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

    /** Whether the node takes client operations now. */
    public static boolean serving(ClusterFile.Node node) {
        if (!listens(node.clientPort())) {
            return false;
        }
        Endpoint endpoint = Endpoint.parse(node.clientAddress());
        try (ClusterConnection connection = new ClusterConnection(List.of(endpoint), PROBE)) {
            return NodeHealth.serving(connection, endpoint);
        } catch (CommandFailure notYet) {
            return false;
        }
    }

    private static boolean reachesAll(ClusterFile.Node node, List<String> ids) {
        if (!listens(node.adminPort())) {
            return false;
        }
        try (ClusterConnection connection =
                new ClusterConnection(List.of(Endpoint.parse(node.adminAddress())), PROBE)) {
            GetClusterResponse seen = connection.call(
                    Effect.READS,
                    (channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                            .withDeadline(deadline)
                            .getCluster(GetClusterRequest.getDefaultInstance()));
            return seen.getMembersList().stream()
                    .filter(member -> ids.contains(member.getId()))
                    .allMatch(Member::getReachable);
        } catch (CommandFailure notYet) {
            return false;
        }
    }

    /** A plain connection first: a gRPC channel that was refused once waits a second before it tries again. */
    private static boolean listens(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), (int) PROBE.toMillis());
            return true;
        } catch (IOException e) {
            return false;
        }
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
        signal("KILL", process);
        awaitEnd(process, GRACE);
    }

    /** The process keeps its connections and answers nothing, like a machine that swaps or a very long collection. */
    public void pause(ClusterFile.Node node) throws IOException, InterruptedException {
        signal("STOP", requireProcess(node));
    }

    public void resume(ClusterFile.Node node) throws IOException, InterruptedException {
        signal("CONT", requireProcess(node));
    }

    /** Stops what runs, all at once: first as a service manager would, after a grace period by force. */
    public void stopAll() throws IOException, InterruptedException {
        List<ProcessIdentity> running = new ArrayList<>();
        for (ClusterFile.Node node : cluster.nodes()) {
            ProcessIdentity process = node.process();
            if (process != null && process.alive()) {
                // A stopped process would keep the signal waiting until it is continued.
                if (paused(node)) {
                    signal("CONT", process);
                }
                signal("TERM", process);
                running.add(process);
            }
        }
        long giveUpAt = System.nanoTime() + GRACE.toNanos();
        for (ProcessIdentity process : running) {
            if (!awaitEnd(process, Duration.ofNanos(Math.max(1, giveUpAt - System.nanoTime())))) {
                progress.accept(
                        "process " + process.pid() + " did not stop in " + GRACE.toSeconds() + " s and is killed");
                signal("KILL", process);
                if (!awaitEnd(process, GRACE)) {
                    throw new CommandFailure(
                            ExitCode.FAILURE, "process " + process.pid() + " does not end", "look at it with ps");
                }
            }
        }
        for (ClusterFile.Node node : cluster.nodes()) {
            remember(node.with(null));
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

    /** Checks once more who holds the process id, just before the signal goes out. */
    private static void signal(String name, ProcessIdentity process) throws IOException, InterruptedException {
        if (!process.alive()) {
            return;
        }
        Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                .redirectErrorStream(true)
                .start();
        String said = new String(kill.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (kill.waitFor() != 0 && process.alive()) {
            throw new CommandFailure(
                    ExitCode.DENIED, "cannot signal process " + process.pid() + ": " + said.strip(), null);
        }
    }

    private static boolean awaitEnd(ProcessIdentity process, Duration patience) throws InterruptedException {
        long giveUpAt = System.nanoTime() + patience.toNanos();
        while (process.alive()) {
            if (System.nanoTime() > giveUpAt) {
                return false;
            }
            Thread.sleep(POLL.toMillis());
        }
        return true;
    }

    private static boolean onPath(String program) {
        String path = System.getenv("PATH");
        if (path == null) {
            return false;
        }
        for (String directory : path.split(":", -1)) {
            if (Files.isExecutable(Path.of(directory, program))) {
                return true;
            }
        }
        return false;
    }

    private static String seconds(long nanos) {
        long tenths = TimeUnit.NANOSECONDS.toMillis(nanos) / 100;
        return tenths / 10 + "." + tenths % 10 + " s";
    }
}
