package dev.quorate.cli.key;

import com.google.gson.JsonObject;
import com.google.protobuf.ByteString;
import dev.quorate.cli.connect.ClusterConnection;
import dev.quorate.cli.connect.ClusterConnection.Effect;
import dev.quorate.cli.connect.Endpoint;
import dev.quorate.cli.terminal.Json;
import dev.quorate.cli.terminal.KvctlCommand;
import dev.quorate.proto.kv.v1.GetRequest;
import dev.quorate.proto.kv.v1.GetResponse;
import dev.quorate.proto.kv.v1.KvServiceGrpc;
import dev.quorate.proto.kv.v1.Sibling;
import java.util.List;
import picocli.CommandLine.Mixin;

/** What commands on keys share. */
abstract class KeyCommand extends KvctlCommand {
    @Mixin
    private BucketOption bucket;

    final String bucket() {
        return bucket.name();
    }

    final ClusterConnection connect() {
        return new ClusterConnection(Endpoint.of(options()), options().timeout());
    }

    static ByteString bytes(String key) {
        return ByteString.copyFromUtf8(key);
    }

    static GetResponse read(ClusterConnection cluster, GetRequest request) {
        return cluster.call(
                Effect.READS,
                (channel, deadline) -> KvServiceGrpc.newBlockingStub(channel)
                        .withDeadline(deadline)
                        .get(request));
    }

    final JsonObject readJson(String key, GetResponse response) {
        List<Sibling> siblings = Siblings.ordered(response.getSiblingsList());
        JsonObject json = new JsonObject();
        json.addProperty("bucket", bucket());
        json.addProperty("key", key);
        json.addProperty("found", !siblings.isEmpty());
        json.add("siblings", Json.array(siblings, Siblings::json));
        json.addProperty("context", ContextToken.text(response.getContext()));
        json.add("report", Reports.json(response.getReport()));
        return json;
    }

    /** In place of an answer, where some keys of several failed. */
    final JsonObject failureJson(String key, String why) {
        JsonObject json = new JsonObject();
        json.addProperty("bucket", bucket());
        json.addProperty("key", key);
        json.addProperty("error", why);
        return json;
    }
}
