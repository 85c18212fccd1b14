package dev.quorate.cli.key;

import com.google.gson.JsonObject;
import dev.quorate.cli.connect.AdminConnection;
import dev.quorate.cli.terminal.ExitCode;
import dev.quorate.cli.terminal.Json;
import dev.quorate.cli.terminal.Table;
import dev.quorate.proto.admin.v1.GetPlacementRequest;
import dev.quorate.proto.admin.v1.GetPlacementResponse;
import dev.quorate.proto.admin.v1.InspectServiceGrpc;
import java.util.HexFormat;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Which nodes own a key; it need not exist. */
@Command(name = "where", description = "Which nodes own a key.")
public final class KeyWhereCommand extends KeyCommand {
    @Parameters(index = "0", paramLabel = "KEY", description = "The key; it need not exist.")
    private String key;

    @Override
    protected ExitCode run() {
        GetPlacementRequest request = GetPlacementRequest.newBuilder()
                .setBucket(bucket())
                .setKey(bytes(key))
                .build();
        GetPlacementResponse placement;
        try (AdminConnection admin = AdminConnection.of(options())) {
            placement = admin.call((channel, deadline) -> InspectServiceGrpc.newBlockingStub(channel)
                    .withDeadline(deadline)
                    .getPlacement(request));
        }
        String hash = HexFormat.of().formatHex(placement.getHash().toByteArray());
        if (options().json()) {
            JsonObject json = new JsonObject();
            json.addProperty("bucket", bucket());
            json.addProperty("key", key);
            json.addProperty("hash", hash);
            json.addProperty("slot", placement.getSlot());
            json.add("owners", Json.strings(placement.getOwnersList()));
            json.add("fallbacks", Json.strings(placement.getFallbacksList()));
            printJson(json);
        } else {
            print(new Table("KEY", "SLOT", "OWNERS", "FALLBACKS", "HASH")
                    .row(
                            key,
                            placement.getSlot(),
                            String.join(",", placement.getOwnersList()),
                            placement.getFallbacksCount() == 0 ? "-" : String.join(",", placement.getFallbacksList()),
                            hash));
        }
        return ExitCode.OK;
    }
}
