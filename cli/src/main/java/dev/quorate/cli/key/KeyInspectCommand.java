package dev.quorate.cli.key;

import com.google.gson.JsonObject;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.Json;
import dev.quorate.cli.terminal.Table;
import dev.quorate.proto.admin.v1.InspectKeyRequest;
import dev.quorate.proto.admin.v1.InspectKeyResponse;
import dev.quorate.proto.admin.v1.InspectKeyResponse.Replica;
import dev.quorate.proto.admin.v1.InspectServiceGrpc;
import dev.quorate.proto.kv.v1.Sibling;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** What every replica holds for a key, side by side: answers "why do I see this value?". */
@Command(name = "inspect", description = "What each replica holds for a key.")
public final class KeyInspectCommand extends KeyCommand {
    @Parameters(index = "0", paramLabel = "KEY", description = "The key.")
    private String key;

    @Override
    protected ExitCode run() {
        InspectKeyRequest request = InspectKeyRequest.newBuilder()
                .setBucket(bucket())
                .setKey(bytes(key))
                .build();
        InspectKeyResponse response;
        try (AdminConnection admin = AdminConnection.of(options())) {
            response = admin.call((channel, deadline) -> InspectServiceGrpc.newBlockingStub(channel)
                    .withDeadline(deadline)
                    .inspectKey(request));
        }
        if (options().json()) {
            JsonObject json = new JsonObject();
            json.addProperty("bucket", bucket());
            json.addProperty("key", key);
            json.addProperty("slot", response.getSlot());
            json.add("replicas", Json.array(response.getReplicasList(), KeyInspectCommand::json));
            printJson(json);
            return ExitCode.OK;
        }
        Table table = new Table("NODE", "STATE", "KEPT FOR", "VALUE", "VERSION", "CONTEXT");
        for (Replica replica : response.getReplicasList()) {
            List<Sibling> siblings = Siblings.ordered(replica.getSiblingsList());
            String context = String.join(" ", replica.getContextList());
            if (siblings.isEmpty()) {
                table.row(
                        replica.getNode(),
                        state(replica),
                        keptFor(replica),
                        "-",
                        "-",
                        context.isEmpty() ? "-" : context);
            }
            for (int i = 0; i < siblings.size(); i++) {
                Sibling sibling = siblings.get(i);
                table.row(
                        i == 0 ? replica.getNode() : "",
                        i == 0 ? state(replica) : "",
                        i == 0 ? keptFor(replica) : "",
                        sibling.hasValue() ? ValueText.cell(sibling.getValue()) : "(deleted)",
                        sibling.getVersionId(),
                        i == 0 ? context : "");
            }
        }
        print(table);
        return ExitCode.OK;
    }

    private static String keptFor(Replica replica) {
        return replica.getHintedForCount() == 0 ? "-" : String.join(",", replica.getHintedForList());
    }

    private static String state(Replica replica) {
        if (!replica.getError().isEmpty()) {
            return "no answer: " + replica.getError();
        }
        if (replica.getBehind()) {
            return "behind";
        }
        String state = replica.getPresent() ? "current" : "absent";
        return replica.getOwner() ? state : "stands in";
    }

    private static JsonObject json(Replica replica) {
        JsonObject json = new JsonObject();
        json.addProperty("node", replica.getNode());
        json.addProperty("answered", replica.getError().isEmpty());
        json.addProperty("error", replica.getError());
        json.addProperty("present", replica.getPresent());
        json.addProperty("behind", replica.getBehind());
        json.addProperty("owner", replica.getOwner());
        json.add("hintedFor", Json.strings(replica.getHintedForList()));
        json.add("siblings", Json.array(Siblings.ordered(replica.getSiblingsList()), Siblings::json));
        json.add("context", Json.strings(replica.getContextList()));
        return json;
    }
}
