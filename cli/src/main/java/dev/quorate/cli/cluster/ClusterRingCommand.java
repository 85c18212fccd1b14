package dev.quorate.cli.cluster;

import com.google.gson.JsonObject;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.Json;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.cli.terminal.Table;
import dev.quorate.proto.admin.v1.ClusterServiceGrpc;
import dev.quorate.proto.admin.v1.GetRingRequest;
import dev.quorate.proto.admin.v1.GetRingResponse;
import dev.quorate.proto.admin.v1.GetRingResponse.Row;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Who owns which slots. */
@Command(name = "ring", description = "Who owns what share of the ring.")
public final class ClusterRingCommand extends KvctlCommand {
    @Option(names = "--slots", description = "Print the owners of every slot instead of the sums.")
    private boolean slots;

    @Override
    protected ExitCode run() {
        GetRingResponse ring;
        try (AdminConnection admin = AdminConnection.of(options())) {
            ring = admin.call((channel, deadline) -> ClusterServiceGrpc.newBlockingStub(channel)
                    .withDeadline(deadline)
                    .getRing(GetRingRequest.getDefaultInstance()));
        }
        if (options().json()) {
            JsonObject json = new JsonObject();
            json.addProperty("epoch", ring.getEpoch());
            json.add("rows", Json.array(ring.getRowsList(), ClusterRingCommand::json));
            printJson(json);
        } else if (slots) {
            Table table = new Table("SLOT", "OWNERS");
            ring.getRowsList().forEach(row -> table.row(row.getSlot(), String.join(",", row.getOwnersList())));
            print(table);
        } else {
            print(sums(ring.getRowsList()));
        }
        return ExitCode.OK;
    }

    private static Table sums(List<Row> rows) {
        SortedMap<String, Integer> owned = new TreeMap<>();
        SortedMap<String, Integer> led = new TreeMap<>();
        for (Row row : rows) {
            row.getOwnersList().forEach(owner -> owned.merge(owner, 1, Integer::sum));
            led.merge(row.getOwners(0), 1, Integer::sum);
        }
        int claims = owned.values().stream().mapToInt(Integer::intValue).sum();
        Table table = new Table("NODE", "SLOTS", "LEADS", "SHARE OF ALL REPLICAS");
        owned.forEach((node, count) -> table.row(
                node, count, led.getOrDefault(node, 0), String.format(Locale.ROOT, "%.1f%%", 100.0 * count / claims)));
        return table;
    }

    private static JsonObject json(Row row) {
        JsonObject json = new JsonObject();
        json.addProperty("slot", row.getSlot());
        json.add("owners", Json.strings(row.getOwnersList()));
        return json;
    }
}
