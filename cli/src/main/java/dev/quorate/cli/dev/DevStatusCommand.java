package dev.quorate.cli.dev;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import dev.quorate.cli.local.ClusterFile;
import dev.quorate.cli.local.ClusterFolder;
import dev.quorate.cli.local.ProcStat;
import dev.quorate.cli.local.ProcessIdentity;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.Table;
import java.io.IOException;
import picocli.CommandLine.Command;

/** What the processes do, as this machine sees them. */
@Command(
        name = "status",
        description = "Which nodes run.",
        footer = {"", "Exits with 0 when all nodes serve, 5 when some do not, 4 when there is no cluster."})
public final class DevStatusCommand extends DevCommand {

    /** From the outside; {@code HANGING} is a process that runs and does not serve clients. */
    enum State {
        SERVING,
        HANGING,
        PAUSED,
        DOWN
    }

    @Override
    protected ExitCode run() throws IOException {
        LocalCluster cluster = existing();
        ClusterFolder folder = folder();
        if (options().json()) {
            printJson(json(folder, cluster.file(), cluster.faults()));
        } else {
            Table table = new Table("NODE", "STATE", "PID", "CLIENTS", "MEMORY", "LOG");
            for (ClusterFile.Node node : cluster.file().nodes()) {
                ProcessIdentity process = node.process();
                boolean alive = node.alive();
                table.row(
                        node.id(),
                        state(node),
                        process == null || !alive ? "-" : process.pid(),
                        node.clientAddress(),
                        process == null || !alive ? "-" : residentBytes(process) / (1 << 20) + " MiB",
                        folder.log(node));
            }
            print(table);
            cluster.file()
                    .proxy()
                    .filter(proxy -> !proxy.alive())
                    .ifPresent(proxy -> say("the proxy between the nodes does not run; start it: kvctl dev up"));
            cluster.faults().disturbances().forEach((direction, fault) -> say(direction + " " + fault));
        }
        return cluster.file().nodes().stream().allMatch(node -> state(node) == State.SERVING)
                ? ExitCode.OK
                : ExitCode.UNAVAILABLE;
    }

    static JsonObject json(ClusterFolder folder, ClusterFile cluster, FaultPlan faults) {
        JsonObject json = new JsonObject();
        json.addProperty("folder", folder.root().toString());
        json.addProperty("clusterId", cluster.clusterId());
        json.addProperty("replicas", cluster.replicas());
        json.addProperty("proxied", cluster.proxy().isPresent());
        cluster.proxy()
                .map(ClusterFile.Proxy::process)
                .filter(ProcessIdentity::alive)
                .ifPresent(process -> json.addProperty("proxyPid", process.pid()));
        json.add("disturbances", faults.toJson());
        JsonArray nodes = new JsonArray();
        for (ClusterFile.Node node : cluster.nodes()) {
            JsonObject entry = new JsonObject();
            entry.addProperty("id", node.id());
            entry.addProperty("state", state(node).name());
            ProcessIdentity process = node.process();
            if (process != null && node.alive()) {
                entry.addProperty("pid", process.pid());
                entry.addProperty("residentBytes", residentBytes(process));
            }
            entry.addProperty("clientAddress", node.clientAddress());
            entry.addProperty("peerAddress", "127.0.0.1:" + node.peerPort());
            entry.addProperty("adminAddress", node.adminAddress());
            entry.addProperty("data", folder.data(node).toString());
            entry.addProperty("log", folder.log(node).toString());
            nodes.add(entry);
        }
        json.add("nodes", nodes);
        return json;
    }

    private static State state(ClusterFile.Node node) {
        if (!node.alive()) {
            return State.DOWN;
        }
        if (LocalCluster.paused(node)) {
            return State.PAUSED;
        }
        return NodeProbe.serving(node) ? State.SERVING : State.HANGING;
    }

    private static long residentBytes(ProcessIdentity process) {
        try {
            return ProcStat.residentBytes(process.pid());
        } catch (IOException e) {
            // It ended a moment ago, or the system has no /proc to ask: unknown, shown as nothing.
            return 0;
        }
    }
}
