package dev.quorate.cli.cluster;

import com.google.gson.JsonObject;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.CommandFailure;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.Json;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.cli.terminal.Table;
import dev.quorate.proto.admin.v1.StageChangeResponse;
import dev.quorate.proto.admin.v1.StagedChange;
import java.util.List;

/** What the commands share that stage a change: nothing happens before it is committed. */
abstract class StageCommand extends KvctlCommand {
    /** One for each node that is to change. */
    abstract List<StagedChange> changes(AdminConnection admin);

    @Override
    protected final ExitCode run() {
        StageChangeResponse staged = StageChangeResponse.getDefaultInstance();
        try (AdminConnection admin = AdminConnection.of(options())) {
            for (StagedChange change : changes(admin)) {
                staged = ClusterChanges.stage(admin, change);
            }
        }
        if (options().json()) {
            JsonObject json = new JsonObject();
            json.addProperty("ringVersion", staged.getRingVersion());
            json.add("staged", Json.array(staged.getStagedList(), ChangeJson::of));
            printJson(json);
        } else {
            Table table = new Table("STAGED");
            staged.getStagedList().forEach(change -> table.row(ClusterChanges.words(change)));
            print(table);
        }
        say("nothing moves yet; next: kvctl cluster plan, then kvctl cluster commit (or kvctl cluster clear)");
        return ExitCode.OK;
    }

    /** Typed as {@code 4} or {@code n4}. */
    static String node(String text) {
        String id = text.startsWith("n") ? text : "n" + text;
        if (!id.matches("n[1-9][0-9]{0,8}")) {
            throw new CommandFailure(ExitCode.USAGE, "'" + text + "' is not a node such as n4", null);
        }
        return id;
    }

    static StagedChange.Builder of(String node) {
        return StagedChange.newBuilder().setNode(node(node));
    }
}
