package dev.quorate.cli.cluster;

import com.google.gson.JsonObject;
import dev.quorate.cli.connect.ClusterConnection;
import dev.quorate.cli.connect.Endpoint;
import dev.quorate.cli.connect.NodeHealth;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.cli.terminal.Table;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;

/** Asks every endpoint whether it serves clients; meant for scripts and health checks. */
@Command(
        name = "ping",
        description = "Ask every endpoint whether it serves clients.",
        footer = {"", "Exits with 0 when all do, 5 when some do, 3 when none can be reached."})
public final class PingCommand extends KvctlCommand {

    @Override
    protected ExitCode run() {
        List<Endpoint> endpoints = Endpoint.of(options());
        Table table = new Table("ENDPOINT", "STATE", "TIME", "PROBLEM");
        int serving = 0;
        int reached = 0;
        try (ClusterConnection cluster =
                new ClusterConnection(endpoints, options().timeout())) {
            for (Endpoint endpoint : endpoints) {
                String state;
                String problem = null;
                Double millis = null;
                try {
                    // The first answer pays for the connection; the second is the distance.
                    NodeHealth.serving(cluster, endpoint);
                    long start = System.nanoTime();
                    boolean serves = NodeHealth.serving(cluster, endpoint);
                    millis = (System.nanoTime() - start) / 1e6;
                    state = serves ? "SERVING" : "NOT_SERVING";
                    serving += serves ? 1 : 0;
                    reached++;
                } catch (CommandFailure failure) {
                    state = "UNREACHABLE";
                    problem = failure.text();
                }
                report(table, endpoint, state, millis, problem);
            }
        }
        if (!options().json()) {
            print(table);
        }
        if (serving == endpoints.size()) {
            return ExitCode.OK;
        }
        return reached == 0 ? ExitCode.CANNOT_CONNECT : ExitCode.UNAVAILABLE;
    }

    private void report(
            Table table, Endpoint endpoint, String state, @Nullable Double millis, @Nullable String problem) {
        if (options().json()) {
            JsonObject json = new JsonObject();
            json.addProperty("endpoint", endpoint.toString());
            json.addProperty("state", state);
            if (millis != null) {
                json.addProperty("millis", millis);
            }
            json.addProperty("problem", problem == null ? "" : problem);
            printJson(json);
        } else {
            table.row(
                    endpoint,
                    state,
                    millis == null ? "-" : String.format(Locale.ROOT, "%.2f ms", millis),
                    problem == null ? "-" : problem);
        }
    }
}
