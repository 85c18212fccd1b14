package dev.quorate.cli.hints;

import com.google.gson.JsonObject;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.Json;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.cli.terminal.Table;
import dev.quorate.proto.admin.v1.HintBacklog;
import java.time.Instant;
import picocli.CommandLine.Command;

/** Who keeps how much for whom, over all nodes. */
@Command(
        name = "ls",
        description = "Who keeps how much for whom.",
        footer = {"", "Exits with 5 when a node does not answer: it may keep something too."})
public final class HintsLsCommand extends KvctlCommand {
    @Override
    protected ExitCode run() {
        HintKeepers keepers;
        try (AdminConnection admin = AdminConnection.of(options())) {
            keepers = HintKeepers.of(admin, null);
        }
        if (options().json()) {
            JsonObject json = new JsonObject();
            json.addProperty("keys", keepers.keys());
            json.add("hints", Json.array(keepers.kept(), HintsLsCommand::json));
            json.add("silent", Json.array(keepers.silent(), HintsLsCommand::json));
            printJson(json);
        } else {
            Table table = new Table("KEPT BY", "FOR", "RECORDS", "BYTES", "SINCE", "STATE");
            for (HintKeepers.Kept kept : keepers.kept()) {
                HintBacklog backlog = kept.backlog();
                table.row(
                        kept.node(),
                        backlog.getOwner(),
                        backlog.getKeys(),
                        backlog.getBytes(),
                        since(backlog),
                        backlog.getState());
            }
            if (!keepers.kept().isEmpty()) {
                print(table);
            }
            for (HintKeepers.Silent silent : keepers.silent()) {
                say(silent.node() + " does not answer: " + silent.problem());
            }
            say(keepers.keys() + " hints wait");
        }
        return keepers.silent().isEmpty() ? ExitCode.OK : ExitCode.UNAVAILABLE;
    }

    private static Instant since(HintBacklog backlog) {
        return Instant.ofEpochSecond(backlog.getSince().getSeconds());
    }

    private static JsonObject json(HintKeepers.Kept kept) {
        HintBacklog backlog = kept.backlog();
        JsonObject json = new JsonObject();
        json.addProperty("node", kept.node());
        json.addProperty("owner", backlog.getOwner());
        json.addProperty("keys", backlog.getKeys());
        json.addProperty("bytes", backlog.getBytes());
        json.addProperty("since", since(backlog).toString());
        json.addProperty("ownerReachable", backlog.getReachable());
        json.addProperty("state", backlog.getState());
        return json;
    }

    private static JsonObject json(HintKeepers.Silent silent) {
        JsonObject json = new JsonObject();
        json.addProperty("node", silent.node());
        json.addProperty("problem", silent.problem());
        return json;
    }
}
